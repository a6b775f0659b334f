"""What the program writes is known as its own by a short look at the file, and nothing else is."""

import io
import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from sfumato.collection.drawn import draw
from sfumato.provenance import is_marked, is_marked_file
from sfumato.provenance.containers import video_with
from sfumato.provenance.mark import TRAINED_ALGORITHMIC_MEDIA, is_ours, xmp_packet
from sfumato.works.saving import Product, encoded

PICTURE = draw("flow", 0, 32)
PACKET = xmp_packet("sfumato 0.1.0").encode()
VIDEO = b"".join(
    struct.pack(">I4s", 8 + len(body), kind) + body
    for kind, body in ((b"ftyp", b"isom\0\0\2\0isommp41"), (b"moov", b"\0" * 90), (b"mdat", b"\1" * 500))
)


def written(format: str) -> bytes:
    return encoded(Product([PICTURE]), Path(f"a.{format.lower()}"))


def plain(format: str, **options: object) -> bytes:
    file = io.BytesIO()
    PICTURE.save(file, format=format, **options)
    return file.getvalue()


def test_a_video_is_marked_at_its_end() -> None:
    marked = video_with(VIDEO, PACKET)
    assert marked.startswith(VIDEO)
    assert is_marked(marked)
    assert not is_marked(VIDEO)
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + 77) + b"\1" * 77  # a box whose size has 64 bits
    assert is_marked(video_with(VIDEO + large, PACKET))


def _jpeg(packet: str, before: bytes = b"") -> bytes:
    body = b"http://ns.adobe.com/xap/1.0/\0" + packet.encode()
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(body)) + body
    whole = plain("JPEG")
    return whole[:2] + before + segment + whole[2:]


def test_a_work_that_was_saved_as_jpeg_with_its_xmp_is_known() -> None:
    exif = b"\xff\xe1\x00\x0aExif\0\0II"
    assert is_marked(_jpeg(xmp_packet("sfumato 0.1.0"), exif))
    assert not is_marked(_jpeg(xmp_packet("GIMP 3.0.2"), exif))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_with(*chunks: bytes, at_end: bool = False) -> bytes:
    whole = plain("PNG")
    place = len(whole) - 12 if at_end else 33
    return whole[:place] + b"".join(chunks) + whole[place:]


OURS = xmp_packet("sfumato 0.1.0").encode()
RECIPE = b'{"format": 2, "model": {"name": "a", "digest": "0"}}'


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize(
    "chunk",
    [
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + OURS),
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0xmp\0" + zlib.compress(OURS)),
        _chunk(b"iTXt", b"sfumato\0\0\0\0\0" + RECIPE),
        _chunk(b"tEXt", b"sfumato\0" + RECIPE),
        _chunk(b"zTXt", b"sfumato\0\0" + zlib.compress(RECIPE)),
        _chunk(b"iTXt", b"sfumato-grid\0\0\0\0\0" + RECIPE),
    ],
    ids=["xmp", "packed xmp", "recipe", "recipe in tEXt", "recipe in zTXt", "grid"],
)
def test_a_png_that_was_packed_again_is_known_by_what_is_left(chunk: bytes, at_end: bool) -> None:
    assert is_marked(_png_with(chunk, at_end=at_end))


@pytest.mark.parametrize(
    "chunk",
    [
        _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp_packet("Adobe Firefly").encode()),
        _chunk(b"tEXt", b"parameters\0a castle, sfumato 0.1.0\nSteps: 20, Sampler: Euler a"),
        _chunk(b"tEXt", b"Software\0sfumato 0.1.0"),
        _chunk(b"tEXt", b"sfumato\0a way to paint"),
        _chunk(b"tEXt", b"Comment\0" + OURS),
        _chunk(b"zTXt", b"sfumato\0\0not packed at all"),
        _chunk(b"iTXt", b"XML:com.adobe.xmp"),
        _chunk(b"tEXt", b""),
    ],
)
def test_other_programs_pictures_are_not_ours(chunk: bytes) -> None:
    assert not is_marked(_png_with(chunk))


def test_drawn_art_is_not_marked(tmp_path: Path) -> None:
    from sfumato.collection.drawn_collection import draw_collection

    assert not any(is_marked_file(path) for path in draw_collection(tmp_path / "art", per_class=1, size=32))


def test_a_text_that_unpacks_to_gigabytes_is_cut(tmp_path: Path) -> None:
    bomb = zlib.compress(b"\0" * (64 * 1024**2), 9)
    assert not is_marked(_png_with(_chunk(b"zTXt", b"sfumato\0\0" + bomb)))


def test_a_file_is_looked_at_without_being_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(written("WEBP"))
    assert is_marked_file(path)
    path.write_bytes(b"")
    assert not is_marked_file(path)
    with (tmp_path / "video.mp4").open("wb") as video:  # 8 GB, which lie nowhere
        video.write(struct.pack(">I4s", 16, b"ftyp") + b"isom\0\0\0\0" + struct.pack(">I4sQ", 1, b"mdat", 8 << 30))
        video.truncate(16 + (8 << 30))
    assert not is_marked_file(tmp_path / "video.mp4")
    with (tmp_path / "video.mp4").open("ab") as video:
        video.write(video_with(b"", PACKET))
    assert is_marked_file(tmp_path / "video.mp4")
    with pytest.raises(OSError, match="No such file"):
        is_marked_file(tmp_path / "gone.png")


WHOLE = [written("PNG"), written("WEBP"), written("GIF"), _jpeg(xmp_packet("sfumato 1.0")), video_with(VIDEO, PACKET)]


@settings(max_examples=300, deadline=None)
@given(
    whole=st.sampled_from(WHOLE),
    length=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
def test_no_damage_raises(whole: bytes, length: float, changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(whole)
    for place, value in changes:
        damaged[int(place * len(damaged))] = value
    is_marked(bytes(damaged[: int(length * len(damaged))]))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"RIFF", b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff", b"GIF89a", b"GIF8"]
    ),
    rest=st.binary(max_size=200),
)
def test_no_bytes_are_ours_by_chance(start: bytes, rest: bytes) -> None:
    assert not is_marked(start + rest)


def test_the_look_takes_microseconds() -> None:
    """No pixel is decoded: a picture of 12 million takes no longer than a small one, but for its chunks."""
    import time

    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, format="PNG", compress_level=0)
    data = file.getvalue()
    assert len(data) > 30_000_000
    began = time.process_time()
    assert not is_marked(data)
    assert time.process_time() - began < 0.1
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "large")
    assert not is_marked(plain("PNG", pnginfo=info))


def test_the_packet_is_sound_xml_with_the_names_escaped() -> None:
    packet = xmp_packet("a <b> & c")
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    root = ET.fromstring(packet)
    texts = [element.text for element in root.iter() if element.text and element.text.strip()]
    assert texts == ["a <b> & c", TRAINED_ALGORITHMIC_MEDIA]


@pytest.mark.parametrize("version", ["0.1.0", "12.0", "1.0.0rc1"])
def test_our_packet_is_known_also_where_another_program_wrote_it_again(version: str) -> None:
    assert is_ours(xmp_packet(f"sfumato {version}").encode())
    assert is_ours(f'<rdf:Description rdf:about="" xmp:CreatorTool="sfumato {version}"/>'.encode())
    assert is_ours(f"<rdf:Description xmp:CreatorTool='sfumato {version}'/>".encode())


@pytest.mark.parametrize(
    "said",
    [
        "Adobe Photoshop 25.0",
        "sfumatos 1.0",
        "Sfumato Painter 2",
        "sfumato",
        "not sfumato 0.1.0",
        "sfumato-like 3",
    ],
)
def test_other_programs_packets_are_not_ours(said: str) -> None:
    assert not is_ours(xmp_packet(said).encode())
    assert not is_ours(f'<rdf:Description xmp:CreatorTool="{said}"/>'.encode())


def test_a_picture_that_only_speaks_of_us_is_not_ours() -> None:
    other = xmp_packet("GIMP 3.0").replace(
        "</rdf:RDF>", "<dc:title>sfumato 0.1.0, xmp:CreatorTool</dc:title></rdf:RDF>"
    )
    assert not is_ours(other.encode())
    assert not is_ours(b"")
