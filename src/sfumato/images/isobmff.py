"""ISO base media files (ISO/IEC 14496-12): AVIF and HEIC pictures, and videos, consist of nested boxes."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from typing import Final

from sfumato.images.colour_space import ColourSpace, from_code_points

Data = bytes | mmap.mmap

_HEIF: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2")


def media_brands(head: bytes) -> tuple[bytes, ...]:
    """The brands of a media file (ISO/IEC 14496-12, 4.3), the major one first; () where it is none."""
    if head[4:8] != b"ftyp":
        return ()
    length = min(struct.unpack_from(">I", head)[0], len(head))
    return tuple(head[start : start + 4] for start in (8, *range(16, length - 3, 4)) if start + 4 <= len(head))


def is_heif(head: bytes) -> bool:
    """Whether the brands are those of a HEIF picture that is no AVIF."""
    brands = media_brands(head)
    return any(brand in _HEIF for brand in brands) and not {b"avif", b"avis"} & set(brands)


def boxes(data: Data, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, and where the inside begins and ends, of each box (ISO/IEC 14496-12, 4.2) that lies whole in a part of
    the file."""
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            (size,), head = struct.unpack_from(">Q", data, start + 8), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield name, start + head, start + size
        start += size


def boxes_overrun(data: bytes) -> bool:
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


def stated_space(data: bytes) -> ColourSpace | None:
    """What the first `colr` box of kind `nclx` says of an AVIF's or a HEIC picture's colours (12.1.5); None
    where there is none or it leaves it open.

    Raises UnusableError for spaces that are not read.
    """
    for name, start, end in boxes(data, 0, len(data)):
        if name == b"meta":
            return _in_properties(data, start + 4, end)  # a version and flags come first
    return None


def _in_properties(data: bytes, start: int, end: int) -> ColourSpace | None:
    for name, inside, after in boxes(data, start, end):
        if name in (b"iprp", b"ipco"):
            return _in_properties(data, inside, after)
        if name == b"colr" and data[inside : inside + 4] == b"nclx" and after - inside >= 10:
            return from_code_points(*struct.unpack_from(">HH", data, inside + 4))
    return None
