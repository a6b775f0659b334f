"""The directory of a TIFF (TIFF 6.0, BigTIFF): what it says of its samples, and whether it is a camera's raw file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from sfumato.images import unusable
from sfumato.images.foreign import RAW_ADVICE
from sfumato.images.unusable import UnusableError

SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, MAKE = 254, 256, 257, 258, 259, 262, 266, 271
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR = 273, 274, 277, 278, 279, 284
PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 317, 320, 322, 323, 324, 325
SUBDIRECTORIES, INK_SET, EXTRA_SAMPLES, SAMPLE_FORMAT, SUBSAMPLING = 330, 332, 338, 339, 530
ICC_PROFILE, DNG_VERSION = 34675, 50706

# The types of values (TIFF 6.0, section 2, and BigTIFF) as NumPy has them; a rational is two numbers.
_TYPES: Final = {
    1: "u1", 2: "S1", 3: "u2", 4: "u4", 5: "2u4", 6: "i1", 7: "S1", 8: "i2", 9: "i4", 10: "2i4", 11: "f4", 12: "f8",
    13: "u4", 16: "u8", 17: "i8", 18: "u8",
}  # fmt: skip
_MOST_ENTRIES: Final = 4096
_MOST_SUBDIRECTORIES: Final = 16

_SENSOR: Final = frozenset((32803, 34892))  # photometric interpretations: a colour filter array, linear raw
# Compressions that only cameras write: Sony's, Nikon's (two), Samsung's, Pentax's, Kodak's (two).
_CAMERAS_OWN: Final = frozenset((32767, 34713, 34714, 32770, 32772, 65535, 65000, 262))
_MAKERS: Final = (
    ("NIKON", "NEF"), ("SONY", "ARW"), ("PENTAX", "PEF"), ("RICOH", "PEF"), ("SAMSUNG", "SRW"), ("CANON", "CR2"),
    ("OLYMPUS", "ORF"), ("PANASONIC", "RW2"), ("LEICA", "RWL"), ("KODAK", "DCR"), ("HASSELBLAD", "3FR"),
    ("PHASE ONE", "IIQ"), ("LEAF", "MOS"), ("EPSON", "ERF"), ("FUJIFILM", "RAF"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Directory:
    """The values of one directory by tag, each a tuple of numbers or bytes, in the file's own byte order."""

    data: bytes
    order: Literal["<", ">"]
    values: dict[int, Any]

    @classmethod
    def first(cls, data: bytes) -> Directory:
        """The directory of the first page. Raises EOFError where it reaches beyond the end of the file."""
        order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
        big = data[2:4] in (b"+\x00", b"\x00+")
        start = struct.unpack_from(f"{order}Q", data, 8)[0] if big else struct.unpack_from(f"{order}I", data, 4)[0]
        return cls._at(data, order, start, big=big)

    @classmethod
    def _at(cls, data: bytes, order: Literal["<", ">"], start: int, *, big: bool) -> Directory:
        head, entry, inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
        if start + struct.calcsize(f"{order}{head}") > len(data):
            raise EOFError("a directory beyond the end")
        (count,) = struct.unpack_from(f"{order}{head}", data, start)
        start += struct.calcsize(f"{order}{head}")
        size = struct.calcsize(f"{order}{entry}") + inline
        if count > _MOST_ENTRIES or start + count * size > len(data):
            raise EOFError("a directory beyond the end")
        values: dict[int, Any] = {}
        for position in range(start, start + count * size, size):
            tag, kind, number = struct.unpack_from(f"{order}{entry}", data, position)
            if kind not in _TYPES or tag in values:
                continue
            dtype = np.dtype(_TYPES[kind]) if kind in (2, 7) else np.dtype(_TYPES[kind]).newbyteorder(order)
            where = position + size - inline
            if number * dtype.itemsize > inline:
                where = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, where)[0]
            if where + number * dtype.itemsize > len(data):
                continue  # a broken tag that is needed is missed later, and any other does no harm
            if kind in (2, 7):
                values[tag] = data[where : where + number]
            elif dtype.subdtype is None:
                values[tag] = tuple(np.frombuffer(data, dtype, number, where).tolist())
        return cls(data, order, values)

    def subdirectories(self, tag: int = SUBDIRECTORIES) -> list[Directory]:
        """The directories that a tag points to, as far as they can be read."""
        found = []
        for start in self.numbers(tag)[:_MOST_SUBDIRECTORIES]:
            try:
                found.append(self._at(self.data, self.order, start, big=self.data[2:4] in (b"+\x00", b"\x00+")))
            except (EOFError, struct.error):
                continue
        return found

    def number(self, tag: int, default: int) -> int:
        """The first value of a tag."""
        value = self.values.get(tag) or (default,)
        return int(value[0]) if isinstance(value, tuple) else default

    def numbers(self, tag: int) -> tuple[int, ...]:
        """All values of a tag; () where it is missing."""
        value = self.values.get(tag, ())
        return tuple(int(part) for part in value) if isinstance(value, tuple) else ()


def check_is_no_raw_file(directory: Directory) -> None:
    """Raises UnusableError for a camera's raw file, and where the first page is the thumbnail of another."""
    below = directory.subdirectories()
    make = directory.values.get(MAKE, b"")
    maker = make.decode("ascii", "replace").strip("\x00 ").upper() if isinstance(make, bytes) else ""
    from_camera = next((kind for name, kind in _MAKERS if name in maker), None)
    is_reduced = directory.number(SUBFILE_TYPE, 0) & 1  # its picture is a smaller version of another
    is_raw = (
        DNG_VERSION in directory.values
        or directory.data[8:10] == b"CR"
        or any(
            part.number(PHOTOMETRIC, -1) in _SENSOR or part.number(COMPRESSION, 1) in _CAMERAS_OWN
            for part in (directory, *below)
        )
    )
    if is_raw or (is_reduced and from_camera is not None):
        kind = "DNG" if DNG_VERSION in directory.values else from_camera
        named = f"a camera's raw file ({kind})" if kind else "a camera's raw file"
        raise UnusableError(unusable.OTHER_FORMAT, f"{named}: {RAW_ADVICE}")
    if is_reduced:
        reason = "a TIFF whose first page is only the thumbnail of another: save the picture alone"
        raise UnusableError(unusable.OTHER_FORMAT, reason)
