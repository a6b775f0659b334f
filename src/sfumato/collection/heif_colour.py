"""The colour space that an AVIF or HEIC picture states in numbers (ISO/IEC 14496-12, 12.1.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from sfumato.collection.colour_space import ColourSpace, from_code_points


def stated_space(data: bytes) -> ColourSpace | None:
    """What the first `colr` box of kind `nclx` says; None where there is none or it leaves it open.

    Raises UnusableError for spaces that are not read.
    """
    for name, start, end in _boxes(data, 0, len(data)):
        if name == b"meta":
            return _in_properties(data, start + 4, end)  # a version and flags come first
    return None


def _in_properties(data: bytes, start: int, end: int) -> ColourSpace | None:
    for name, inside, after in _boxes(data, start, end):
        if name in (b"iprp", b"ipco"):
            return _in_properties(data, inside, after)
        if name == b"colr" and data[inside : inside + 4] == b"nclx" and after - inside >= 10:
            return from_code_points(*struct.unpack_from(">HH", data, inside + 4))
    return None


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, and where the inside begins and ends, of each box that lies whole in a part of the file."""
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
