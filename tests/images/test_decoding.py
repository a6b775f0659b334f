import io
import os
import random
import socket
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.decoding import PIXEL_LIMIT, check_size, open_picture, read_picture
from sfumato.images.files import FORMATS
from sfumato.images.unusable import UnusableError

WHITE = (255, 255, 255)


def encoded(picture_format: str, size: tuple[int, int] = (64, 48)) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, picture_format)
    return buffer.getvalue()


def reason(data: bytes) -> UnusableError:
    with pytest.raises(UnusableError) as caught:
        read_picture(data, WHITE)
    return caught.value


@pytest.mark.parametrize("picture_format", FORMATS)
def test_every_format_is_read(picture_format):
    assert read_picture(encoded(picture_format), WHITE).image.size == (64, 48)


@pytest.mark.parametrize("picture_format", FORMATS)
@pytest.mark.parametrize("part", [0.3, 0.8])
def test_a_truncated_file_is_never_used(picture_format, part):
    data = encoded(picture_format)
    error = reason(data[: int(part * len(data))])
    assert error.kind in (unusable.TRUNCATED, unusable.BROKEN)
    if picture_format != "TIFF":  # it has no mark of its length
        assert error.kind == unusable.TRUNCATED
        assert "truncated after" in error.reason


def test_the_reason_says_after_how_many_kilobytes():
    data = encoded("PNG", (200, 200))
    assert reason(data[:12_345]).reason == "truncated after 12 kB"


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_picture_is_not_opened(data):
    assert reason(data).kind in (unusable.EMPTY, unusable.NOT_A_PICTURE, unusable.OTHER_FORMAT)


def test_a_header_alone_is_truncated():
    assert reason(encoded("JPEG")[:100]).kind == unusable.TRUNCATED


def test_a_broken_checksum_is_named():
    data = bytearray(encoded("PNG"))
    data[data.index(b"IDAT") + 20] ^= 0xFF
    assert reason(bytes(data)).kind == unusable.BROKEN


def test_the_pixel_limit_holds_before_decoding():
    header = bytearray(encoded("BMP"))
    header[18:26] = (20_000).to_bytes(4, "little") * 2
    error = reason(bytes(header))
    assert error.kind == unusable.TOO_LARGE
    assert "million" in error.reason


def test_the_pixel_limit_is_one_and_not_two():
    check_size((PIXEL_LIMIT // 1000, 1000))
    with pytest.raises(UnusableError, match="limit"):  # where Pillow only warns
        check_size((PIXEL_LIMIT // 1000 + 1, 1000))


def test_small_sides_are_refused():
    check_size((16, 16))
    with pytest.raises(UnusableError, match="at least 16"):
        check_size((15, 400))


def test_a_smaller_version_never_falls_below_the_least_side():
    data = encoded("JPEG", (640, 480))
    decoded = read_picture(data, WHITE, least_side=100)
    assert (decoded.width, decoded.height) == (640, 480)
    assert decoded.image.size == (160, 120)
    assert read_picture(data, WHITE, least_side=121).image.size == (320, 240)
    assert read_picture(data, WHITE, least_side=481).image.size == (640, 480)


def test_a_smaller_version_of_a_truncated_file_is_found_out_too():
    data = encoded("JPEG", (640, 480))
    with pytest.raises(UnusableError, match="truncated"):
        read_picture(data[: len(data) * 3 // 4], WHITE, least_side=60)


@pytest.mark.filterwarnings("ignore")  # decoders warn of broken metadata; a worker ignores that too
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(FORMATS), st.integers(0, 2**32), st.integers(1, 30))
def test_damaged_bytes_are_a_picture_or_a_reason(picture_format, seed, changes):
    draw = random.Random(seed)
    data = bytearray(SAMPLES[picture_format])
    for _ in range(changes):
        data[draw.randrange(len(data))] = draw.randrange(256)
    with_reason = bytes(data)
    try:
        decoded = read_picture(with_reason, WHITE)
    except UnusableError as error:
        assert error.kind
        assert error.reason
    else:
        assert decoded.image.mode == "RGB"


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\x00", b"RIFF\x00\x00\x00\x00WEBP", b""]),
    st.binary(max_size=200),
)
def test_random_bytes_are_a_reason(head, data):
    with pytest.raises(UnusableError):
        read_picture(head + data, WHITE)


SAMPLES = {name: encoded(name, (32, 32)) for name in FORMATS}


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_picture_is_read_upright_where_its_reader_is_installed(orientation):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    picture = Image.new("RGB", (96, 64), "white")
    picture.paste((255, 0, 0), (0, 0, 32, 32))  # the upper left part
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, "HEIF", quality=90, exif=exif.tobytes())
    decoded = read_picture(buffer.getvalue(), WHITE)
    size, red = {
        1: ((96, 64), (8, 8)), 3: ((96, 64), (88, 56)), 6: ((64, 96), (56, 8)), 8: ((64, 96), (8, 88))
    }[orientation]  # fmt: skip
    assert decoded.image.size == size == (decoded.width, decoded.height)
    assert decoded.image.getpixel(red)[1] < 60
    assert reason(buffer.getvalue()[:400]).kind == unusable.TRUNCATED


def test_an_avif_is_read_whatever_its_major_brand():
    data = encoded("AVIF")
    other = data.replace(b"ftypavif", b"ftypmif1", 1)
    assert other != data
    assert read_picture(other, WHITE).image.tobytes() == read_picture(data, WHITE).image.tobytes()


def test_what_a_decoder_does_not_know_is_no_damage():
    data = bytearray(encoded("BMP"))
    data[30] = 6  # a compression of later times
    error = reason(bytes(data))
    assert error.kind == unusable.OTHER_FORMAT
    assert error.reason.endswith(": save it as PNG")


def refusal(path: Path) -> str:
    began = time.monotonic()
    with pytest.raises(SfumatoError) as caught:
        open_picture(path)
    assert time.monotonic() - began < 10
    return str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert refusal(tmp_path / "pipe.png").endswith("pipe.png: a pipe, not a file; give another picture")
    assert "a device, not a file" in refusal(Path("/dev/zero"))


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its name may have a hundred letters at most
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
    assert refusal(Path("s.png")) == "s.png: a socket, not a file; give another picture"


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.png").symlink_to("two.png")
    (tmp_path / "two.png").symlink_to("one.png")
    (tmp_path / "gone.png").symlink_to("nothing.png")
    assert "a circular link" in refusal(tmp_path / "one.png")
    assert "No such file" in refusal(tmp_path / "gone.png")
    assert "no such file; give a picture" in refusal(tmp_path / "nothing.png")
    assert "is a directory; give one picture" in refusal(tmp_path)
    assert "zero byte" in refusal(tmp_path / "a\x00b.png") or "no such file" in refusal(tmp_path / "a\x00b.png")


def test_a_file_of_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(40 * 10**9)
    assert "40.0 GB large; the limit is 1.1 GB" in refusal(tmp_path / "large.jpg")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("1", (9_600, 9_600)).save(tmp_path / "bomb.png")
    assert "9600 x 9600 pixels; the limit is 89 million" in refusal(tmp_path / "bomb.png")


def test_what_it_is_instead_is_said(tmp_path: Path) -> None:
    (tmp_path / "cover.kra").write_bytes(b"PK\x03\x04" + bytes(300))
    assert refusal(tmp_path / "cover.kra").endswith("a Krita document: export it as PNG; give another picture")


def test_a_tilde_is_the_home_of_its_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Image.new("RGB", (20, 20), "red").save(tmp_path / "mine.png")
    assert open_picture(Path("~/mine.png")).getpixel((3, 3)) == (255, 0, 0)
    assert refusal(Path("~/other.png")) == "~/other.png: no such file; give a picture"
    assert "no such file" in refusal(Path("~nobody-of-that-name/a.png"))
