import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.images.files import FORMATS, HEAD_BYTES, is_truncated, picture_format


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
    ("brands", "found"),
    [
        (b"avif\0\0\0\0mif1miaf", "AVIF"),
        (b"avis\0\0\0\0msf1", "AVIF"),
        (b"mif1\0\0\0\0avifmif1miafMA1B", "AVIF"),  # the brand that counts may stand anywhere in the list
        (b"mif1\0\0\0\0mif1heic", "HEIF"),
        (b"heic\0\0\0\0mif1heic", "HEIF"),
        (b"isom\0\0\0\0iso2avc1", None),
        (b"crx \0\0\0\0crx isom", None),
    ],
)
def test_a_media_file_is_what_its_brands_say(brands, found):
    head = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"avif"  # what comes after them says nothing
    assert picture_format(head) == found


def test_two_letters_are_not_enough_for_a_bitmap():
    assert picture_format(b"BMX, the sport: a text about it ......") is None


@given(st.binary(max_size=300), st.sampled_from(FORMATS))
def test_no_bytes_break_the_sniffing(data, name):
    picture_format(data[:HEAD_BYTES])
    is_truncated(data, name)
