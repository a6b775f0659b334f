"""What a picture looks like, in 8 bytes and a thumbnail: enough to find its near duplicates, mirrored ones too.

The hash is the sign of the 63 lowest cosine frequencies of the grey picture (after Zauner, 'Implementation and
Benchmarking of Perceptual Image Hash Functions', 2010, with zero in place of the median as threshold). Mirroring
changes the sign of the odd horizontal frequencies and nothing else, so a mirrored picture's hash needs no picture.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_SIDE: Final = 16
_SIDE: Final = 32
_FREQUENCIES: Final = 8
_COSINES: Final = np.cos(np.pi / _SIDE * (np.arange(_SIDE) + 0.5)[None, :] * np.arange(_FREQUENCIES)[:, None])
# Bit 0 belongs to the mean, which is left out; bit 8 v + u to vertical frequency v and horizontal frequency u.
_WEIGHTS: Final = np.left_shift(np.uint64(1), np.arange(64, dtype=np.uint64))
MIRROR_MASK: Final = np.uint64(sum(1 << bit for bit in range(64) if bit % 2))


def fingerprint(image: Image.Image) -> tuple[int, NDArray[np.uint8]]:
    """The 64-bit perceptual hash and the [16, 16, 3] thumbnail of an RGB picture of any size and shape."""
    small = image.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    grey = np.asarray(small.convert("L"), dtype=np.float64)
    spectrum = _COSINES @ (grey - grey.mean()) @ _COSINES.T
    bits = spectrum.ravel() > 1e-6  # not 0: a flat picture's frequencies are rounding errors of either sign
    bits[0] = False
    return int(_WEIGHTS[bits].sum(dtype=np.uint64)), np.asarray(small.reduce(_SIDE // THUMBNAIL_SIDE))


def mirrored(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes of the mirrored pictures. [N] -> [N]"""
    return hashes ^ MIRROR_MASK
