"""Any picture mode becomes 8-bit sRGB: profiles, deep samples, palettes, inks and transparency."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from sfumato.images.colour_space import ADOBE_RGB, ColourSpace

Colour = tuple[int, int, int]

_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")
_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TRANSPOSING = (5, 6, 7, 8)  # the orientations that exchange width and height
_EXIF_ORIENTATION = 0x0112
_EXIF, _INTEROPERABILITY, _COLOUR_SPACE, _UNCALIBRATED = 0x8769, 0xA005, 0xA001, 0xFFFF
# What Pillow raises for EXIF that is not as it should be.
BROKEN_EXIF = (
    ValueError, TypeError, KeyError, IndexError, SyntaxError, OSError, EOFError, AttributeError, struct.error
)  # fmt: skip
_ROWS_AT_ONCE = 256
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(image: Image.Image, background: Colour, profile: bytes | None = None) -> tuple[Image.Image, bool]:
    """The loaded picture as RGB over the background, not yet upright; and whether the background shows anywhere.

    The ICC profile, if there is one, is applied; one that is broken or does not fit the picture is ignored.
    """
    if image.mode in _DEEP:  # a PNG of 16 bits: a TIFF has fewer here already
        image = Image.fromarray(to_eight_bits(np.asarray(image), 65535))
    alpha: Image.Image | None = None
    if image.has_transparency_data:
        if image.mode not in ("RGBA", "LA"):
            image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB" if image.mode == "RGBA" else "L")
    image = _through_profile(image, profile)
    transparent = alpha is not None and alpha.getextrema() != (255, 255)
    if alpha is not None and transparent:
        backdrop = Image.new("RGBA", image.size, (*background, 255))
        image.putalpha(alpha)
        image = Image.alpha_composite(backdrop, image).convert("RGB")
    return image, transparent


def exif_space(image: Image.Image) -> ColourSpace | None:
    """Adobe RGB, where a camera's EXIF says so as cameras do ('uncalibrated', DCF 2.0 'R03'); None otherwise."""
    if "exif" not in image.info:
        return None
    try:
        exif = image.getexif()
        if exif.get_ifd(_EXIF).get(_COLOUR_SPACE) != _UNCALIBRATED:
            return None
        index = exif.get_ifd(_INTEROPERABILITY).get(1)
    except BROKEN_EXIF:
        return None
    return ADOBE_RGB if str(index).rstrip("\x00") == "R03" else None


def to_eight_bits(samples: NDArray[Any], white: float) -> NDArray[np.uint8]:
    """Samples of any shape, 0 to `white`, as 0 to 255; NaN is black, and values beyond the range are clipped."""
    levels = np.empty(samples.shape, np.uint8)
    for row in range(0, len(samples), _ROWS_AT_ONCE):  # as floats they would need four times their memory
        part = samples[row : row + _ROWS_AT_ONCE].astype(np.float32)
        np.nan_to_num(part, copy=False, nan=0.0, posinf=white, neginf=0.0)
        part *= 255 / white if white else 0.0
        levels[row : row + _ROWS_AT_ONCE] = np.clip(part + 0.5, 0, 255)
    return levels


def is_profile(profile: bytes | None) -> bool:
    """Whether the bytes are an ICC profile that can be read."""
    return _opened(profile) is not None


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture turned and mirrored as its EXIF orientation (1 to 8) asks; any other number is upright."""
    return image.transpose(_TRANSPOSED[orientation]) if orientation in _TRANSPOSED else image


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none or EXIF is broken."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except BROKEN_EXIF:
        return 1


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture without alpha as RGB, through its ICC profile if there is one that works."""
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _convert(image, lab) or image.getchannel("L").convert("RGB")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    opened = _opened(profile)
    if opened is not None:
        return _convert(image, opened) or _convert(image.convert("RGB"), opened) or image.convert("RGB")
    return image.convert("RGB")


def _opened(profile: bytes | None) -> ImageCms.ImageCmsProfile | None:
    if not profile:
        return None
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return None


def _convert(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image | None:
    try:
        return ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
