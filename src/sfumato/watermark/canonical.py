"""Every picture, whatever its size, on one grid of 128 x 128 samples of its luma, and a mark from there back to it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from sfumato.watermark.key import SIDE, Floats

Pixels = npt.NDArray[np.uint8]

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as JPEG has it
_LARGE: Final = 8 * SIDE  # pixels a side, from which a picture is first reduced by a whole number, to save memory


def luma(pixels: Pixels) -> Floats:
    """Pixels [H, W, 3] as luma [H, W], 0..255."""
    return pixels.astype(np.float32) @ _LUMA


def to_grid(values: Floats) -> Floats:
    """Resample [H, W] to [128, 128]."""
    return np.asarray(Image.fromarray(values).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def from_grid(values: Floats, size: tuple[int, int]) -> Floats:
    """Resample [128, 128] to the size (W, H): [H, W]."""
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))


def grid_of_picture(image: Image.Image) -> Floats:
    """A picture of any mode and size as luma, 0..255, on the grid: [128, 128]."""
    across, down = (max(1, side // _LARGE) for side in image.size)
    if image.mode not in ("RGB", "L"):
        image = image.convert("RGB")
    if across > 1 or down > 1:
        image = image.reduce((across, down))
    pixels = np.asarray(image)
    return to_grid(pixels.astype(np.float32) if pixels.ndim == 2 else luma(pixels))
