"""Whether a JPEG is whole. It has no checksum, and libjpeg fills what is missing with grey and says nothing.

Sections are those of ITU-T T.81.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from PIL import Image

from sfumato.images import unusable
from sfumato.images.unusable import UnusableError

_END_OF_IMAGE, _START_OF_SCAN, _TABLES, _RESTART_INTERVAL = 0xD9, 0xDA, 0xC4, 0xDD
_HUFFMAN_SEQUENTIAL, _HUFFMAN_PROGRESSIVE = (0xC0, 0xC1), 0xC2
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTARTS: Final = re.compile(rb"\xff[\xd0-\xd7]")
_ZEROS: Final = bytes(64)
# What decodes to something other than grey, whatever the tables are; no 0xff is in it.
_FILLER: Final = bytes(1 + 89 * index % 254 for index in range(2048))
_GREY: Final = frozenset((127, 128))  # what libjpeg makes of blocks that are not there; inks are turned round


@dataclass(slots=True)
class _Scan:
    """Where its data lies, and of which components, coefficients and tables it is."""

    start: int
    end: int
    components: bytes
    first: int
    last: int
    low: int
    symbols: list[int | None]  # of each of its tables the one whose code is zeros alone, where that is known


@dataclass(slots=True)
class Jpeg:
    """The segments of a JPEG, as far as they tell whether it is whole."""

    frame: int = 0
    header: bytes = b""
    restart_interval: int = 0
    scans: list[_Scan] = field(default_factory=list)

    @classmethod
    def examine(cls, data: bytes) -> Jpeg:
        """Go through the segments. Raises UnusableError for damage that shows there, EOFError for missing scans.

        What is merely odd is left to the decoder.
        """
        jpeg = cls()
        if jpeg._walk(data):
            if jpeg.frame == _HUFFMAN_PROGRESSIVE:
                jpeg._check_progression()
            elif jpeg.frame in _HUFFMAN_SEQUENTIAL:
                if set(jpeg.header[6::3]) - {part for scan in jpeg.scans for part in scan.components}:
                    raise EOFError("scans are missing")
                for scan in jpeg.scans:
                    jpeg._check_sequential(data, scan)
        return jpeg

    def ends_early(self, data: bytes, image: Image.Image, decode: Callable[[bytes], Image.Image]) -> bool:
        """Whether the last scan has less data than the picture has blocks.

        image: as decoded; decode: how. Such a picture is grey at its end; where it is, other data is put behind the
        scan's, which changes a picture that wants more and no other.
        """
        if self.frame not in _HUFFMAN_SEQUENTIAL or not self.scans:
            return False
        corner = image.getpixel((image.width - 1, image.height - 1))
        if not _GREY.issuperset(corner if isinstance(corner, tuple) else (corner,)):
            return False
        end = self.scans[-1].end
        return decode(data[:end] + _FILLER + data[end:]).tobytes() != image.tobytes()

    def _walk(self, data: bytes) -> bool:
        """Whether the segments follow one another up to the end of the image."""
        position, symbols = 2, dict[int, int]()
        while position + 4 <= len(data):
            if data[position] != 0xFF:
                return False
            marker = data[position + 1]
            if marker == 0xFF:
                position += 1
                continue
            if marker == _END_OF_IMAGE:
                return True
            (length,) = struct.unpack_from(">H", data, position + 2)
            segment, position = data[position + 4 : position + 2 + length], position + 2 + length
            if marker in _FRAMES:
                self.frame, self.header = marker, segment
            elif marker == _TABLES:
                symbols |= _first_symbols(segment)
            elif marker == _RESTART_INTERVAL and len(segment) >= 2:
                (self.restart_interval,) = struct.unpack_from(">H", segment)
            elif marker == _START_OF_SCAN:
                found = _AFTER_SCAN.search(data, position)
                count = segment[0] if segment else 0
                if found is None or len(segment) < 4 + 2 * count:
                    return False
                first, last, approximation = segment[1 + 2 * count : 4 + 2 * count]
                components, tables = segment[1 : 1 + 2 * count : 2], segment[2 : 2 + 2 * count : 2]
                end = found.start()
                used = [symbols.get(part) for table in tables for part in (table >> 4, 16 + (table & 15))]
                self.scans.append(_Scan(position, end, components, first, last, approximation & 15, used))
                position = end
        return position + 2 <= len(data) and data[position : position + 2] == b"\xff\xd9"

    def _check_progression(self) -> None:
        """Every lowest bit has come: of all colours' means, and of all coefficients of the first, the lightness."""
        open_means = set(self.header[6::3])
        open_details = set(range(1, 64))
        for scan in self.scans:
            if scan.low:
                continue
            if scan.first == 0:
                open_means -= set(scan.components)
            if scan.components[:1] == self.header[6:7]:
                open_details -= set(range(scan.first, scan.last + 1))
        if open_means or open_details:
            raise EOFError("scans are missing")

    def _check_sequential(self, data: bytes, scan: _Scan) -> None:
        # Zeros are the code of one symbol, and no picture has a block of nothing but that unless it says 'no change'.
        if data.find(_ZEROS, scan.start, scan.end) >= 0 and any(scan.symbols):
            raise UnusableError(unusable.BROKEN, "damaged: part of it has been overwritten with zeros")
        if self.restart_interval:
            self._check_restarts(data, scan)

    def _check_restarts(self, data: bytes, scan: _Scan) -> None:
        """Check that all restart markers of a scan are there, in their order (E.1.4)."""
        found = [match.group()[1] & 7 for match in _RESTARTS.finditer(data, scan.start, scan.end)]
        wanted = -(-self._blocks(scan) // self.restart_interval) - 1
        if len(found) < wanted:
            raise UnusableError(unusable.BROKEN, f"damaged: it has {len(found)} restart markers and not {wanted}")
        if found[:wanted] != [number % 8 for number in range(wanted)]:
            raise UnusableError(unusable.BROKEN, "damaged: its restart markers are out of order")

    def _blocks(self, scan: _Scan) -> int:
        """How many minimum coded units the scan has (A.2)."""
        height, width, count = struct.unpack_from(">HHB", self.header, 1)
        parts = {self.header[6 + 3 * index]: self.header[7 + 3 * index] for index in range(count)}
        across, down = max(part >> 4 for part in parts.values()), max(part & 15 for part in parts.values())
        if len(scan.components) == 1:
            part = parts.get(scan.components[0], 0x11)
            width, height = -(-width * (part >> 4) // across), -(-height * (part & 15) // down)
            across = down = 1
        return int(-(-width // (8 * across)) * -(-height // (8 * down)))


def _first_symbols(segment: bytes) -> dict[int, int]:
    """Of each Huffman table, by class and place (B.2.4.2), the symbol of the shortest code, which is zeros alone."""
    symbols, position = {}, 0
    while position + 17 < len(segment):
        count = sum(segment[position + 1 : position + 17])
        if count and position + 17 < len(segment):
            symbols[segment[position]] = segment[position + 17]
        position += 17 + count
    return symbols
