import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.images import unusable
from sfumato.images.decoding import read_picture
from sfumato.images.jpeg import Jpeg
from sfumato.images.unusable import UnusableError

END = b"\xff\xd9"


def picture(size: tuple[int, int] = (160, 120), mode: str = "RGB") -> Image.Image:
    patches = np.random.default_rng(3).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC).convert(mode)


def jpeg(image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or picture()).save(buffer, "JPEG", **{"quality": 90, **options})
    return buffer.getvalue()


def refusal(data: bytes, **options: int) -> UnusableError:
    with pytest.raises(UnusableError) as caught:
        read_picture(data, (0, 0, 0), **options)
    return caught.value


WRITTEN = [
    {}, {"optimize": True}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 1}, {"restart_marker_blocks": 4},
    {"restart_marker_rows": 1, "progressive": True}, {"quality": 5}, {"quality": 100},
]  # fmt: skip


@pytest.mark.parametrize("options", WRITTEN, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(160, 120), (17, 16), (161, 39)])
def test_a_whole_one_is_read_however_it_was_written(options, mode, size):
    data = jpeg(picture(size, mode), **options)
    for least_side in (None, 20):
        decoded = read_picture(data, (0, 0, 0), least_side=least_side)
        assert (decoded.width, decoded.height) == size
    assert read_picture(data + b"and then some", (0, 0, 0)).image.size == size


@pytest.mark.parametrize("options", WRITTEN, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("least_side", [None, 20])
def test_an_end_that_was_put_behind_a_truncated_file_deceives_nobody(options, mode, least_side):
    data = jpeg(picture(mode=mode), **options)
    # Of a progressive one the last scan, which is long, refines the last bits: that it ends early is not seen.
    for part in (0.2, 0.35) if options.get("progressive") else (0.5, 0.8):
        cut = data[: int(part * len(data))].removesuffix(b"\xff") + END
        assert refusal(cut, least_side=least_side).kind in (unusable.TRUNCATED, unusable.BROKEN)


def test_a_grey_corner_alone_is_no_damage():
    image = picture()
    image.paste((128, 128, 128), (64, 48, 160, 120))
    for options in ({}, {"optimize": True}, {"quality": 100}):
        assert read_picture(jpeg(image, **options), (0, 0, 0)).image.getpixel((159, 119)) == (128, 128, 128)
    assert read_picture(jpeg(Image.new("L", (64, 64), 128)), (0, 0, 0)).image.getpixel((63, 63)) == (128, 128, 128)


@pytest.mark.parametrize("where", [0.4, 0.6])
def test_a_range_of_zeros_is_damage(where):
    data = jpeg(picture((320, 240)))
    start = int(where * len(data))
    error = refusal(data[:start] + bytes(512) + data[start + 512 :])
    assert error.reason == "damaged: part of it has been overwritten with zeros"


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}], ids=str)
def test_the_zeros_of_a_plain_picture_are_none(options):
    for shade in (0, 77, 255):
        data = jpeg(Image.new("RGB", (900, 900), (shade, 20, 30)), **options)
        assert read_picture(data, (0, 0, 0)).image.size == (900, 900)
    if options.get("optimize"):
        assert bytes(64) in data  # the test would show nothing otherwise


def test_a_lost_restart_marker_is_damage():
    data = jpeg(restart_marker_blocks=4)
    assert data.count(b"\xff\xd3") >= 1
    start = data.index(b"\xff\xd3")
    after = data.index(b"\xff\xd4", start)
    assert "restart markers" in refusal(data[:start] + data[after:]).reason
    swapped = bytearray(data)
    swapped[start + 1] = 0xD5
    assert "restart markers" in refusal(bytes(swapped)).reason


def test_scans_of_single_colours_are_all_there_or_it_is_truncated():
    data = jpeg(progressive=True)
    scans = [start for start in range(len(data)) if data[start : start + 2] == b"\xff\xda"]
    assert len(scans) > 5
    for start in scans[1:]:
        assert refusal(data[:start] + END).kind == unusable.TRUNCATED


def test_a_grey_profile_and_inks_of_adobe_are_as_they_were():
    blue = Image.new("CMYK", (32, 32), (255, 255, 0, 0))
    red, green, shown_blue = read_picture(jpeg(blue), (0, 0, 0)).image.getpixel((5, 5))
    assert shown_blue > 200
    assert max(red, green) < 60


@given(st.binary(max_size=200))
def test_no_bytes_break_the_segments(data):
    with contextlib.suppress(UnusableError, EOFError):
        Jpeg.examine(b"\xff\xd8\xff" + data)


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 700), st.binary(min_size=1, max_size=4))
def test_no_change_of_the_segments_breaks_them(position, change):
    data = jpeg(picture((32, 32)))
    with contextlib.suppress(UnusableError, EOFError):
        Jpeg.examine(data[:position] + change + data[position + len(change) :])
