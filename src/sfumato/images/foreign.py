"""Files that are not read, named for what they are: by their first bytes, or, where those say little, by their name."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from sfumato.images.isobmff import is_heif, media_brands

RAW_ADVICE: Final = "export it as TIFF or JPEG first"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file is ('a Krita document'), and what makes a picture of it ('export it as PNG'), if anything does."""

    name: str
    advice: str = ""


_EXPORT, _SAVE, _RENDER = "export it as PNG", "save it as PNG", "render it as PNG"

# By what makes a picture of them: what files are, each with the first bytes and the suffixes that say so.
_SIGNS: Final[Mapping[str, Mapping[str, tuple[bytes | str, ...]]]] = {
    _EXPORT: {
        "a Photoshop document": (b"8BPS", ".psd"),
        "a GIMP document": (b"gimp xcf", ".xcf"),
        "a Clip Studio Paint document": (b"CSFCHUNK", ".clip"),
        "a database, perhaps a drawing program's": (b"SQLite format 3\x00",),
        "a PaintShop Pro document": (b"Paint Shop Pro Image File",),
        "a Paint.NET document": (b"PDN3",),
        "a MediBang or FireAlpaca document": (b"mdipack\x00",),
        "an Affinity document": (b"\x00\xffKA",),
        "a SketchBook document": (b"SketchBook",),
        "a PostScript file": (b"%!PS", b"\xc5\xd0\xd3\xc6"),
        "a PDF document": (b"%PDF",),
        "a DXF drawing": (b"AutoCAD Binary DXF", ".dxf"),
        "an AutoCAD drawing": (b"AC10",),
        "a WMF drawing": (b"\xd7\xcd\xc6\x9a",),
        "a DjVu document": (b"AT&TFORM",),
        "an Illustrator document": (".ai",),
        "a Krita document": (".kra", ".krz"),
        "an OpenRaster document": (".ora",),
        "a Procreate document": (".procreate",),
        "a Sketch document": (".sketch",),
        "a Figma document": (".fig",),
        "an Adobe XD document": (".xd",),
        "a CorelDRAW document": (".cdr",),
        "a PaintTool SAI document": (".sai", ".sai2"),
        "an SVG drawing": (".svg", ".svgz"),
    },
    _RENDER: {
        "a Blender scene": (b"BLENDER", ".blend"),
        "a 3D model (glTF)": (b"glTF", ".gltf"),
        "a 3D model (FBX)": (b"Kaydara FBX Binary",),
        "a 3D model (PLY)": (b"ply\n",),
        "a 3D model (STL)": (".stl",),
        "a 3D model": (".obj",),
    },
    _SAVE: {
        "a JPEG XL picture": (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n"),
        "a JPEG 2000 picture": (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51"),
        "a JPEG XR picture": (b"II\xbc",),
        "an OpenEXR picture": (b"v/1\x01",),
        "a Radiance HDR picture": (b"#?RADIANCE", b"#?RGBE"),
        "a DPX picture": (b"SDPX", b"XPDS"),
        "a DDS texture": (b"DDS ",),
        "a KTX texture": (b"\xabKTX ",),
        "a QOI picture": (b"qoif",),
        "a FLIF picture": (b"FLIF",),
        "a BPG picture": (b"BPG\xfb",),
        "an MNG animation": (b"\x8aMNG",),
        "a JNG picture": (b"\x8bJNG",),
        "an icon": (b"icns", b"\x00\x00\x01\x00"),
        "a FITS picture": (b"SIMPLE  =",),
        "an SGI picture": (b"\x01\xda",),
        "a Sun raster picture": (b"\x59\xa6\x6a\x95",),
        "an XPM picture": (b"/* XPM */",),
        "a Targa (TGA) picture": (".tga",),
        "a PICT picture": (".pict", ".pct"),
        "an XBM picture": (".xbm",),
    },
    RAW_ADVICE: {
        "a camera's raw file (ORF)": (b"IIRO", b"IIRS", b"MMOR"),
        "a camera's raw file (RW2)": (b"IIU\x00",),
        "a camera's raw file (RAF)": (b"FUJIFILMCCD-RAW",),
        "a camera's raw file (X3F)": (b"FOVb",),
        "a camera's raw file (MRW)": (b"\x00MRM",),
    },
    "unpack it": {
        "a RAR archive": (b"Rar!",),
        "a 7z archive": (b"7z\xbc\xaf\x27\x1c",),
        "a gzip file": (b"\x1f\x8b",),
    },
    "": {
        "a web page": (b"<!DOCTYPE html", b"<!doctype html", b"<html"),
        "a text document": (b"{\\rtf",),
        "an Office document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
        "a program": (b"\x7fELF", b"MZ"),
        "a sound": (b"ID3", b"OggS", b"fLaC"),
        "a video": (b"\x1aE\xdf\xa3",),
        "a font": (b"wOFF", b"wOF2", b"OTTO", b"\x00\x01\x00\x00\x00"),
    },
}
_KINDS: Final = tuple(
    (sign, Kind(name, advice)) for advice, kinds in _SIGNS.items() for name, signs in kinds.items() for sign in signs
)
_MAGIC: Final = tuple((sign, kind) for sign, kind in _KINDS if isinstance(sign, bytes))
# What the first bytes leave open: a suffix names a file, and never makes a picture of it.
_SUFFIXES: Final = {sign: kind for sign, kind in _KINDS if isinstance(sign, str)}
# Of these the first bytes say only what holds them: a zip, gzip or PDF file, a database, an XML document.
_CONTAINERS: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
    b"%PDF",
    b"%!PS",
    b"SQLite format 3\x00",
    b"<?xml",
    b"RIFF",
)
_ZIPPED: Final = {
    b"application/x-krita": Kind("a Krita document", _EXPORT),
    b"image/openraster": Kind("an OpenRaster document", _EXPORT),
}
_NETPBM: Final = {
    b"P1": "a PBM picture", b"P2": "a PGM picture", b"P3": "a PPM picture", b"P4": "a PBM picture",
    b"P5": "a PGM picture", b"P6": "a PPM picture", b"P7": "a PAM picture", b"PF": "a PFM picture",
    b"Pf": "a PFM picture",
}  # fmt: skip
_AFTER_NETPBM: Final = b"0123456789#WHDT"  # a number, a comment, or one of PAM's words: WIDTH and so on


def other_kind(head: bytes, name: str = "", size: int | None = None) -> Kind | None:
    """What a file that we cannot read as a picture is, as far as can be told.

    head: its first bytes; name: its file name, which helps where the bytes leave it open; size: in bytes.
    """
    suffix = PurePath(name).suffix.lower()
    if (not head.strip(b"\x00") and suffix != ".tga") or (head.startswith(_CONTAINERS) and suffix in _SUFFIXES):
        return _SUFFIXES.get(suffix)
    return _by_content(head, size) or _SUFFIXES.get(suffix)


def _by_content(head: bytes, size: int | None) -> Kind | None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[6:14] == b"HEAPCCDR":
        return Kind("a camera's raw file (CRW)", RAW_ADVICE)
    if head[4:8] == b"ftyp":
        return _media(head)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(head)
    if head.startswith(b"RIFF"):
        return _riff(head)
    if text.startswith((b"<svg", b"<?xml", b"<!DOCTYPE svg", b"<!--")):
        return Kind("an SVG drawing", _EXPORT) if b"<svg" in head or b"DTD SVG" in head else Kind("an XML document")
    for magic, kind in _MAGIC:
        if head.startswith(magic) or (magic.isascii() and magic[:1] in (b"<", b"%") and text.startswith(magic)):
            return kind
    if head.startswith(b"FORM") and head[8:12] in (b"ILBM", b"PBM ", b"ACBM"):
        return Kind("an Amiga picture (ILBM)", _SAVE)
    if head[4:6] == b"\xe0\xa5" and head[12:14] in (b"\x08\x00", b"\x10\x00", b"\x20\x00"):
        return Kind("an Aseprite document", _EXPORT)
    if head[128:132] == b"DICM":
        return Kind("a DICOM picture", _SAVE)
    if head[40:44] == b" EMF":
        return Kind("an EMF drawing", _EXPORT)
    return _without_magic(head, text, size)


def _media(head: bytes) -> Kind:
    brands = media_brands(head)
    if b"crx " in brands:
        return Kind("a camera's raw file (CR3)", RAW_ADVICE)
    if is_heif(head):
        return Kind("a HEIC picture", "save it as JPEG or PNG")
    if brands and brands[0] in (b"M4A ", b"M4B ", b"F4A "):
        return Kind("a sound")
    return Kind("a video")


def _zipped(head: bytes) -> Kind:
    """A zip by its first member: OpenDocument's way of saying what a zip is, which drawing programs took over."""
    if head[30:38] == b"mimetype":
        for kind, named in _ZIPPED.items():
            if kind in head[38:120]:
                return named
    if head[30:].startswith((b"[Content_Types].xml", b"word/", b"xl/", b"ppt/")):
        return Kind("an Office document")
    return Kind("a zip archive", "unpack it, or give the zip in place of the folder")


def _riff(head: bytes) -> Kind:
    form = head[8:12]
    if form[:3] in (b"CDR", b"cdr"):
        return Kind("a CorelDRAW document", _EXPORT)
    if form == b"ACON":
        return Kind("a mouse pointer", _SAVE)
    return Kind("a video") if form == b"AVI " else Kind("a sound")


def _without_magic(head: bytes, text: bytes, size: int | None) -> Kind | None:
    """Formats that begin with two letters or none: more of the header has to be as they would have it."""
    if head[:2] in _NETPBM and head[2:3] in (b" ", b"\n", b"\r", b"\t") and head[3:4] and head[3] in _AFTER_NETPBM:
        return Kind(_NETPBM[head[:2]], _SAVE)
    if head[:1] == b"\x0a" and len(head) > 3 and head[1] in (0, 2, 3, 4, 5) and head[2] < 2 and head[3] in (1, 2, 4, 8):
        return Kind("a PCX picture", _SAVE)
    if head.startswith(b"\x00\x00\x02\x00") and head[4:6] not in (b"", b"\x00\x00"):
        return Kind("a mouse pointer", _SAVE)
    if text.startswith(b"0") and b"SECTION" in text[:60]:
        return Kind("a DXF drawing", _EXPORT)
    return Kind("a Targa (TGA) picture", _SAVE) if _is_targa(head, size) else None


def _is_targa(head: bytes, size: int | None) -> bool:
    """Whether 18 bytes are a header as Truevision's specification has it, of a picture that the file could hold."""
    if len(head) < 18:
        return False
    _, has_map, kind, map_first, map_length, map_bits, _, _, width, height, bits, descriptor = struct.unpack_from(
        "<BBBHHBHHHHBB", head
    )
    if kind not in (1, 2, 3, 9, 10, 11) or has_map > 1 or not width or not height or descriptor & 0xC0:
        return False
    if has_map != (kind in (1, 9)) or bits not in ((8, 16) if kind in (1, 3, 9, 11) else (15, 16, 24, 32)):
        return False
    if not has_map and (map_first or map_length or map_bits):
        return False
    stored = width * height * ((bits + 7) // 8) if kind < 9 else 0  # the others are compressed
    return size is None or size >= 18 + stored
