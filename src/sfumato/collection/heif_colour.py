"""The colour space that an AVIF or HEIC picture states in numbers (ISO/IEC 14496-12, 12.1.5)."""

from __future__ import annotations

import struct

from sfumato.collection.colour_space import ColourSpace, from_code_points
from sfumato.provenance.containers import boxes


def stated_space(data: bytes) -> ColourSpace | None:
    """What the first `colr` box of kind `nclx` says; None where there is none or it leaves it open.

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
