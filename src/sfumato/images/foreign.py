"""Files that are not read, named for what they are: by their first bytes, or, where those say little, by their name."""

from __future__ import annotations

import struct
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


def _as(advice: str, *kinds: tuple[bytes, str]) -> tuple[tuple[bytes, Kind], ...]:
    return tuple((magic, Kind(name, advice)) for magic, name in kinds)


_EXPORT, _SAVE, _RENDER = "export it as PNG", "save it as PNG", "render it as PNG"

# First bytes, the more particular before the less.
_MAGIC: Final = (
    *_as(
        _EXPORT,
        (b"8BPS", "a Photoshop document"),
        (b"gimp xcf", "a GIMP document"),
        (b"CSFCHUNK", "a Clip Studio Paint document"),
        (b"SQLite format 3\x00", "a database, perhaps a drawing program's"),
        (b"Paint Shop Pro Image File", "a PaintShop Pro document"),
        (b"PDN3", "a Paint.NET document"),
        (b"mdipack\x00", "a MediBang or FireAlpaca document"),
        (b"\x00\xffKA", "an Affinity document"),
        (b"SketchBook", "a SketchBook document"),
        (b"%!PS", "a PostScript file"),
        (b"\xc5\xd0\xd3\xc6", "a PostScript file"),
        (b"%PDF", "a PDF document"),
        (b"AutoCAD Binary DXF", "a DXF drawing"),
        (b"AC10", "an AutoCAD drawing"),
        (b"\xd7\xcd\xc6\x9a", "a WMF drawing"),
        (b"AT&TFORM", "a DjVu document"),
    ),
    *_as(
        _RENDER,
        (b"BLENDER", "a Blender scene"),
        (b"glTF", "a 3D model (glTF)"),
        (b"Kaydara FBX Binary", "a 3D model (FBX)"),
        (b"ply\n", "a 3D model (PLY)"),
    ),
    *_as(
        _SAVE,
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
        (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
        (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
        (b"II\xbc", "a JPEG XR picture"),
        (b"v/1\x01", "an OpenEXR picture"),
        (b"#?RADIANCE", "a Radiance HDR picture"),
        (b"#?RGBE", "a Radiance HDR picture"),
        (b"SDPX", "a DPX picture"),
        (b"XPDS", "a DPX picture"),
        (b"DDS ", "a DDS texture"),
        (b"\xabKTX ", "a KTX texture"),
        (b"qoif", "a QOI picture"),
        (b"FLIF", "a FLIF picture"),
        (b"BPG\xfb", "a BPG picture"),
        (b"\x8aMNG", "an MNG animation"),
        (b"\x8bJNG", "a JNG picture"),
        (b"icns", "an icon"),
        (b"\x00\x00\x01\x00", "an icon"),
        (b"SIMPLE  =", "a FITS picture"),
        (b"\x01\xda", "an SGI picture"),
        (b"\x59\xa6\x6a\x95", "a Sun raster picture"),
        (b"/* XPM */", "an XPM picture"),
    ),
    *_as(
        RAW_ADVICE,
        (b"IIRO", "a camera's raw file (ORF)"),
        (b"IIRS", "a camera's raw file (ORF)"),
        (b"MMOR", "a camera's raw file (ORF)"),
        (b"IIU\x00", "a camera's raw file (RW2)"),
        (b"FUJIFILMCCD-RAW", "a camera's raw file (RAF)"),
        (b"FOVb", "a camera's raw file (X3F)"),
        (b"\x00MRM", "a camera's raw file (MRW)"),
    ),
    *_as(
        "unpack it", (b"Rar!", "a RAR archive"), (b"7z\xbc\xaf\x27\x1c", "a 7z archive"), (b"\x1f\x8b", "a gzip file")
    ),
    *_as(
        "",
        (b"<!DOCTYPE html", "a web page"),
        (b"<!doctype html", "a web page"),
        (b"<html", "a web page"),
        (b"{\\rtf", "a text document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a program"),
        (b"ID3", "a sound"),
        (b"OggS", "a sound"),
        (b"fLaC", "a sound"),
        (b"\x1aE\xdf\xa3", "a video"),
        (b"wOFF", "a font"),
        (b"wOF2", "a font"),
        (b"OTTO", "a font"),
        (b"\x00\x01\x00\x00\x00", "a font"),
    ),
)

# What the first bytes leave open: a suffix names a file, and never makes a picture of it.
_SUFFIXES: Final = {
    ".ai": Kind("an Illustrator document", _EXPORT),
    ".kra": Kind("a Krita document", _EXPORT),
    ".krz": Kind("a Krita document", _EXPORT),
    ".ora": Kind("an OpenRaster document", _EXPORT),
    ".procreate": Kind("a Procreate document", _EXPORT),
    ".sketch": Kind("a Sketch document", _EXPORT),
    ".fig": Kind("a Figma document", _EXPORT),
    ".xd": Kind("an Adobe XD document", _EXPORT),
    ".cdr": Kind("a CorelDRAW document", _EXPORT),
    ".sai": Kind("a PaintTool SAI document", _EXPORT),
    ".sai2": Kind("a PaintTool SAI document", _EXPORT),
    ".clip": Kind("a Clip Studio Paint document", _EXPORT),
    ".xcf": Kind("a GIMP document", _EXPORT),
    ".psd": Kind("a Photoshop document", _EXPORT),
    ".svgz": Kind("an SVG drawing", _EXPORT),
    ".svg": Kind("an SVG drawing", _EXPORT),
    ".dxf": Kind("a DXF drawing", _EXPORT),
    ".blend": Kind("a Blender scene", _RENDER),
    ".obj": Kind("a 3D model", _RENDER),
    ".stl": Kind("a 3D model (STL)", _RENDER),
    ".gltf": Kind("a 3D model (glTF)", _RENDER),
    ".tga": Kind("a Targa (TGA) picture", _SAVE),
    ".pict": Kind("a PICT picture", _SAVE),
    ".pct": Kind("a PICT picture", _SAVE),
    ".xbm": Kind("an XBM picture", _SAVE),
}
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
    """What a file that is no picture of ours is, as far as it can be told.

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
