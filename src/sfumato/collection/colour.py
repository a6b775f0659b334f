"""Any picture mode becomes 8-bit sRGB: profiles, deep samples, palettes, inks and transparency."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

Colour = tuple[int, int, int]

_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262
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
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def to_srgb(image: Image.Image, background: Colour) -> tuple[Image.Image, bool]:
    """The loaded picture as RGB over the background, not yet upright; and whether the background shows anywhere.

    An embedded ICC profile is applied; one that is broken or does not fit the picture is ignored.
    """
    profile = image.info.get("icc_profile")
    if image.mode in _DEEP:
        image = _from_deep(image)
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


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture turned and mirrored as its EXIF orientation (1 to 8) asks; any other number is upright."""
    return image.transpose(_TRANSPOSED[orientation]) if orientation in _TRANSPOSED else image


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) where there is none or EXIF is broken."""
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except (ValueError, TypeError, KeyError, IndexError, SyntaxError, OSError, EOFError, AttributeError):
        return 1


def _from_deep(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and float grey to 8 bits; the scale is stated by the file or told by the range of the samples."""
    tags = getattr(image, "tag_v2", {})
    samples = np.asarray(image).astype(np.float32)
    np.nan_to_num(samples, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(samples, 0, None, out=samples)
    highest = float(samples.max(initial=0))
    if image.mode.startswith("I;16"):
        white = 4095.0 if tags.get(_TIFF_BITS) == (12,) else 65535.0
    elif image.mode == "F" and highest <= 1:
        white = 1.0
    else:
        # Nothing in the file says what white is: the smallest of the usual whites that holds the brightest sample.
        white = next((usual for usual in (255.0, 65535.0) if highest <= usual), highest)
    samples *= 255 / white
    if image.mode.startswith("I;16") and tags.get(_TIFF_PHOTOMETRIC) == 0:  # WhiteIsZero, which Pillow leaves as it is
        np.subtract(255, samples, out=samples)
    return Image.fromarray(np.clip(samples + 0.5, 0, 255).astype(np.uint8))


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture without alpha as RGB, through its ICC profile if there is one that works."""
    if image.mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _convert(image, lab) or image.getchannel("L").convert("RGB")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if profile:
        try:
            opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
            return image.convert("RGB")
        return _convert(image, opened) or _convert(image.convert("RGB"), opened) or image.convert("RGB")
    return image.convert("RGB")


def _convert(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image | None:
    try:
        return ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
