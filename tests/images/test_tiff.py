"""A camera's raw file is mostly a TIFF, and its first page a thumbnail: neither is art."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sfumato.images import unusable
from sfumato.images.decoding import read_picture
from sfumato.images.tiff import Directory, check_is_no_raw_file
from sfumato.images.unusable import UnusableError


def entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def page(start: int, entries: list[bytes], after: int = 0) -> bytes:
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", after)


def raw(make: bytes, own: dict[int, int], below: dict[int, int], magic: bytes = b"II*\x00") -> bytes:
    """A TIFF of one page of 64 x 48 with these numbers in its directory, and a further directory below it."""
    make += b"\x00"
    pixels = Image.effect_noise((64, 48), 60).convert("RGB").tobytes()
    pixels_at = 32 + len(make)
    below_at = pixels_at + len(pixels)
    child = page(below_at, [entry(tag, 3, 1, value) for tag, value in sorted(below.items())])
    start = below_at + len(child)
    tags = {256: (3, 1, 64), 257: (3, 1, 48), 259: (3, 1, 1), 262: (3, 1, 2), 277: (3, 1, 3), 278: (3, 1, 48)}
    tags |= {258: (3, 1, 8), 271: (2, len(make), 32), 273: (4, 1, pixels_at), 279: (4, 1, len(pixels))}
    if below:
        tags[330] = (4, 1, below_at)
    tags |= {tag: (3, 1, value) for tag, value in own.items()}
    directory = page(start, [entry(tag, *rest) for tag, rest in sorted(tags.items())])
    head = (
        magic + struct.pack("<I", start) + (b"CR\x02\x00" if make.startswith(b"Canon") and not below else b"")
    ).ljust(32, b"\x00")
    return head + make + pixels + child + directory


CAMERAS = {
    # maker, first directory, the one below it
    "NEF": (b"NIKON CORPORATION", {254: 1}, {254: 0, 259: 34713, 262: 32803}),
    "ARW": (b"SONY", {254: 1}, {254: 0, 259: 32767, 262: 32803}),
    "DNG": (b"Apple", {254: 1, 50706: 0x0401}, {254: 0, 262: 34892}),
    "PEF": (b"PENTAX Corporation ", {259: 65535, 262: 32803}, {}),
    "SRW": (b"SAMSUNG", {254: 1}, {259: 32770, 262: 32803}),
    "DCR": (b"EASTMAN KODAK COMPANY", {}, {262: 32803}),
    "3FR": (b"Hasselblad", {254: 1}, {262: 32803}),
    "CR2": (b"Canon", {}, {}),
}


@pytest.mark.parametrize("kind", CAMERAS)
def test_a_raw_file_is_named_and_its_thumbnail_is_not_used(kind):
    with pytest.raises(UnusableError) as caught:
        read_picture(raw(*CAMERAS[kind]), (0, 0, 0))
    assert caught.value.kind == unusable.OTHER_FORMAT
    assert caught.value.reason == f"a camera's raw file ({kind}): export it as TIFF or JPEG first"


def test_a_raw_file_of_an_unknown_maker_has_no_letters():
    with pytest.raises(UnusableError, match=r"^a camera's raw file: export"):
        read_picture(raw(b"Somebody", {254: 1}, {262: 32803}), (0, 0, 0))


@pytest.mark.parametrize("make", [b"NIKON CORPORATION", b"SONY", b"Somebody"])
def test_a_photograph_saved_as_tiff_is_none_even_with_a_thumbnail_below(make):
    assert read_picture(raw(make, {}, {254: 1}), (0, 0, 0)).image.size == (64, 48)
    assert read_picture(raw(make, {254: 0}, {}), (0, 0, 0)).image.size == (64, 48)


def test_a_thumbnail_that_comes_first_is_not_taken_for_the_picture():
    with pytest.raises(UnusableError, match="first page is only the thumbnail"):
        read_picture(raw(b"Somebody", {254: 1}, {}), (0, 0, 0))


def test_a_directory_beyond_the_end_is_truncated():
    data = raw(b"SONY", {}, {})
    for cut in (9, 40, len(data) - 5):
        with pytest.raises(EOFError):
            Directory.first(data[:cut])


@given(st.binary(max_size=200), st.sampled_from([b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"]))
def test_no_bytes_break_the_directory(data, start):
    with contextlib.suppress(EOFError, struct.error, UnusableError):
        check_is_no_raw_file(Directory.first(start + data))
