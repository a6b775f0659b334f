"""What files of every format say of themselves; exiftool reads and writes the same, where it is installed."""

import io
import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from sfumato.provenance.containers import gif_with
from sfumato.provenance.embedded import embedded_in, xmp_said
from sfumato.provenance.mark import xmp_packet
from sfumato.provenance.statements import Statement

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
 xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"
 xmpRights:WebStatement="https://example.org/rights" xmpRights:Marked="True">
<dc:creator><rdf:Seq><rdf:li>Ana</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">CC BY 4.0</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF>
</x:xmpmeta>"""
FROM_XMP = [
    Statement("creator", "Ana", "XMP"),
    Statement("licence", "CC BY 4.0", "XMP"),
    Statement("licence", "https://example.org/rights", "XMP"),
    Statement("licence", "copyright", "XMP"),
    Statement("opt-out", "plus:DataMining DMI-PROHIBITED", "XMP"),
]
FROM_EXIF = [Statement("creator", "Ben", "EXIF"), Statement("licence", "© Ben", "EXIF")]


def iptc_segment(*sets: tuple[int, bytes]) -> bytes:
    block = b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value for number, value in sets)
    block = (
        b"8BIM\x04\x25\x00\x00\x00\x00\x00\x01\x00\x00"
        + b"8BIM\x04\x04\x00\x00"
        + struct.pack(">I", len(block))
        + block
    )
    block = b"Photoshop 3.0\x00" + block
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


def packet_text(packet: bytes) -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", packet.decode())
    return texts


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_xmp_and_exif_are_read_in_every_format(kind: str, saved: Callable[..., bytes]) -> None:
    exif = Image.Exif()
    exif.update({315: b"Ben", 33432: "© Ben".encode()})
    if kind == "TIFF":
        data = saved(kind, tiffinfo={700: XMP, 315: "Ben", 33432: "(c) Ben"})
        assert list(embedded_in(data)) == [*FROM_XMP, FROM_EXIF[0], Statement("licence", "(c) Ben", "EXIF")]
    elif kind == "GIF":
        assert list(embedded_in(gif_with(saved(kind), XMP))) == FROM_XMP
    elif kind == "PNG":
        assert list(embedded_in(saved(kind, pnginfo=packet_text(XMP), exif=exif))) == [*FROM_XMP, *FROM_EXIF]
    else:
        assert list(embedded_in(saved(kind, xmp=XMP, exif=exif))) == [*FROM_XMP, *FROM_EXIF]


def test_iptc_stands_between_xmp_and_exif(saved: Callable[..., bytes]) -> None:
    exif = Image.Exif()
    exif[315] = "Ben"
    plain = saved("JPEG", exif=exif, xmp=XMP)
    said = embedded_in(plain[:2] + iptc_segment((80, b"Cy"), (116, b"noai")) + plain[2:])
    assert [(each.text, each.where) for each in said if each.about == "creator"] == [
        ("Ana", "XMP"), ("Cy", "IPTC"), ("Ben", "EXIF"),
    ]  # fmt: skip
    assert Statement("opt-out", "noai", "IPTC") in said


def test_texts_of_a_png_are_read_and_settings_are_no_words_of_the_artist(saved: Callable[..., bytes]) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "Ana")
    texts.add_text("Copyright", "CC0", zip=True)
    texts.add_itxt("Title", "Meér")
    texts.add_text("robots", "noimageai")
    texts.add_text("parameters", "noai\nSteps: 20, Sampler: Euler a, Seed: 1")
    assert list(embedded_in(saved("PNG", pnginfo=texts))) == [
        Statement("creator", "Ana", "PNG text"),
        Statement("licence", "CC0", "PNG text"),
        Statement("title", "Meér", "PNG text"),
        Statement("opt-out", "noimageai", "PNG text"),
        Statement("generated", "the settings of a program in 'parameters'", "PNG text"),
    ]


def test_settings_in_a_comment_of_a_jpeg_are_known(saved: Callable[..., bytes]) -> None:
    exif = Image.Exif()
    exif[34665] = {37510: b"UNICODE\x00" + "a tree\nSteps: 20, Sampler: Euler, Seed: 1".encode("utf-16-be")}
    assert [each.about for each in embedded_in(saved("JPEG", exif=exif))] == ["generated"]


def test_a_broken_packet_is_said_and_the_rest_is_read(saved: Callable[..., bytes]) -> None:
    exif = Image.Exif()
    exif[315] = "Ben"
    data = saved("JPEG", xmp=XMP[:-30], exif=exif)
    assert list(embedded_in(data)) == [Statement("fault", "its XMP is broken", "XMP"), FROM_EXIF[0]]


def test_credentials_come_last_and_elsewhere_is_said_where_there_are_none(
    saved: Callable[..., bytes], declared: Callable[..., bytes]
) -> None:
    address = 'xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="http://127.0.0.1:1/x"'
    elsewhere = xmp_packet("x", "y").replace("rdf:about", f"{address} rdf:about").encode()
    (fault,) = embedded_in(saved("WEBP", xmp=elsewhere))
    assert (fault.about, fault.where) == ("fault", "C2PA") and "were not fetched" in fault.text
    no = {"cawg.training-mining": {"entries": {"cawg.ai_training": {"use": "notAllowed"}}}}
    said = embedded_in(declared(saved("JPEG", xmp=XMP), no))
    assert list(said) == [*FROM_XMP, Statement("opt-out", "cawg.ai_training notAllowed", "C2PA")]


def test_no_library_is_loaded_for_what_is_not_there(tmp_path: Path, saved: Callable[..., bytes]) -> None:
    (tmp_path / "plain.jpg").write_bytes(saved("JPEG", xmp=XMP))
    program = (
        "import sys; from pathlib import Path; from sfumato.provenance.embedded import embedded_in;"
        "assert embedded_in(Path(sys.argv[1]).read_bytes());"
        "print(sorted({'c2pa', 'cryptography', 'packaging', 'defusedxml', 'torch'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "plain.jpg")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_are_read(data: bytes, place: int) -> None:
    embedded_in(data)
    list(xmp_said(data, "1.xmp"))
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "TIFF", tiffinfo={315: "Ana"})
    whole = buffer.getvalue()
    embedded_in(whole[:place] + data + whole[place + len(data) :])


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool (Debian: libimage-exiftool-perl)")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_what_exiftool_writes_is_read_as_it_reads_it(kind: str, saved: Callable[..., bytes], tmp_path: Path) -> None:
    path = tmp_path / f"one.{kind.lower()}"
    path.write_bytes(saved(kind))
    written = {
        "XMP-dc:Creator": "Ána", "XMP-dc:Title": "Sea", "XMP-dc:Rights": "CC BY 4.0", "XMP-dc:Source": "the attic",
        "XMP-photoshop:DateCreated": "1888", "EXIF:Artist": "Bén", "EXIF:Copyright": "© Bén",
    } | ({"IPTC:By-line": "Cý", "IPTC:CopyrightNotice": "© Cý"} if kind in ("JPEG", "TIFF", "PNG") else {})  # fmt: skip
    arguments = [f"-{name}={value}" for name, value in written.items()]
    subprocess.run(["exiftool", "-q", "-q", *arguments, "-charset", "iptc=UTF8", str(path)], check=True)
    read = json.loads(subprocess.run(["exiftool", "-j", "-G1", str(path)], capture_output=True, check=True).stdout)[0]
    found = {(each.about, each.where): each.text for each in embedded_in(path.read_bytes())}
    assert found[("creator", "XMP")] == read["XMP-dc:Creator"] == "Ána"
    assert found[("title", "XMP")] == read["XMP-dc:Title"]
    assert found[("licence", "XMP")] == read["XMP-dc:Rights"]
    assert found[("source", "XMP")] == read["XMP-dc:Source"]
    assert found[("year", "XMP")] == str(read["XMP-photoshop:DateCreated"])
    assert found[("creator", "EXIF")] == read["IFD0:Artist"] == "Bén"
    assert found[("licence", "EXIF")] == read["IFD0:Copyright"]
    if kind in ("JPEG", "TIFF", "PNG"):
        assert found[("creator", "IPTC")] == "Cý"
        assert found[("licence", "IPTC")] == "© Cý"
