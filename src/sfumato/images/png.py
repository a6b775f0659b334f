"""A PNG's chunks: whether their checksums are right, and what they say the samples mean.

Sections are those of the PNG specification, third edition.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from sfumato.images import unusable
from sfumato.images.colour import is_profile
from sfumato.images.colour_space import ColourSpace, from_code_points
from sfumato.images.unusable import UnusableError

_KEPT: Final = frozenset((b"IHDR", b"cICP", b"sRGB", b"gAMA", b"cHRM", b"tRNS"))
_GREY, _TRUECOLOUR, _GREY_ALPHA = 0, 2, 4  # colour types (11.2.1)


@dataclass(frozen=True, slots=True)
class Png:
    """What a PNG holds besides its pixels: the data of the first chunk of each kind."""

    chunks: dict[bytes, bytes]

    @classmethod
    def examine(cls, data: bytes) -> Png:
        """Go through a whole file. Raises UnusableError for a wrong checksum, EOFError where its end is missing."""
        chunks: dict[bytes, bytes] = {}
        view, position, end = memoryview(data), 8, len(data)
        while position + 12 <= end:
            length, name = struct.unpack_from(">I4s", data, position)
            after = position + 12 + length
            if after > end:
                break
            (stated,) = struct.unpack_from(">I", data, after - 4)
            if zlib.crc32(view[position + 4 : after - 4]) != stated:
                shown = name.decode("ascii") if name.isalpha() else name.hex()
                raise UnusableError(unusable.BROKEN, f"damaged: the checksum of its {shown} chunk is wrong")
            if name == b"IEND":
                return cls(chunks)
            if name in _KEPT:
                chunks.setdefault(name, data[position + 8 : after - 4])
            position = after
        raise EOFError("no IEND chunk")

    @property
    def bits(self) -> int:
        """Of each sample."""
        return self._header[0]

    @property
    def colour_type(self) -> int:
        """0, 2, 3, 4 or 6 (11.2.1)."""
        return self._header[1]

    @property
    def transparent(self) -> tuple[int, ...] | None:
        """The one grey or (red, green, blue) that is transparent, in the samples' own range (11.3.1.1)."""
        key = self.chunks.get(b"tRNS", b"")
        count = {_GREY: 1, _TRUECOLOUR: 3}.get(self.colour_type)
        if count is None or len(key) < 2 * count:
            return None
        mask = (1 << self.bits) - 1  # what is above it has no meaning
        return tuple(value & mask for value in struct.unpack_from(f">{count}H", key))

    @property
    def stated_space(self) -> ColourSpace | None:
        """What cICP says, which goes before an ICC profile (4.3); None where there is none or it leaves it open.

        Raises UnusableError for spaces that are not read.
        """
        code = self.chunks.get(b"cICP", b"")
        if len(code) < 4:
            return None
        primaries, transfer, matrix, full_range = code[:4]
        if matrix != 0 or full_range != 1:
            reason = "its samples are no RGB of full range (cICP): export it in sRGB"
            raise UnusableError(unusable.OTHER_FORMAT, reason)
        return from_code_points(primaries, transfer)

    @property
    def assumed_space(self) -> ColourSpace | None:
        """What holds where neither cICP nor an ICC profile does: sRGB, or gAMA with or without cHRM (4.3)."""
        gamma = self.chunks.get(b"gAMA", b"")
        if b"sRGB" in self.chunks or len(gamma) < 4:
            return None
        (exponent,) = struct.unpack_from(">I", gamma)
        if not 5_000 <= exponent <= 500_000:  # 1/20 to 5: beyond, it is a mistake
            return None
        space = ColourSpace(gamma=100_000 / exponent)
        points = self.chunks.get(b"cHRM", b"")
        if len(points) < 32:
            return space
        x = [value / 100_000 for value in struct.unpack_from(">8I", points)]
        return ColourSpace((x[0], x[1]), (x[2], x[3]), (x[4], x[5]), (x[6], x[7]), space.gamma)

    @property
    def _header(self) -> bytes:
        header = self.chunks.get(b"IHDR", b"")
        if len(header) < 13:
            raise UnusableError(unusable.BROKEN, "broken: a PNG without a header")
        return header[8:13]


def with_colours(image: Image.Image, data: bytes, png: Png) -> tuple[Image.Image, bytes | None]:
    """The loaded picture with its transparency as the file means it, and the ICC profile to apply, if any."""
    embedded = image.info.get("icc_profile")
    if len(png.chunks) == 1:  # most have a header alone
        return image, embedded
    space = png.stated_space
    if space is None and is_profile(embedded):
        profile = embedded
    else:
        space = space or png.assumed_space
        profile = None
    deep = _read_deep(data, png, space)
    if deep is not None:
        image = deep
        space = replace(space, gamma=None) if space is not None else None
    elif png.transparent is not None:
        # Pillow widens fewer bits to eight, and leaves the transparent grey as it is.
        key = tuple(value * 255 // ((1 << png.bits) - 1) for value in png.transparent)
        image.info["transparency"] = key if len(key) > 1 else key[0]
    if space is not None and not space.is_srgb:
        profile = space.profile()
    return image, profile


def _read_deep(data: bytes, png: Png, space: ColourSpace | None) -> Image.Image | None:
    """A PNG of 16 bits a sample whose samples' meaning is lost in 8: mode L or RGB, or with alpha LA or RGBA.

    That is so where one of 65,536 greys or 2 ** 48 colours is transparent, and where the curve is not sRGB's, so that
    8 bits would show the shadows in steps. The curve of `space` is applied, its primaries are not. None for all other
    PNGs, of which Pillow keeps what matters.
    """
    key = png.transparent
    has_curve = space is not None and not space.has_srgb_curve
    if png.bits != 16 or png.colour_type == _GREY_ALPHA or (key is None and not has_curve):
        return None
    mode, parts = "", []
    # Pillow keeps one of each sample's two bytes, the first; told that they stand the other way round, the second.
    for order in ("B", "L"):
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            mode = image.mode
            if mode not in ("I;16", "RGB", "RGBA"):
                return None
            if mode != "I;16":
                image.tile = [tile._replace(args=f"{mode};16{order}") for tile in image.tile]
            image.load()
            parts.append(np.asarray(image))
    high, low = (part.astype(np.uint16) for part in parts)
    samples = high[..., None] if mode == "I;16" else high << 8 | low
    colour = samples[..., :3]
    scaled = colour.astype(np.float32) / np.float32(65535)
    if space is not None:
        scaled = space.srgb_samples(scaled)
    levels = (np.clip(scaled, 0, 1) * 255 + 0.5).astype(np.uint8)
    picture = Image.fromarray(levels[..., 0] if levels.shape[-1] == 1 else levels)
    if key is not None:
        opaque = (colour != np.array(key, dtype=np.uint16)).any(axis=-1)
        picture.putalpha(Image.fromarray(np.where(opaque, np.uint8(255), np.uint8(0))))
    elif mode == "RGBA":
        picture.putalpha(Image.fromarray(((samples[..., 3].astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)))
    return picture


SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MOST_BESIDE: Final = 8 << 20  # bytes of one chunk that is none of the picture's own, such as a text
MOST_CHUNKS: Final = 100_000
_PICTURE: Final = {b"IDAT", b"fdAT"}
_FRAME: Final = 12  # length, name, checksum


def check_chunks(file: BinaryIO) -> None:
    """Raises ValueError for a PNG whose texts, or the number of its chunks, would fill a machine.

    Leaves the file at its beginning. What is no PNG, or ends early, is for its reader to say."""
    file.seek(0)
    if file.read(len(SIGNATURE)) == SIGNATURE:
        _walk(file)
    file.seek(0)


def _walk(file: BinaryIO) -> None:
    place = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        length, name = struct.unpack(">I4s", head)
        if length > MOST_BESIDE and name not in _PICTURE:
            raise ValueError(f"its chunk {name.decode('latin-1')!r} claims to be {length / 1e6:,.0f} MB long")
        place += _FRAME + length
        file.seek(place)
    raise ValueError(f"it has more than {MOST_CHUNKS:,} chunks")
