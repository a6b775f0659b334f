"""A TIFF's samples become a picture of 8 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.images import tiff, tiff_samples, unusable
from sfumato.images.colour import to_eight_bits
from sfumato.images.tiff_samples import ASSOCIATED, Layout
from sfumato.images.unusable import UnusableError


def read_tiff(layout: Layout) -> Image.Image:
    """The first page, not yet upright: mode L, RGB, CMYK or LAB, with alpha LA or RGBA; its ICC profile in `info`.

    Raises UnusableError and EOFError.
    """
    samples = tiff_samples.samples(layout)
    colour, alpha = samples[..., : layout.colours], None
    if layout.alpha is not None:
        alpha = samples[..., layout.colours]
    if layout.kind == tiff_samples.SIGNED and layout.photometric != tiff_samples.CIELAB and colour.min() < 0:
        reason = "a TIFF with samples below zero, which no brightness has: save it with 8 or 16 bits a sample"
        raise UnusableError(unusable.OTHER_FORMAT, reason)
    image = _coloured(layout, colour, alpha)
    profile = layout.directory.values.get(tiff.ICC_PROFILE)
    if isinstance(profile, tuple):  # some programs call its bytes numbers
        profile = bytes(value & 0xFF for value in profile)
    if profile:
        image.info["icc_profile"] = profile
    return image


def _coloured(layout: Layout, colour: NDArray[np.generic], alpha: NDArray[np.generic] | None) -> Image.Image:
    if alpha is not None and layout.photometric in (tiff_samples.INKS, tiff_samples.CIELAB, tiff_samples.ICCLAB):
        raise UnusableError(unusable.OTHER_FORMAT, "a TIFF of transparent inks or CIELAB colours: save it as RGB")
    if layout.photometric in (tiff_samples.CIELAB, tiff_samples.ICCLAB):
        return _lab(layout, colour)
    if layout.photometric == tiff_samples.PALETTE:
        levels = _palette(layout)[colour[..., 0]]
    else:
        white = white_of(layout, colour)
        if alpha is not None and layout.alpha == ASSOCIATED:
            opacity = np.clip(alpha.astype(np.float32) / white_of(layout, alpha), 1e-6, None)[..., None]
            colour = np.where(opacity > 1e-5, colour.astype(np.float32) / opacity, 0)
        levels = to_eight_bits(colour, white)
    if layout.photometric == tiff_samples.WHITE_IS_ZERO:
        levels = 255 - levels
    if layout.photometric == tiff_samples.INKS:
        if layout.directory.number(tiff.INK_SET, 1) != 1:
            reason = "a TIFF of inks other than cyan, magenta, yellow and black: save it as RGB"
            raise UnusableError(unusable.OTHER_FORMAT, reason)
        return Image.frombytes("CMYK", (layout.width, layout.height), levels.tobytes())
    image = Image.fromarray(np.ascontiguousarray(levels[..., 0] if levels.shape[-1] == 1 else levels))
    if alpha is not None:
        image.putalpha(Image.fromarray(to_eight_bits(alpha, white_of(layout, alpha))))
    return image


def white_of(layout: Layout, samples: NDArray[np.generic]) -> float:
    """The sample that is white: the largest there can be, or, where nothing says so, the least usual one that holds
    the brightest."""
    if layout.kind == tiff_samples.UNSIGNED and layout.bits <= 16:
        return float((1 << layout.bits) - 1)
    numbers = samples[np.isfinite(samples)] if layout.kind == tiff_samples.FLOAT else samples
    highest = float(numbers.max(initial=0))
    if layout.kind == tiff_samples.FLOAT and highest <= _BRIGHTEST_LIGHT:
        return 1.0
    usual = {8: (127.0,), 16: (255.0, 32767.0)}.get(layout.bits if layout.kind == tiff_samples.SIGNED else 0)
    return next((white for white in usual or (255.0, 65535.0) if highest <= white), highest)


# Floats of a picture whose white is 1 go beyond where a lamp shines into it; those of one whose white is 255 or more
# are never all so small.
_BRIGHTEST_LIGHT = 16.0


def _palette(layout: Layout) -> NDArray[np.uint8]:
    """[colours, 3]"""
    numbers = np.array(layout.directory.numbers(tiff.COLOUR_MAP), dtype=np.int64)
    count = 1 << layout.bits
    if len(numbers) != 3 * count:
        raise UnusableError(unusable.BROKEN, f"broken TIFF (its palette has {len(numbers)} numbers, not {3 * count})")
    if numbers.max(initial=0) > 255:  # some old programs wrote 8 bits in place of 16
        numbers = (numbers + 128) // 257
    return np.clip(numbers, 0, 255).astype(np.uint8).reshape(3, count).T


def _lab(layout: Layout, colour: NDArray[np.generic]) -> Image.Image:
    """8 or 16 bits: lightness without a sign; a and b with one in CIELAB, and around the middle in ICCLAB."""
    if layout.kind == tiff_samples.FLOAT or layout.bits not in (8, 16):
        raise UnusableError(unusable.OTHER_FORMAT, "a TIFF of CIELAB floats: save it with 8 or 16 bits a sample")
    numbers = colour.astype(np.int64) & ((1 << layout.bits) - 1)
    middle = 1 << (layout.bits - 1)
    if layout.photometric == tiff_samples.CIELAB:
        numbers[..., 1:] ^= middle
    if layout.bits == 16:
        numbers[..., 0] = (numbers[..., 0] + 128) // 257
        numbers[..., 1:] = np.minimum((numbers[..., 1:] + 128) // 256, 255)
    numbers[..., 1:] ^= 128  # Pillow takes a and b as CIELAB has them
    return Image.frombytes("LAB", (layout.width, layout.height), numbers.astype(np.uint8).tobytes())
