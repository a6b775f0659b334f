"""Texts are found where the formats' specifications put them."""

import io
import struct

import pytest
from PIL import Image, PngImagePlugin

from sfumato.provenance.containers import EXIF, IPTC, XMP, blocks_of, gif_with, texts_of, video_with

PACKET = b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta>any</x:xmpmeta><?xpacket end="w"?>'


def saved(format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 7), "teal").save(file, format=format, **options)
    return file.getvalue()


def test_the_texts_of_a_png_are_those_that_pillow_wrote() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "a b")
    info.add_text("Comment", "packed", zip=True)
    info.add_itxt("Author", "Ä", lang="de", tkey="Urheber")
    info.add_itxt("Note", "packed too", zip=True)
    found = [(b"Title", b"a b"), (b"Comment", b"packed"), (b"Author", "Ä".encode()), (b"Note", b"packed too")]
    assert list(texts_of(saved("PNG", pnginfo=info))) == found


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_a_packet_is_the_one_that_pillow_wrote(format: str) -> None:
    assert list(texts_of(saved(format, xmp=PACKET, exif=Image.Exif()))) == [(XMP, PACKET)]
    assert list(texts_of(saved(format))) == []


def profile(name: str, data: bytes, *, packed: bool = True) -> bytes:
    """A PNG with a profile in a text, as ImageMagick writes it."""
    info, lines = PngImagePlugin.PngInfo(), [data.hex()[place : place + 72] for place in range(0, 2 * len(data), 72)]
    info.add_text(f"Raw profile type {name}", f"\n{name}\n{len(data):8}\n" + "\n".join(lines) + "\n", zip=packed)
    return saved("PNG", pnginfo=info)


IIM = b"\x1c\x02\x50\x00\x03Ana"
RESOURCE = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(IIM)) + IIM
TIFF = b"II*\x00\x08\x00\x00\x00"


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("iptc", RESOURCE, (IPTC, IIM)),
        ("iptc", IIM, (IPTC, IIM)),
        ("exif", b"Exif\x00\x00" + TIFF, (EXIF, TIFF)),
        ("APP1", b"http://ns.adobe.com/xap/1.0/\x00" + PACKET, (XMP, PACKET)),
        ("xmp", PACKET, (XMP, PACKET)),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_profile_that_stands_in_a_text_of_a_png_is_found(name: str, data: bytes, found: object, packed: bool) -> None:
    assert list(blocks_of(profile(name, data, packed=packed))) == [found]


def test_a_profile_that_is_none_is_passed_over() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type iptc", "\niptc\n 3\nzz")
    info.add_text("Raw profile type xmp", "")
    assert list(blocks_of(saved("PNG", pnginfo=info))) == []


def test_a_packet_that_is_too_long_for_one_segment_of_a_jpeg_is_put_together() -> None:
    more, parts = b"<rdf:RDF>" + bytes(range(65, 91)) * 3000 + b"</rdf:RDF>", []
    for start in (40_000, 0):
        part = more[start : start + 40_000]
        head = b"http://ns.adobe.com/xmp/extension/\x00" + b"a" * 32 + struct.pack(">II", len(more), start)
        parts.append(b"\xff\xe1" + struct.pack(">H", 2 + len(head) + len(part)) + head + part)
    jpeg = saved("JPEG", xmp=PACKET)
    assert list(texts_of(jpeg[:2] + b"".join(parts) + jpeg[2:])) == [(XMP, PACKET), (XMP, more)]


@pytest.mark.parametrize("palette", [True, False])
def test_a_packet_in_a_gif_is_passed_over_by_who_does_not_know_it(palette: bool) -> None:
    plain = saved("GIF")
    if not palette:  # the colours as a local table, as some encoders have it
        plain = _without_global_table(plain)
    gif = gif_with(plain, PACKET)
    assert list(texts_of(gif)) == [(XMP, PACKET)]
    with Image.open(io.BytesIO(gif)) as image:
        assert image.convert("RGB").getpixel((3, 3)) == (0, 128, 128)


def _without_global_table(gif: bytes) -> bytes:
    size = gif[10] & 7
    table = gif[13 : 13 + 3 * 2 ** (size + 1)]
    rest = gif[13 + len(table) :]
    place = rest.index(b"\x2c")
    head = gif[:10] + bytes([gif[10] & 0x7F]) + gif[11:13]
    local = rest[place : place + 9] + bytes([0x80 | size]) + table
    return head + rest[:place] + local + rest[place + 10 :]


def test_a_packet_in_a_video_is_a_box_of_its_own() -> None:
    video = video_with(b"\0\0\0\x10ftypisom\0\0\0\0", PACKET)
    assert list(texts_of(video)) == [(XMP, PACKET)]
    assert int.from_bytes(video[16:20], "big") == len(video) - 16
