import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.images import unusable
from sfumato.images.files import HEAD_BYTES, check_head, has_heif_reader
from sfumato.images.foreign import Kind, other_kind
from sfumato.images.isobmff import media_brands
from sfumato.images.unusable import UnusableError


def document(kind: bytes) -> bytes:
    """A zip that says what it is as Krita's and OpenRaster's do: in its first member, which is not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("mimetype", kind)
        file.writestr("stack.xml", b"<image/>")
    return buffer.getvalue()


def targa(kind: int = 2, bits: int = 24) -> bytes:
    return bytes((0, 0, kind)) + bytes(9) + bytes((64, 0, 48, 0, bits, 0)) + bytes(64 * 48 * bits // 8)


PCX = bytes((10, 5, 1, 8)) + bytes(124)

NAMED = [
    # file name, its bytes, what it is
    ("a", b"8BPS\x00\x01", "a Photoshop document"),
    ("a", b"gimp xcf v011\x00", "a GIMP document"),
    ("a", document(b"application/x-krita"), "a Krita document"),
    ("a", document(b"image/openraster"), "an OpenRaster document"),
    ("cover.KRA", b"PK\x03\x04" + bytes(300), "a Krita document"),
    ("a.procreate", document(b""), "a Procreate document"),
    ("a", b"CSFCHUNK", "a Clip Studio Paint document"),
    ("a.ai", b"%PDF-1.5\n", "an Illustrator document"),
    ("a.pdf", b"%PDF-1.5\n", "a PDF document"),
    ("a", b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript file"),
    ("a", b"\n <svg xmlns=", "an SVG drawing"),
    ("a", b"<?xml version='1.0'?>\n<!-- drawn by hand -->\n" + b" " * 200 + b"<svg>", "an SVG drawing"),
    ("a.dxf", b"  0\r\nSECTION\r\n  2\r\nHEADER", "a DXF drawing"),
    ("a", b"  0\nSECTION\n", "a DXF drawing"),
    ("a", b"BLENDER-v402", "a Blender scene"),
    ("a", b"\x00\x00\x00\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    ("a", b"\xff\x4f\xff\x51\x00", "a JPEG 2000 picture"),
    ("a", b"\xff\x0a\x00", "a JPEG XL picture"),
    ("a", b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    ("a", b"v/1\x01\x02\x00", "an OpenEXR picture"),
    ("a", b"DDS |\x00\x00\x00", "a DDS texture"),
    ("a", b"\x00\x00\x01\x00\x04\x00", "an icon"),
    ("a", b"\x00\x00\x02\x00\x01\x00", "a mouse pointer"),
    ("a", targa(), "a Targa (TGA) picture"),
    ("a", targa(10, 32)[:300], "a Targa (TGA) picture"),
    ("a.tga", b"\x00" * 40, "a Targa (TGA) picture"),
    ("a", PCX, "a PCX picture"),
    ("a", b"P6\n64 48\n255\n", "a PPM picture"),
    ("a", b"P5\n# by a scanner\n64 48", "a PGM picture"),
    ("a", b"P7\nWIDTH 64\n", "a PAM picture"),
    ("a", b"Pf\n64 48\n-1.0\n", "a PFM picture"),
    ("a", b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "a camera's raw file (CR3)"),
    ("a", b"FUJIFILMCCD-RAW 0201", "a camera's raw file (RAF)"),
    ("a", b"IIRO\x08\x00\x00\x00", "a camera's raw file (ORF)"),
    ("a", b"IIU\x00\x18\x00\x00\x00", "a camera's raw file (RW2)"),
    ("a", b"FOVb\x00\x00\x02\x00", "a camera's raw file (X3F)"),
]


@pytest.mark.parametrize(("name", "data", "kind"), NAMED, ids=[f"{kind} {name}" for name, _, kind in NAMED])
def test_a_picture_of_another_format_is_named_and_what_to_do(name, data, kind):
    with pytest.raises(UnusableError) as caught:
        check_head(data[:HEAD_BYTES], len(data), name)
    assert caught.value.kind == unusable.OTHER_FORMAT
    said, advice = caught.value.reason.split(": ")
    assert said == kind
    assert advice.split()[0] in ("export", "save", "render")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<!DOCTYPE html><p>404", "a web page"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00iso2avc1", "a video"),
        (b"\x1aE\xdf\xa3\x01", "a video"),
        (b"RIFF\x00\x00\x00\x00WAVE", "a sound"),
        (b"<?xml version='1.0'?><painting/>", "an XML document"),
        (b"MZ\x90", "a program"),
    ],
)
def test_what_is_no_picture_at_all_has_no_advice(data, name):
    assert other_kind(data) == Kind(name)
    with pytest.raises(UnusableError, match=f"^not a picture: {name}$"):
        check_head(data, len(data))


@pytest.mark.parametrize("data", [b"just text", b"Ten paintings", b"P6", b"PFUI", b"0", targa()[:17], b"\n\x05"])
def test_what_has_no_name_gets_none(data):
    assert other_kind(data) is None


def test_a_name_alone_says_what_zeros_or_text_were_meant_to_be_and_never_makes_a_picture():
    assert other_kind(b"hello", "a.svg") == Kind("an SVG drawing", "export it as PNG")
    assert other_kind(b"hello", "a.png") is None
    assert other_kind(b"8BPS", "a.tga") == Kind("a Photoshop document", "export it as PNG")  # its content goes before


def test_a_targa_header_that_promises_more_than_the_file_has_is_none():
    assert other_kind(targa()[:18], size=18) is None
    assert other_kind(targa(kind=10)[:18], size=18) is not None  # compressed: its size says nothing


@pytest.mark.skipif(has_heif_reader(), reason="the reader is installed")
def test_a_heic_picture_without_its_reader_is_told_how_to_get_it():
    head = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"
    with pytest.raises(UnusableError, match=r"pip install 'sfumato\[heic\]'") as caught:
        check_head(head, 1000)
    assert caught.value.kind in unusable.PASSING  # once it is installed, the file is tried again


def test_no_brand_is_read_past_the_box_that_holds_them():
    assert media_brands(b"\x00\x00\x00\x14ftypmif1\x00\x00\x00\x00heicavif") == (b"mif1", b"heic")
    assert media_brands(b"\x00\x00\x00\x00ftypmif1") == (b"mif1",)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"PK\x03\x04", b"\x00\x00\x02\x00", b"\x00\x00\x00\x40ftyp", b"P6\n"]),
)
def test_no_bytes_break_the_naming(data, start):
    kind = other_kind(start + data, Path("a.kra").name, len(data))
    assert kind is None or kind.name
