"""PNGs are written chunk by chunk here, so that nothing that Pillow does on both sides can hide a mistake."""

import io
import os
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.decoding import read_picture
from sfumato.images.png import MOST_CHUNKS, SIGNATURE, Png, check_chunks
from sfumato.images.unusable import UnusableError
from sfumato.works import read_work

BACKGROUND = (24, 20, 28)
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(colour_type: int, bits: int, rows: list[bytes], width: int, *before: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, len(rows), bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + row for row in rows))
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *before, chunk(b"IDAT", pixels), chunk(b"IEND"))
    )  # fmt: skip


def of_array(samples: np.ndarray, *before: bytes) -> bytes:
    """8- or 16-bit samples [H, W, 1, 2, 3 or 4]."""
    colour_type = {1: GREY, 2: GREY_ALPHA, 3: RGB, 4: RGBA}[samples.shape[2]]
    stored = samples.astype(samples.dtype.newbyteorder(">"))
    return png(colour_type, 8 * samples.itemsize, [row.tobytes() for row in stored], samples.shape[1], *before)


def shown(data: bytes) -> np.ndarray:
    return np.asarray(read_picture(data, BACKGROUND).image).astype(int)


def ramp(bits: int = 8, channels: int = 3) -> np.ndarray:
    """A ramp of grey: [16, 256, channels]."""
    levels = np.linspace(0, (1 << bits) - 1, 256).round().astype(f"u{bits // 8}")
    return np.tile(levels[None, :, None], (16, 1, channels))


def srgb_of(light: np.ndarray) -> np.ndarray:
    """IEC 61966-2-1: light (0..1) as levels of 0..255."""
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


SOUND = of_array(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8), chunk(b"tEXt", b"by\0me"))


@pytest.mark.parametrize("name", [b"IHDR", b"tEXt", b"IDAT", b"IEND"])
@pytest.mark.parametrize("part", ["data", "checksum"])
def test_a_wrong_checksum_of_any_chunk_is_damage(name, part):
    data = bytearray(SOUND)
    start = data.index(name)
    length = struct.unpack_from(">I", data, start - 4)[0]
    if part == "data" and not length:
        pytest.skip("this chunk is empty")
    data[start + 4 + (length - 1 if part == "data" else length)] ^= 1
    with pytest.raises(UnusableError, match=f"damaged: the checksum of its {name.decode()} chunk is wrong") as caught:
        read_picture(bytes(data), BACKGROUND)
    assert caught.value.kind == unusable.BROKEN


def test_a_chunk_after_the_pixels_is_checked_too():
    data = bytearray(SOUND[:-12] + chunk(b"tEXt", b"by\0me") + SOUND[-12:])
    data[-20] ^= 1
    with pytest.raises(UnusableError, match="checksum of its tEXt"):
        read_picture(bytes(data), BACKGROUND)


def test_without_an_end_it_is_truncated_and_what_follows_the_end_is_no_matter():
    assert read_picture(SOUND + b"and then some", BACKGROUND).image.size == (32, 32)
    with pytest.raises(UnusableError) as caught:
        read_picture(SOUND[:-12], BACKGROUND)
    assert caught.value.kind == unusable.TRUNCATED


@given(st.integers(8, len(SOUND) - 1), st.integers(1, 255))
@settings(deadline=None, max_examples=300)
def test_one_changed_byte_is_never_taken_for_sound(position, change):
    data = bytearray(SOUND)
    data[position] ^= change
    with pytest.raises(UnusableError):
        read_picture(bytes(data), BACKGROUND)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("exponent", [100_000, 55_556])
def test_gama_is_converted_to_srgb(bits, channels, exponent):
    samples = ramp(bits, channels)
    if channels in (2, 4):
        samples[..., -1] = (1 << bits) - 1
    result = shown(of_array(samples, chunk(b"gAMA", struct.pack(">I", exponent))))
    expected = srgb_of((samples[0, :, 0] / ((1 << bits) - 1)) ** (100_000 / exponent))
    assert np.abs(result[3, :, 1] - expected).max() <= 1.5
    if exponent == 100_000:
        assert expected[128] > 180  # the test would notice if nothing were converted


def test_deep_shadows_of_a_linear_picture_are_not_shown_in_steps():
    samples = np.tile(np.arange(256, dtype=np.uint16)[None, :, None] * 8, (16, 1, 3))  # 3 % of white at most
    levels = shown(of_array(samples, chunk(b"gAMA", struct.pack(">I", 100_000))))[0, :, 0]
    assert len(set(levels)) > 40  # of 8 bits' linear steps there are eight here


@pytest.mark.parametrize("exponent", [45_455, 45_000, 47_000, 0, 1, 4_000_000_000])
def test_a_gama_of_srgb_or_of_no_sense_changes_nothing(exponent):
    assert (shown(of_array(ramp(), chunk(b"gAMA", struct.pack(">I", exponent)))) == ramp()).all()


LINEAR, SRGB = chunk(b"gAMA", struct.pack(">I", 100_000)), chunk(b"sRGB", b"\x00")
CICP_SRGB, CICP_LINEAR = chunk(b"cICP", bytes((1, 13, 0, 1))), chunk(b"cICP", bytes((1, 8, 0, 1)))


def icc(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"x\x00\x00" + zlib.compress(profile))


def swapped() -> bytes:
    """A profile in which red and blue have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")


@pytest.mark.parametrize(
    ("chunks", "meaning"),
    [
        ([LINEAR], "linear"),
        ([SRGB, LINEAR], "srgb"),  # sRGB goes before gAMA,
        ([icc(swapped()), SRGB, LINEAR], "swapped"),  # a profile before sRGB,
        ([CICP_SRGB, icc(swapped()), LINEAR], "srgb"),  # and cICP before them all
        ([CICP_LINEAR, icc(swapped()), SRGB], "linear"),
        ([icc(b"no profile"), LINEAR], "linear"),  # a profile that is none is not there
        ([chunk(b"cICP", bytes((2, 2, 0, 1))), LINEAR], "linear"),  # nor is a cICP that leaves it open
    ],
)
@pytest.mark.parametrize("bits", [8, 16])
def test_what_says_how_the_samples_are_meant_has_its_order(chunks, meaning, bits):
    level = 100
    samples = np.zeros((16, 16, 3), f"u{bits // 8}")
    samples[..., 0] = level * (257 if bits == 16 else 1)
    red, _, blue = shown(of_array(samples, *chunks))[4, 4]
    expected = {"srgb": (level, 0), "linear": (srgb_of(np.array(level / 255)), 0), "swapped": (0, level)}[meaning]
    assert (red, blue) == pytest.approx(expected, abs=3)


def test_primaries_of_display_p3_reach_beyond_srgb_and_its_white_stays_white():
    p3 = chunk(b"cICP", bytes((12, 13, 0, 1)))
    samples = np.array([[255, 255, 255], [128, 128, 128], [200, 100, 50]], np.uint8)[None].repeat(16, 0).repeat(16, 1)
    white, grey, brown = shown(of_array(samples, p3))[0, ::16]
    assert np.abs(white - 255).max() <= 1
    assert np.abs(grey - 128).max() <= 1
    to_xyz = [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0, 0.0451134, 1.0439444]]
    srgb = [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
    light = ((np.array([200, 100, 50]) / 255 + 0.055) / 1.055) ** 2.4
    assert np.abs(brown - srgb_of(np.linalg.solve(srgb, np.array(to_xyz) @ light))).max() <= 1.5


def test_chrm_moves_the_primaries():
    rec2020 = (31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600)
    chunks = chunk(b"gAMA", struct.pack(">I", 45_455)), chunk(b"cHRM", struct.pack(">8I", *rec2020))
    samples = np.full((16, 16, 3), (90, 160, 70), np.uint8)
    red, green, blue = shown(of_array(samples, *chunks))[0, 0]
    assert green > 160
    assert red < 60
    assert blue < 70
    nonsense = chunks[0], chunk(b"cHRM", struct.pack(">8I", *[0] * 8))
    with pytest.raises(UnusableError, match="not colours"):
        read_picture(of_array(samples, *nonsense), BACKGROUND)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ((9, 16, 0, 1), r"high dynamic range \(PQ\)"),
        ((9, 18, 0, 1), r"high dynamic range \(HLG\)"),
        ((1, 13, 1, 1), "no RGB of full range"),
        ((1, 13, 0, 0), "no RGB of full range"),
        ((22, 13, 0, 1), "primaries 22"),
    ],
)
def test_spaces_that_are_not_read_are_refused_by_name(code, words):
    with pytest.raises(UnusableError, match=f"{words}.*: export it in sRGB") as caught:
        read_picture(of_array(ramp(), chunk(b"cICP", bytes(code))), BACKGROUND)
    assert caught.value.kind == unusable.OTHER_FORMAT


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_grey_is_found_at_every_depth(bits):
    white = (1 << bits) - 1
    per_byte = 8 // bits
    left, right = sum(white << (bits * place) for place in range(per_byte)), 0
    row = bytes([left] * (16 // per_byte) + [right] * (16 // per_byte))
    data = png(GREY, bits, [row] * 16, 32, chunk(b"tRNS", struct.pack(">H", white | 0xFF00 & ~white)))
    result = shown(data)
    assert tuple(result[3, 3]) == BACKGROUND
    assert tuple(result[3, 30]) == (0, 0, 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_of_many_deep_colours_is_transparent_and_not_its_neighbour(channels):
    samples = np.full((16, 16, channels), 0x8040, np.uint16)
    samples[:, 8:] = 0x8041
    key = chunk(b"tRNS", struct.pack(f">{channels}H", *[0x8041] * channels))
    result = shown(of_array(samples, key))
    assert tuple(result[0, 0]) == (128, 128, 128)
    assert tuple(result[0, 15]) == BACKGROUND


@pytest.mark.parametrize("interlaced", [False, True])
def test_a_palette_with_transparent_entries(interlaced):
    image = Image.new("P", (32, 32), 1)
    image.putpalette([200, 0, 0, 0, 200, 0])
    image.paste(0, (0, 0, 16, 32))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=bytes([0, 255]), interlace=interlaced)
    result = shown(buffer.getvalue())
    assert tuple(result[3, 3]) == BACKGROUND
    assert tuple(result[3, 30]) == (0, 200, 0)


@given(st.binary(max_size=120))
def test_no_bytes_break_the_chunks(data):
    with pytest.raises((UnusableError, EOFError)):
        Png.examine(b"\x89PNG\r\n\x1a\n" + data)


def part(name: bytes, data: bytes, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return struct.pack(">I", size) + name + data + struct.pack(">I", zlib.crc32(name + data))


def picture(*parts: bytes) -> bytes:
    """A PNG with these parts after its head."""
    Image.new("RGB", (32, 32)).save(buffer := io.BytesIO(), "PNG")
    data = buffer.getvalue()
    return data[:33] + b"".join(parts) + data[33:]


def refused_soon(path: Path, said: str) -> None:
    began = time.process_time()
    with pytest.raises(SfumatoError, match=said):
        read_work(path)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", [b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"iCCP", b"ownX"])
def test_a_text_of_two_gigabytes_is_not_read(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "work.png"
    path.write_bytes(SIGNATURE + picture()[8:33] + part(name, b"sfumato\x00", 2**31 - 1))
    os.truncate(path, 2**31)  # a sparse file, of which nothing is on the disk
    refused_soon(path, r"its chunk '.{4}' claims to be 2,147 MB long")


def test_parts_without_number_are_not_counted_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "work.png").write_bytes(picture(part(b"ownX", b"") * (MOST_CHUNKS + 1)))
    refused_soon(tmp_path / "work.png", "more than 100,000 chunks")


def test_a_recipe_that_unpacks_to_a_hundred_megabytes_is_not_read(tmp_path: Path) -> None:
    packed = b"sfumato\x00\x01\x00\x00\x00" + zlib.compress(b"[" * (100 << 20), 9)
    (tmp_path / "work.png").write_bytes(picture(part(b"iTXt", packed)))
    with pytest.raises(SfumatoError, match=r"work\.png"):
        read_work(tmp_path / "work.png")


@pytest.mark.parametrize("kind", ["pipe", "device", "circle", "directory"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "work.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    refused_soon(path, r"work\.png")


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_over_and_left_at_their_beginning(data: bytes) -> None:
    for whole in (data, SIGNATURE + data, picture() + data):
        file = io.BytesIO(whole)
        try:
            check_chunks(file)
        except ValueError:
            continue
        assert file.tell() == 0
