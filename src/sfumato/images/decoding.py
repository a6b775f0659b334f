"""The bytes of a file become an upright sRGB picture, or the reason why they cannot."""

from __future__ import annotations

import io
import math
import os
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from sfumato.errors import SfumatoError
from sfumato.images import colour, unusable
from sfumato.images.colour import TRANSPOSING, Colour, exif_space, is_profile, orientation_of, to_srgb, upright
from sfumato.images.files import HEAD_BYTES, check_head, is_truncated, picture_format, read_file
from sfumato.images.isobmff import stated_space
from sfumato.images.jpeg import Jpeg
from sfumato.images.png import Png, with_colours
from sfumato.images.tiff import ORIENTATION, Directory, check_is_no_raw_file
from sfumato.images.tiff_picture import read_tiff
from sfumato.images.tiff_samples import Layout
from sfumato.images.unusable import UnusableError
from sfumato.text import at_home

PIXEL_LIMIT: Final = 1024**3 // 4 // 3  # Pillow's own limit; ours too, should a program have lifted Pillow's
SMALLEST_SIDE: Final = 16

# What Pillow's decoders raise for bytes that are not as they should be.
_DECODING_ERRORS: Final = (*colour.BROKEN_EXIF, ArithmeticError, AssertionError, RuntimeError, zlib.error)


@dataclass(frozen=True, slots=True)
class Decoded:
    """An upright RGB picture; `width` and `height` are the file's own, where the decoder gave a smaller version."""

    image: Image.Image
    transparent: bool
    width: int
    height: int


def read_picture(data: bytes, background: Colour, *, least_side: int | None = None) -> Decoded:
    """Decode a file's bytes; where the picture is transparent, the background shows through.

    `least_side` lets a JPEG be decoded at a half, quarter or eighth of its size, its short side never below this many
    pixels. Raises UnusableError, with the reason, for whatever cannot be used.
    """
    check_head(data[:HEAD_BYTES], len(data))
    expected = picture_format(data[:HEAD_BYTES]) or ""
    try:
        if expected == "TIFF":
            directory = Directory.first(data)
            check_is_no_raw_file(directory)
            layout = Layout.of(directory)
            if not layout.is_plain:
                return _read_tiff(layout, background)
        png = Png.examine(data) if expected == "PNG" else None
        jpeg = Jpeg.examine(data) if expected == "JPEG" else None
        if expected == "HEIF":
            from pillow_heif import register_heif_opener

            register_heif_opener()
        with Image.open(io.BytesIO(data), formats=(expected,)) as image:
            check_size(image.size)
            width, height = image.size
            _load(image, least_side)
            if jpeg is not None and jpeg.ends_early(data, image, lambda other: _decoded(other, least_side)):
                raise EOFError("the last scan ends early")
            orientation = orientation_of(image)
            if orientation in TRANSPOSING:
                width, height = height, width
            loaded, profile = with_colours(image, data, png) if png else (image, _profile_of(image, data, expected))
            picture, transparent = to_srgb(loaded, background, profile)
            return Decoded(upright(picture, orientation), transparent, width, height)
    except UnusableError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableError(unusable.TOO_LARGE, f"over the limit of {PIXEL_LIMIT / 1e6:.0f} million pixels") from error
    except MemoryError as error:
        raise UnusableError(unusable.NO_MEMORY, "needs more memory than a picture may take") from error
    except _DECODING_ERRORS as error:
        raise _explained(error, data, expected) from error


def _load(image: Image.Image, least_side: int | None) -> None:
    """Decode an opened picture; a JPEG may come out smaller than it is."""
    if least_side is not None:
        scale = least_side / min(image.size)
        image.draft(None, (math.ceil(image.width * scale), math.ceil(image.height * scale)))
    image.load()


def _decoded(data: bytes, least_side: int | None) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        _load(image, least_side)
        return image


def _read_tiff(layout: Layout, background: Colour) -> Decoded:
    """A TIFF that Pillow does not read, or reads wrongly."""
    check_size((layout.width, layout.height))
    image = read_tiff(layout)
    picture, transparent = to_srgb(image, background, image.info.get("icc_profile"))
    picture = upright(picture, layout.directory.number(ORIENTATION, 1))
    return Decoded(picture, transparent, picture.width, picture.height)


def _profile_of(image: Image.Image, data: bytes, expected: str) -> bytes | None:
    """The ICC profile to apply: the embedded one, or one made of what the file says in numbers."""
    embedded: bytes | None = image.info.get("icc_profile")
    if is_profile(embedded):
        return embedded
    space = None
    if expected in ("AVIF", "HEIF"):
        space = stated_space(data)
    elif expected == "JPEG":
        space = exif_space(image)
    return None if space is None or space.is_srgb else space.profile()


def check_size(size: tuple[int, int]) -> None:
    """Raises UnusableError for a picture (width, height in pixels) that is too large or too small to use."""
    width, height = size
    if width * height > PIXEL_LIMIT:
        reason = f"{width} x {height} pixels; the limit is {PIXEL_LIMIT / 1e6:.0f} million"
        raise UnusableError(unusable.TOO_LARGE, reason)
    if min(size) < SMALLEST_SIDE:
        reason = f"{width} x {height} pixels; a side has at least {SMALLEST_SIDE}"
        raise UnusableError(unusable.TOO_SMALL, reason)


def _explained(error: BaseException, data: bytes, expected: str) -> UnusableError:
    """A decoder's complaint as a reason that a person can use."""
    text = str(error).lower()
    if isinstance(error, EOFError) or "truncated" in text or "not enough" in text or is_truncated(data, expected):
        return UnusableError(unusable.TRUNCATED, f"truncated after {max(1, round(len(data) / 1000))} kB")
    if isinstance(error, UnidentifiedImageError):
        return UnusableError(unusable.BROKEN, f"broken: its header says {expected}, but it cannot be read")
    said = " ".join(str(error).split())[:100] or type(error).__name__
    if "unsupported" in text or "not supported" in text:
        return UnusableError(unusable.OTHER_FORMAT, f"a {expected} of a kind that is not read ({said}): save it as PNG")
    return UnusableError(unusable.BROKEN, f"broken {expected} ({said})")


def open_picture(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture upright, in sRGB, on ``background`` where it is transparent. A path may begin with '~'.

    Raises SfumatoError where there is none or it cannot be used.
    """
    return picture_and_file(path, background)[0]


def picture_and_file(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> tuple[Image.Image, bytes]:
    """The same with the bytes of its file, which is read once."""
    place = at_home(path)
    if not os.path.lexists(place):
        raise SfumatoError(f"{path}: no such file; give a picture")
    if place.is_dir():
        raise SfumatoError(f"{path}: is a directory; give one picture")
    try:
        data = read_file(place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is wrong with a file, the error tells
            return read_picture(data, background).image, data
    except UnusableError as error:
        raise SfumatoError(f"{path}: {error}; give another picture") from error
