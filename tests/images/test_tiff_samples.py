"""TIFFs are written byte by byte here: what is stored is known, and no other program's reading of it is asked."""

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.images import unusable
from sfumato.images.decoding import read_picture
from sfumato.images.tiff import Directory
from sfumato.images.tiff_samples import Layout, samples
from sfumato.images.unusable import UnusableError

BACKGROUND = (255, 255, 255)
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
KINDS = {"u": 1, "i": 2, "f": 3}


@dataclass
class Written:
    """A TIFF of samples [height, width, samples] in one layout."""

    samples: np.ndarray
    photometric: int
    extra: tuple[int, ...] = ()
    order: str = "<"
    planar: bool = False
    tiled: bool = False
    deflate: bool = False
    predictor: int = 1
    big: bool = False
    tags: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        height, width, count = self.samples.shape
        bits = 8 * self.samples.itemsize
        rows = 16 if self.tiled else 7
        columns = 32 if self.tiled else width
        pieces = []
        for band in range(count) if self.planar else [slice(None)]:
            plane = self.samples[..., band].reshape(height, width, -1)
            for top in range(0, height, rows):
                for left in range(0, width, columns):
                    part = plane[top : top + rows, left : left + columns]
                    if self.tiled:
                        missing = (0, rows - part.shape[0]), (0, columns - part.shape[1]), (0, 0)
                        part = np.pad(part, missing, mode="edge")
                    pieces.append(self._packed(part))
        tags = {
            256: ("L", (width,)), 257: ("L", (height,)), 258: ("H", (bits,) * count),
            259: ("H", (8 if self.deflate else 1,)), 262: ("H", (self.photometric,)), 277: ("H", (count,)),
            284: ("H", (2 if self.planar else 1,)), 317: ("H", (self.predictor,)),
            339: ("H", (KINDS[self.samples.dtype.kind],) * count),
        }  # fmt: skip
        if self.extra:
            tags[338] = ("H", self.extra)
        head = 16 if self.big else 8
        starts = tuple(head + sum(map(len, pieces[:index])) for index in range(len(pieces)))
        lengths = tuple(map(len, pieces))
        if self.tiled:
            tags |= {322: ("H", (columns,)), 323: ("H", (rows,)), 324: ("L", starts), 325: ("L", lengths)}
        else:
            tags |= {278: ("H", (rows,)), 273: ("L", starts), 279: ("L", lengths)}
        return assembled(b"".join(pieces), tags | self.tags, self.order, big=self.big)

    def _packed(self, part: np.ndarray) -> bytes:
        stored = part.astype(part.dtype.newbyteorder(self.order))
        if self.predictor == 2:
            whole = part.view(f"u{part.itemsize}")
            stored = np.diff(whole, axis=1, prepend=np.zeros_like(whole[:, :1])).astype(f"{self.order}u{part.itemsize}")
        elif self.predictor == 3:
            by_value = part.astype(part.dtype.newbyteorder(">")).reshape(len(part), -1)
            by_byte = by_value.view(np.uint8).reshape(len(part), -1, part.itemsize).transpose(0, 2, 1)
            by_byte = by_byte.reshape(len(part), -1, part.shape[2])
            stored = np.diff(by_byte, axis=1, prepend=np.zeros_like(by_byte[:, :1]))
        return zlib.compress(stored.tobytes()) if self.deflate else stored.tobytes()


def assembled(content: bytes, tags: dict, order: str = "<", *, big: bool = False) -> bytes:
    """Header, content and one directory. tags: by number, (struct's letter, numbers)."""
    mark = b"II" if order == "<" else b"MM"
    number, inline = ("Q", 8) if big else ("I", 4)
    head = 16 if big else 8
    start = head + len(content)
    codes = {"B": 1, "s": 2, "H": 3, "L": 4}
    letter = {"B": "B", "H": "H", "L": "I"}
    entries, far = b"", b""
    far_start = start + (8 + 20 * len(tags) + 8 if big else 2 + 12 * len(tags) + 4)
    for tag, (kind, values) in sorted(tags.items()):
        if kind == "s":
            data, count = values, len(values)
        else:
            data, count = struct.pack(f"{order}{len(values)}{letter[kind]}", *values), len(values)
        entries += struct.pack(f"{order}HH{number}", tag, codes[kind], count)
        if len(data) > inline:
            entries += struct.pack(f"{order}{number}", far_start + len(far))
            far += data + bytes(-len(data) % 2)
        else:
            entries += data + bytes(inline - len(data))
    table = struct.pack(f"{order}{'Q' if big else 'H'}", len(tags)) + entries + bytes(inline)
    if big:
        return mark + struct.pack(f"{order}HHHQ", 43, 8, 0, start) + content + table + far
    return mark + struct.pack(f"{order}HI", 42, start) + content + table + far


def colours(count: int = 3) -> np.ndarray:
    """Ramps in every channel, 0 to 1: [20, 40, count]."""
    y, x = np.mgrid[0:20, 0:40]
    return np.stack([x / 39, y / 19, (x + y) / 58, np.full_like(x / 39, 0.5)][:count], axis=-1)


def stored_as(values: np.ndarray, dtype: str) -> np.ndarray:
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return values.astype(kind)
    return (values * float(np.iinfo(kind).max)).round().astype(kind)


def shown(written: Written) -> np.ndarray:
    return np.asarray(read_picture(written.to_bytes(), BACKGROUND).image).astype(int)


LAYOUTS = [
    {"planar": planar, "tiled": tiled, "deflate": deflate, "order": order, "big": big}
    for planar, tiled, deflate, order, big in [
        (False, False, False, "<", False), (True, False, False, ">", False), (True, True, True, "<", False),
        (False, True, True, ">", False), (False, False, True, "<", True), (True, False, False, "<", True),
    ]
]  # fmt: skip
TYPES = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(name for name, on in layout.items() if on))
@pytest.mark.parametrize("predictor", [1, 2, 3])
def test_every_layout_gives_the_same_picture(dtype, layout, predictor):
    if predictor == 3 and dtype[0] != "f":
        pytest.skip("of floats alone")
    if predictor == 2 and dtype[0] == "f":
        pytest.skip("of integers alone")
    if predictor > 1 and not layout["deflate"]:
        pytest.skip("of compressed samples alone")
    expected = colours() * 255
    tolerance = 1.5 if dtype == "i1" else 1  # seven bits
    assert (
        np.abs(shown(Written(stored_as(colours(), dtype), RGB, predictor=predictor, **layout)) - expected).max()
        <= tolerance
    )


@pytest.mark.parametrize("dtype", TYPES)
def test_grey_either_way_round(dtype):
    grey = colours(1)
    assert np.abs(shown(Written(stored_as(grey, dtype), BLACK_IS_ZERO)) - grey * 255).max() <= 1.5
    assert np.abs(shown(Written(stored_as(1 - grey, dtype), WHITE_IS_ZERO)) - grey * 255).max() <= 1.5


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("extra", [0, 1, 2])
@pytest.mark.parametrize("photometric", [BLACK_IS_ZERO, RGB])
def test_a_further_sample_is_alpha_of_its_kind_or_none(dtype, planar, extra, photometric):
    plain = colours(1 if photometric == BLACK_IS_ZERO else 3)
    alpha = np.full_like(plain[..., :1], 0.5)
    stored = plain * alpha if extra == 1 else plain
    written = Written(stored_as(np.concatenate([stored, alpha], -1), dtype), photometric, extra=(extra,), planar=planar)
    expected = plain * 255 if extra == 0 else (plain * 0.5 + 0.5) * 255
    assert np.abs(shown(written) - expected).max() <= 2
    assert read_picture(written.to_bytes(), BACKGROUND).transparent == (extra != 0)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("planar", [False, True])
def test_inks(dtype, planar):
    inks = np.zeros((20, 20, 4))
    inks[..., :2] = 1  # cyan and magenta: blue
    red, green, blue = shown(Written(stored_as(inks, dtype), INKS, planar=planar))[5, 5]
    assert blue > 200
    assert max(red, green) < 60


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", [CIELAB, ICCLAB])
def test_lab_with_and_without_a_sign(bits, photometric):
    # L* 50, a* 60, b* 40: CIE 15's formula, and Bradford's matrix from D50 to linear sRGB.
    x, y, z = (factor * ((50 + 16) / 116 + off) ** 3 for factor, off in ((0.9642, 0.12), (1.0, 0.0), (0.8249, -0.2)))
    to_rgb = [[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]]
    expected = 255 * (1.055 * (to_rgb @ np.array([x, y, z])) ** (1 / 2.4) - 0.055)
    scale = 1 if bits == 8 else 256
    lightness = 127.5 * (1 if bits == 8 else 257)
    middle = 128 * scale if photometric == ICCLAB else 0
    values = np.full((20, 20, 3), (round(lightness), 60 * scale + middle, 40 * scale + middle), f"u{bits // 8}")
    red, green, blue = shown(Written(values, photometric))[4, 4]
    assert (red, green, blue) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 10, 12, 14])
def test_samples_that_are_no_whole_bytes(bits):
    values = (colours(3) * ((1 << bits) - 1)).round().astype(np.int64)
    flags = (values.reshape(20, -1, 1) >> np.arange(bits)[::-1] & 1).reshape(20, -1).astype(np.uint8)
    rows = np.packbits(flags, axis=1)
    tags = {
        256: ("L", (40,)), 257: ("L", (20,)), 258: ("H", (bits,) * 3), 259: ("H", (1,)), 262: ("H", (RGB,)),
        273: ("L", (8,)), 277: ("H", (3,)), 278: ("H", (20,)), 279: ("L", (rows.size,)),
    }  # fmt: skip
    result = np.asarray(read_picture(assembled(rows.tobytes(), tags), BACKGROUND).image).astype(int)
    assert np.abs(result - values * 255 / ((1 << bits) - 1)).max() <= 1


@pytest.mark.parametrize("wide", [False, True])
def test_a_palette_of_eight_or_sixteen_bits(wide):
    palette = np.random.default_rng(0).integers(0, 256, (3, 256))
    palette[0, 0] = 255
    index = np.arange(400).reshape(20, 20, 1).astype(np.uint8)
    tags = {320: ("H", tuple((palette * (257 if wide else 1)).ravel().tolist()))}
    assert (shown(Written(index, PALETTE, tags=tags)) == palette.T[index[..., 0]]).all()


@pytest.mark.parametrize(
    ("highest", "dtype", "white"),
    [
        (1.0, "f4", 1), (3.0, "f4", 1), (200.0, "f4", 255), (60_000.0, "f8", 65535), (200, "i4", 255), (200, "i2", 255),
        (1e6, "f4", 1e6), (40_000, "u4", 65535), (3_000, "u2", 65535),
    ],
)  # fmt: skip
def test_white_is_what_the_type_or_the_brightest_sample_says(highest, dtype, white):
    values = (colours(1) * highest).astype(dtype)
    assert np.abs(shown(Written(values, BLACK_IS_ZERO)) - np.clip(values / white, 0, 1) * 255).max() <= 1


def test_floats_that_are_no_numbers_are_black_and_infinite_ones_white():
    values = np.full((16, 16, 3), 0.5, np.float32)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    assert shown(Written(values, RGB))[0, :4, 0].tolist() == [0, 255, 0, 128]


def refusal(data: bytes) -> UnusableError:
    with pytest.raises(UnusableError) as caught:
        read_picture(data, BACKGROUND)
    return caught.value


def test_what_is_not_read_says_what_is_unusual_and_what_to_do():
    below_zero = refusal(Written(np.full((20, 20, 1), -5, np.int16), BLACK_IS_ZERO).to_bytes())
    assert "below zero" in below_zero.reason
    for written, words in [
        (Written(stored_as(colours(1), "f8").view("i8").astype("u8"), BLACK_IS_ZERO), "64 bits"),
        (Written(stored_as(colours(), "u2"), RGB, tags={262: ("H", (32844,))}), "kind 32844"),
        (Written(stored_as(colours(), "u2"), RGB, tags={259: ("H", (34712,))}), "compression is number 34712"),
        (Written(stored_as(colours(), "u2"), RGB, tags={258: ("H", (16, 8, 8))}), "not all of one kind"),
        (Written(stored_as(colours(), "u1"), YCBCR, tags={530: ("H", (2, 2))}), "YCbCr"),
        (Written(stored_as(colours(4), "u2"), INKS, tags={332: ("H", (2,))}), "inks other than"),
        (Written(np.zeros((20, 20, 5), np.uint8), INKS, extra=(2,)), "transparent inks"),
    ]:
        error = refusal(written.to_bytes())
        assert error.kind == unusable.OTHER_FORMAT, words
        assert words in error.reason
        assert ": save it " in error.reason


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("planar", [False, True])
def test_strips_that_end_early_or_lie_beyond_the_end_are_truncated(deflate, planar):
    whole = Written(stored_as(colours(), "u2"), RGB, deflate=deflate, planar=planar)
    count = 9 if planar else 3
    for tags in ({273: ("L", (10**6,) * count)}, {279: ("L", (5,) * count)}, {273: ("L", (8,))}):
        changed = Written(whole.samples, RGB, deflate=deflate, planar=planar, tags=tags)
        assert refusal(changed.to_bytes()).kind == unusable.TRUNCATED


def test_samples_that_would_fill_the_memory_are_refused_before_they_are_unpacked():
    tags = {256: ("L", (9_000,)), 257: ("L", (9_000,)), 278: ("L", (9_000,))}
    error = refusal(Written(stored_as(colours(), "f8"), RGB, tags=tags).to_bytes())
    assert error.kind == unusable.TOO_LARGE
    assert error.reason == "1.9 GB of samples; the limit is 1.1 GB"


def test_orientation_and_profile_are_kept():
    written = Written(stored_as(colours(), "u2"), RGB, tags={274: ("H", (6,))})
    decoded = read_picture(written.to_bytes(), BACKGROUND)
    assert decoded.image.size == (20, 40) == (decoded.width, decoded.height)
    assert np.abs(np.asarray(decoded.image).astype(int) - np.rot90(colours() * 255, -1)).max() <= 1


@given(
    st.dictionaries(
        st.integers(254, 345),
        st.tuples(st.just("H"), st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=9).map(tuple)),
        max_size=4,
    )
)
def test_no_tags_break_the_reading(tags):
    data = Written(stored_as(colours(), "u2")[:16, :16], RGB, tags=tags).to_bytes()
    try:
        layout = Layout.of(Directory.first(data))
        if layout.width * layout.height < 10**6:
            samples(layout)
    except (UnusableError, EOFError):
        pass


def test_samples_of_no_stated_kind_are_numbers_without_a_sign():
    values = stored_as(colours(), "u1")
    assert (shown(Written(values, RGB, tags={339: ("H", (4, 4, 4))})) == values).all()


def test_a_palette_with_alpha():
    index = np.zeros((20, 20, 2), np.uint8)
    index[:, 10:, 0], index[:, :10, 1] = 7, 255
    palette = np.full((3, 256), 40 * 257)
    written = Written(index, PALETTE, extra=(2,), tags={320: ("H", tuple(palette.ravel().tolist()))})
    assert shown(written)[0, [0, 19], 0].tolist() == [40, 255]
