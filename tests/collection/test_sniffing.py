import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.collection.sniffing import FORMATS, HEAD_BYTES, is_truncated, other_kind, picture_format


def encoded(name: str) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).normal(128, 60, (40, 40)).clip(0, 255).astype(np.uint8)
    Image.fromarray(noise).convert("RGB").save(buffer, name)
    return buffer.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_known_by_its_content(name):
    assert picture_format(encoded(name)[:HEAD_BYTES]) == name


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "TIFF"])
def test_a_whole_file_is_not_taken_for_truncated_and_half_a_file_is(name):
    data = encoded(name)
    assert not is_truncated(data, name)
    assert is_truncated(data[: len(data) // 2], name)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF", "a PostScript file"),
        (b"8BPS\x00\x01", "a Photoshop file"),
        (b"\n <svg xmlns=", "an SVG drawing, which is not read"),
        (b"\x00\x00\x00\x18ftypheic", "a HEIC picture, which is not read"),
        (b"\x00\x00\x00\x18ftypisom", "a film"),
        (b"RIFF\x00\x00\x00\x00WAVE", "a sound"),
        (b"just text", None),
    ],
)
def test_what_is_not_read_has_a_name(head, kind):
    assert picture_format(head) is None
    assert other_kind(head) == kind


def test_two_letters_are_not_enough_for_a_bitmap():
    assert picture_format(b"BMX, the sport: a text about it ......") is None


@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_no_bytes_break_the_sniffing(data, name):
    picture_format(data[:HEAD_BYTES])
    other_kind(data[:HEAD_BYTES])
    is_truncated(data, name)
