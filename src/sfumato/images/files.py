"""A file before it is decoded: its format, by its first bytes and never its name, and whether its end is missing."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from sfumato.disk import open_descriptor
from sfumato.images import unusable
from sfumato.images.foreign import other_kind
from sfumato.images.isobmff import boxes_overrun, is_heif, media_brands
from sfumato.images.unusable import UnusableError

BYTE_LIMIT: Final = 1024**3
HEAD_BYTES: Final = 1024  # an SVG drawing and a zip of a drawing program say so only after some lines

# Only these decoders are ever tried. Pillow's others run interpreters (EPS) or have had their own holes (FITS, PSD).
# HEIC pictures, Pillow's HEIF, come on top where their library is installed: see `has_heif_reader`.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")


def picture_format(head: bytes) -> str | None:
    """The Pillow name of the picture format that the first `HEAD_BYTES` bytes announce, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    # Two letters are a weak sign: the length of a known header makes it a strong one.
    if head.startswith(b"BM") and head[15:18] == bytes(3) and head[14] in (12, 40, 52, 56, 64, 108, 124):
        return "BMP"
    if {b"avif", b"avis"} & set(media_brands(head)):
        return "AVIF"
    if is_heif(head):
        return "HEIF"
    return None


def is_truncated(data: bytes, picture_format: str) -> bool:
    """Whether the end of the file is missing, by the format's own end marks and lengths."""
    if picture_format == "JPEG":
        # Some cameras and editors pad the end, so the mark need not be in the last two bytes.
        return b"\xff\xd9" not in data[-65536:]
    if picture_format == "PNG":
        return b"IEND" not in data[-65536:]
    if picture_format == "GIF":
        return b"\x00\x3b" not in data[-64:]  # the end of the last block, and the trailer
    if picture_format == "WEBP":
        return len(data) < 12 or len(data) < 8 + struct.unpack_from("<I", data, 4)[0]
    if picture_format == "BMP":
        return len(data) < 14 or len(data) < struct.unpack_from("<I", data, 2)[0]
    if picture_format in ("AVIF", "HEIF"):
        return boxes_overrun(data)
    return False


def check_head(head: bytes, size: int, name: str = "") -> None:
    """Raises UnusableError for what cannot be read as a picture.

    head: its first `HEAD_BYTES` bytes; size: in bytes; name: its file name, which helps to say what else it is.
    """
    if size == 0:
        raise UnusableError(unusable.EMPTY, "empty (0 bytes)")
    found = picture_format(head)
    if found is None:
        other = other_kind(head, name, size)
        if other is not None and other.advice:
            raise UnusableError(unusable.OTHER_FORMAT, f"{other.name}: {other.advice}")
        if other is not None:
            raise UnusableError(unusable.NOT_A_PICTURE, f"not a picture: {other.name}")
        zeros = "" if head.strip(b"\x00") else " (zeros only)"
        raise UnusableError(unusable.NOT_A_PICTURE, f"not a picture{zeros}")
    if found == "HEIF" and not has_heif_reader():
        reason = "a HEIC picture: pip install 'sfumato[heic]' to have it read, or save it as JPEG or PNG"
        raise UnusableError(unusable.NO_READER, reason)
    if size > BYTE_LIMIT:
        raise UnusableError(unusable.TOO_LARGE, f"{size / 1e9:.1f} GB large; the limit is {BYTE_LIMIT / 1e9:.1f} GB")


def has_heif_reader() -> bool:
    """Whether the library for HEIC pictures is installed."""
    return find_spec("pillow_heif") is not None


def read_file(path: Path | str) -> bytes:
    """The bytes of a file that begins like a picture. Raises UnusableError for any other, and for an unreadable one.

    It waits for nothing, so that a pipe in a picture's place cannot hold the process for ever.
    """
    with _opened(path) as descriptor:
        size = os.fstat(descriptor).st_size
        head = os.read(descriptor, HEAD_BYTES)
        check_head(head, size, str(path).rpartition("/")[2])
        return head + _read(descriptor, size)


def read_text_file(path: Path | str, limit: int) -> bytes:
    """A file's bytes, at most `limit` of them. Raises UnusableError."""
    with _opened(path) as descriptor:
        return _read(descriptor, limit)


def _read(descriptor: int, most: int) -> bytes:
    """At most this many bytes; one call to the system is enough for any usual picture."""
    data = os.read(descriptor, most)
    while data and len(data) < most and (more := os.read(descriptor, most - len(data))):
        data += more
    return data


@contextmanager
def _opened(path: Path | str) -> Iterator[int]:
    """A regular file's descriptor. Raises UnusableError for any other kind, and for what cannot be read."""
    try:
        descriptor = open_descriptor(path)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except IsADirectoryError as error:
        raise UnusableError(unusable.SPECIAL, "a folder, not a file") from error
    except OSError as error:
        said = (error.strerror or str(error)).removeprefix("is ")
        if error.errno == errno.EINVAL:
            raise UnusableError(unusable.SPECIAL, said) from error
        if error.errno == errno.ELOOP:
            raise UnusableError(unusable.LINK, said) from error
        raise UnusableError(unusable.UNREADABLE, f"cannot be read ({said})") from error
