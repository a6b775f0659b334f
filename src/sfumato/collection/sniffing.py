"""What a file is by its first bytes, and whether its end is missing: names never decide."""

from __future__ import annotations

import struct
from typing import Final

from sfumato.collection.foreign import is_heif, media_brands

HEAD_BYTES: Final = 1024  # an SVG drawing and a zip of a drawing program say so only after some lines

# Only these decoders are ever tried. Pillow's others run interpreters (EPS) or have had their own holes (FITS, PSD).
# HEIC pictures, Pillow's HEIF, come on top where their library is installed: see reading.py.
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
    if (
        head.startswith(b"BM")
        and len(head) >= 18
        and struct.unpack_from("<I", head, 14)[0] in (12, 40, 52, 56, 64, 108, 124)
    ):
        return "BMP"
    if {b"avif", b"avis"} & set(media_brands(head)):
        return "AVIF"
    if is_heif(head):
        return "HEIF"
    return None


def is_truncated(data: bytes, picture_format: str) -> bool:
    """Whether the end of the file is missing, by the format's own marks of its length."""
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
        return _boxes_overrun(data)
    return False


def _boxes_overrun(data: bytes) -> bool:
    """Whether a file's boxes (ISO/IEC 14496-12, 4.2) reach beyond its end, or none of them holds the picture."""
    position, names = 0, set()
    while position + 8 <= len(data):
        size = struct.unpack_from(">I", data, position)[0]
        names.add(data[position + 4 : position + 8])
        if size == 1 and position + 16 <= len(data):
            size = struct.unpack_from(">Q", data, position + 8)[0]
        elif size == 0:
            size = len(data) - position
        if size < 8:
            return False
        position += size
    return position > len(data) or b"mdat" not in names
