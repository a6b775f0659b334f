"""The bytes of a file become an upright sRGB picture, or the reason why they cannot."""

from __future__ import annotations

import io
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, UnidentifiedImageError

from sfumato.collection import unusable
from sfumato.collection.colour import TRANSPOSING, Colour, orientation_of, to_srgb, upright
from sfumato.collection.sniffing import FORMATS, HEAD_BYTES, is_truncated, other_kind, picture_format
from sfumato.collection.unusable import UnusableError

PIXEL_LIMIT: Final = 1024**3 // 4 // 3  # Pillow's own limit; ours too, should a program have lifted Pillow's
BYTE_LIMIT: Final = 1024**3
SMALLEST_SIDE: Final = 16

# What Pillow's decoders raise for bytes that are not as they should be.
_DECODING_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    AttributeError,
    NotImplementedError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def check_head(head: bytes, size: int) -> None:
    """Raises UnusableError for what cannot be a picture, from its first `HEAD_BYTES` bytes and its size in bytes."""
    if size == 0:
        raise UnusableError(unusable.EMPTY, "empty (0 bytes)")
    if picture_format(head) is None:
        if not head.strip(b"\x00"):
            raise UnusableError(unusable.NOT_A_PICTURE, "not a picture (zeros only)")
        other = other_kind(head)
        raise UnusableError(unusable.NOT_A_PICTURE, "not a picture" + (f": {other}" if other else ""))
    if size > BYTE_LIMIT:
        raise UnusableError(unusable.TOO_LARGE, f"{size / 1e9:.1f} GB large; the limit is {BYTE_LIMIT / 1e9:.1f} GB")


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
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            check_size(image.size)
            width, height = image.size
            if least_side is not None:
                scale = least_side / min(width, height)
                image.draft(None, (math.ceil(width * scale), math.ceil(height * scale)))
            image.load()
            orientation = orientation_of(image)
            if orientation in TRANSPOSING:
                width, height = height, width
            picture, transparent = to_srgb(image, background)
            return Decoded(upright(picture, orientation), transparent, width, height)
    except UnusableError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableError(unusable.TOO_LARGE, f"over the limit of {PIXEL_LIMIT / 1e6:.0f} million pixels") from error
    except MemoryError as error:
        raise UnusableError(unusable.NO_MEMORY, "needs more memory than a picture may take") from error
    except _DECODING_ERRORS as error:
        raise _explained(error, data, expected) from error


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
    length = f"{max(1, round(len(data) / 1000))} kB"
    cut_short = (
        isinstance(error, EOFError) or "truncated" in text or "not enough" in text or is_truncated(data, expected)
    )
    if cut_short:
        return UnusableError(unusable.TRUNCATED, f"truncated after {length}")
    if isinstance(error, UnidentifiedImageError):
        return UnusableError(unusable.BROKEN, f"broken: its header says {expected}, but it cannot be read")
    said = " ".join(str(error).split())[:100] or type(error).__name__
    return UnusableError(unusable.BROKEN, f"broken {expected} ({said})")
