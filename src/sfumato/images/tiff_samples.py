"""The samples of a TIFF of any usual layout: chunky or planar, strips or tiles, integers or floats (TIFF 6.0).

Pillow reads 8 bits a sample and knows few other layouts, some of them wrongly. Those are read here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfumato.images import tiff, unusable
from sfumato.images.tiff import Directory
from sfumato.images.unusable import UnusableError

MEMORY_LIMIT: Final = 1024**3  # bytes of samples

_NONE, _LZW, _JPEG, _DEFLATE, _PACKBITS, _OLD_DEFLATE, _LZMA, _ZSTD = 1, 5, 7, 8, 32773, 32946, 34925, 50000
_PREDICTED: Final = frozenset((_LZW, _DEFLATE, _OLD_DEFLATE, _LZMA, _ZSTD))  # the others have no predictor
_UNPACKED: Final = frozenset((_NONE, _PACKBITS, *_PREDICTED))
_PICTURES: Final = frozenset((2, 3, 4, 6, _JPEG, 32771))  # fax and JPEG, which Pillow leaves to libtiff
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
_COLOURS: Final = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, INKS: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
ASSOCIATED, UNASSOCIATED = 1, 2


@dataclass(frozen=True, slots=True)
class Layout:
    """How the samples lie in the file."""

    directory: Directory
    width: int
    height: int
    bits: int
    samples: int
    kind: int  # UNSIGNED, SIGNED or FLOAT
    photometric: int
    planar: bool
    compression: int
    predictor: int
    extra: tuple[int, ...]

    @classmethod
    def of(cls, directory: Directory) -> Layout:
        """Raises UnusableError, with what is unusual, for a layout that is not read here."""
        samples = directory.number(tiff.SAMPLES, 1)
        bits = directory.numbers(tiff.BITS) or (1,)
        kinds = directory.numbers(tiff.SAMPLE_FORMAT) or (UNSIGNED,)
        photometric = directory.number(tiff.PHOTOMETRIC, BLACK_IS_ZERO)
        extra = directory.numbers(tiff.EXTRA_SAMPLES)
        compression = directory.number(tiff.COMPRESSION, _NONE)
        if compression not in _UNPACKED | _PICTURES:
            raise _not_read(f"its compression is number {compression}")
        if photometric not in _COLOURS:
            raise _not_read(f"its colours are of kind {photometric}")
        if len(set(bits)) > 1 or (len(set(kinds)) > 1 and photometric != CIELAB):
            raise _not_read("its samples are not all of one kind")
        if not 1 <= samples <= 32:
            raise _not_read(f"it has {samples} samples a pixel")
        missing = samples - _COLOURS[photometric] - len(extra)
        if missing < 0 and compression not in _PICTURES:
            raise _not_read(f"it has {samples} samples a pixel, too few for its colours")
        # Without ExtraSamples a fourth of RGB is taken for alpha, as most programs do.
        extra += (UNASSOCIATED,) if photometric == RGB and not extra and missing == 1 else (0,) * missing
        return cls(
            directory,
            directory.number(tiff.WIDTH, 0),
            directory.number(tiff.HEIGHT, 0),
            bits[0],
            samples,
            UNSIGNED if kinds[0] == UNDEFINED else kinds[0],
            photometric,
            directory.number(tiff.PLANAR, 1) == 2 and samples > 1,
            compression,
            directory.number(tiff.PREDICTOR, 1) if compression in _PREDICTED else 1,
            extra,
        )

    @property
    def colours(self) -> int:
        """How many samples make the colour; further ones are alpha or something else."""
        return _COLOURS[self.photometric]

    @property
    def alpha(self) -> int | None:
        """ASSOCIATED or UNASSOCIATED; None where the sample after the colours is not alpha."""
        first = self.extra[0] if self.extra else 0
        return first if first in (ASSOCIATED, UNASSOCIATED) else None

    @property
    def is_plain(self) -> bool:
        """Whether Pillow reads it rightly: 8 bits, black and white, and whatever JPEG or fax compression wraps."""
        if set(self.directory.numbers(tiff.SAMPLE_FORMAT)) - {UNSIGNED} or self.photometric in (PALETTE, ICCLAB):
            return False
        if self.compression not in _UNPACKED:
            return True
        if self.bits == 1:
            return self.samples == 1
        if self.photometric == YCBCR:
            # Unpacked, Pillow takes every pixel to have its own colour; only libtiff knows better.
            subsampled = (self.directory.numbers(tiff.SUBSAMPLING) or (2, 2)) != (1, 1)
            return self.bits == 8 and not (subsampled and self.compression == _NONE)
        usual_extra = self.extra in ((), (0,)) or (self.photometric == RGB and self.extra in ((1,), (2,)))
        return self.bits == 8 and usual_extra and not (self.planar and self.extra)


def samples(layout: Layout) -> NDArray[np.generic]:
    """All samples as [height, width, samples], of the file's own number type. Raises UnusableError, EOFError."""
    dtype = _dtype(layout)
    if layout.directory.number(tiff.FILL_ORDER, 1) != 1:
        raise _not_read("its bits are in reverse order")
    if layout.compression not in _UNPACKED:
        raise _not_read(f"its {layout.bits} bits a sample with compression {layout.compression}")
    if layout.photometric == YCBCR:
        raise _not_read("its colours are YCbCr, and not compressed as JPEG")
    if layout.predictor not in (1, 2, 3) or (layout.predictor == 3) != (layout.kind == FLOAT and layout.predictor > 1):
        raise _not_read(f"predictor {layout.predictor} with {layout.bits} bits a sample")
    if layout.predictor == 2 and layout.bits not in (8, 16, 32, 64):
        raise _not_read(f"a predictor with {layout.bits} bits a sample")
    size = layout.width * layout.height * layout.samples * dtype.itemsize
    if size > MEMORY_LIMIT:
        reason = f"{size / 1e9:.1f} GB of samples; the limit is {MEMORY_LIMIT / 1e9:.1f} GB"
        raise UnusableError(unusable.TOO_LARGE, reason)
    result = np.zeros((layout.height, layout.width, layout.samples), dtype)
    for chunk in _chunks(layout):
        part = chunk.read(layout, dtype)
        rows, columns = min(chunk.rows, layout.height - chunk.top), min(chunk.columns, layout.width - chunk.left)
        where = slice(chunk.top, chunk.top + rows), slice(chunk.left, chunk.left + columns), chunk.bands
        result[where] = part[:rows, :columns]
    return result


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A strip or a tile: where it lies in the file and in the picture."""

    start: int
    length: int
    top: int
    left: int
    rows: int
    columns: int
    bands: slice

    def read(self, layout: Layout, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
        """[rows, columns, bands]"""
        data = layout.directory.data
        if self.start + self.length > len(data):
            raise EOFError("a strip beyond the end")
        bands = self.bands.stop - self.bands.start
        row_bytes = (self.columns * bands * layout.bits + 7) // 8
        wanted = row_bytes * self.rows
        packed = data[self.start : self.start + self.length]
        unpacked = _unpacked(packed, layout.compression, row_bytes, self.rows)
        if len(unpacked) < wanted:
            raise EOFError("a strip that ends early")
        rows = np.frombuffer(unpacked, np.uint8, wanted).reshape(self.rows, row_bytes)
        shape = (self.rows, self.columns, bands)
        if layout.bits % 8:
            flags = np.unpackbits(rows, axis=1)[:, : self.columns * bands * layout.bits]
            weights = 1 << np.arange(layout.bits)[::-1]
            return (flags.reshape(*shape, layout.bits) @ weights).astype(dtype)
        if layout.predictor == 3:
            # Adobe's technical note 3: the bytes of a row by significance, as differences.
            total = np.cumsum(rows.reshape(self.rows, -1, bands), axis=1, dtype=np.uint8)
            split = total.reshape(self.rows, dtype.itemsize, self.columns * bands)
            swapped = np.ascontiguousarray(split.transpose(0, 2, 1))
            return swapped.view(dtype.newbyteorder(">")).reshape(shape).astype(dtype)
        part = rows.view(dtype).reshape(shape)
        if layout.predictor == 2:
            part = np.cumsum(part, axis=1, dtype=dtype.newbyteorder("="))
        return part


def _chunks(layout: Layout) -> Iterator[_Chunk]:
    """All strips or tiles. Raises UnusableError where the directory does not say where they are."""
    directory = layout.directory
    tiled = tiff.TILE_OFFSETS in directory.values
    if tiled:
        columns, rows = directory.number(tiff.TILE_WIDTH, 0), directory.number(tiff.TILE_HEIGHT, 0)
        starts, lengths = directory.numbers(tiff.TILE_OFFSETS), directory.numbers(tiff.TILE_BYTES)
    else:
        columns = layout.width
        rows = min(directory.number(tiff.ROWS_PER_STRIP, layout.height), layout.height)
        starts, lengths = directory.numbers(tiff.STRIP_OFFSETS), directory.numbers(tiff.STRIP_BYTES)
    # A tile may be larger than its picture, but not by so much that it would only cost memory.
    if not (0 < columns <= 2 * layout.width + 4096 and 0 < rows <= 2 * layout.height + 4096):
        raise UnusableError(unusable.BROKEN, "broken TIFF (its strips or tiles have no size)")
    bands = 1 if layout.planar else layout.samples
    if not lengths and layout.compression == _NONE and not tiled:
        row_bytes = (columns * bands * layout.bits + 7) // 8
        lengths = tuple(row_bytes * min(rows, layout.height - rows * (index % -(-layout.height // rows)))
                        for index in range(len(starts)))  # fmt: skip
    places = [
        (top, left, slice(band, band + bands))
        for band in (range(layout.samples) if layout.planar else (0,))
        for top in range(0, layout.height, rows)
        for left in range(0, layout.width, columns)
    ]
    if len(starts) < len(places) or len(lengths) < len(places):
        raise EOFError("strips are missing")
    for (top, left, own), start, length in zip(places, starts, lengths, strict=False):
        height = rows if tiled else min(rows, layout.height - top)
        yield _Chunk(start, length, top, left, height, columns, own)


def _unpacked(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """A strip's bytes, decompressed; all these compressions are lossless."""
    if compression == _NONE:
        return packed
    try:
        if compression in (_DEFLATE, _OLD_DEFLATE):
            return zlib.decompressobj().decompress(packed, row_bytes * rows)
        return _unpacked_by_libtiff(packed, compression, row_bytes, rows)
    except (OSError, SyntaxError, ValueError, zlib.error) as error:
        raise UnusableError(unusable.BROKEN, "broken TIFF (a strip that cannot be unpacked)") from error


def _unpacked_by_libtiff(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """Decode one strip by libtiff, which comes with Pillow, as a picture of 8 bits a sample."""
    # Four bytes to a pixel where that is possible, because Pillow counts pixels, and there is a limit.
    count, photometric = (1, BLACK_IS_ZERO) if row_bytes % 4 else (4, INKS)
    entries = [
        (tiff.WIDTH, row_bytes // count), (tiff.HEIGHT, rows), (tiff.BITS, 8), (tiff.COMPRESSION, compression),
        (tiff.PHOTOMETRIC, photometric), (tiff.STRIP_OFFSETS, 8), (tiff.SAMPLES, count), (tiff.ROWS_PER_STRIP, rows),
        (tiff.STRIP_BYTES, len(packed)),
    ]  # fmt: skip
    head = b"II*\x00" + struct.pack("<I", 8 + len(packed))
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    alone = head + packed + struct.pack("<H", len(entries)) + table + bytes(4)
    with Image.open(io.BytesIO(alone), formats=("TIFF",)) as image:
        return image.tobytes()


def _dtype(layout: Layout) -> np.dtype[np.generic]:
    """Raises UnusableError for numbers of an unusual size."""
    bits, order = layout.bits, layout.directory.order
    if layout.kind == UNSIGNED and 1 <= bits <= 15 and bits != 8:
        return np.dtype(np.uint16)
    sizes = {UNSIGNED: (8, 16, 32), SIGNED: (8, 16, 32), FLOAT: (16, 32, 64)}.get(layout.kind, ())
    if bits not in sizes:
        kind = {UNSIGNED: "", SIGNED: "signed ", FLOAT: "floating point "}.get(layout.kind, "complex ")
        raise _not_read(f"its {kind}samples have {bits} bits")
    letter = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f"}[layout.kind]
    return np.dtype(f"{order}{letter}{bits // 8}")


def _not_read(what: str) -> UnusableError:
    return UnusableError(unusable.OTHER_FORMAT, f"a TIFF that is not read ({what}): save it with 8 or 16 bits a sample")
