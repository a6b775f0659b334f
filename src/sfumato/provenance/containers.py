"""Where picture and video files keep texts, XMP and EXIF: their parts are walked along without decoding anything.

`data` is the file, as bytes or mapped into memory. What is damaged ends the walk; it never raises.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sfumato.images.isobmff import Data, boxes

Text = tuple[bytes, bytes]  # keyword and text, as they stand in the file

XMP: Final = b"XML:com.adobe.xmp"  # PNG's keyword, used here for the packets of all formats
# No PNG's keyword has a zero in it.
EXIF: Final = b"\x00exif"
IPTC: Final = b"\x00iptc"
C2PA: Final = b"\x00c2pa"  # only pointed out: its library wants the whole file
_LONGEST: Final = 4 * 1024**2  # bytes of one text; no packet is longer, and what unpacks to more was made to do harm
_JPEG_XMP: Final = b"http://ns.adobe.com/xap/1.0/\x00"
_JPEG_EXIF: Final = b"Exif\x00\x00"
_JPEG_MORE_XMP: Final = b"http://ns.adobe.com/xmp/extension/\x00"
_RAW_PROFILE: Final = b"Raw profile type "
_JPEG_IPTC: Final = b"Photoshop 3.0\x00"
_GIF_XMP: Final = b"\x21\xff\x0bXMP DataXMP"
_VIDEO_XMP: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
# After a packet in a GIF: whichever byte of it a reader that does not know XMP takes for a length, it comes to its end.
_GIF_TRAILER: Final = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"


def texts_of(data: Data) -> Iterator[Text]:
    """The texts in a PNG, and the XMP packets in a PNG, WebP, GIF, JPEG or MP4, these under the keyword `XMP`."""
    return (block for block in blocks_of(data) if block[0] not in (EXIF, IPTC, C2PA))


def blocks_of(data: Data) -> Iterator[Text]:
    """The same, and of a PNG, WebP or JPEG its EXIF, which begins like a TIFF, under the keyword `EXIF`; of a JPEG its
    IPTC-IIM under `IPTC`; and `C2PA` for a manifest in one of these three."""
    for magic, walk in _WALKS.items():
        if data[: len(magic)] == magic:
            yield from walk(data)
    if data[4:8] == b"ftyp":
        yield from _video_texts(data)


def _png_texts(data: Data) -> Iterator[Text]:
    """PNG, third edition, 11.3.3: tEXt, zTXt and iTXt."""
    place, end = 8, len(data)
    while place + 12 <= end:
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= _LONGEST:
            keyword, _, rest = data[place + 8 : place + 8 + length].partition(b"\x00")
            text = _png_text(kind, rest)
            yield from _raw_profile(text) if keyword.startswith(_RAW_PROFILE) else [(keyword, text)]
        elif kind == b"eXIf" and length <= _LONGEST:
            yield EXIF, data[place + 8 : place + 8 + length]
        elif kind == b"caBX":
            yield C2PA, b""
        place += 12 + length


def _raw_profile(text: bytes) -> Iterator[Text]:
    """What ImageMagick and exiftool put into a PNG's text that has no chunk for it: a line with the kind, one with the
    number of bytes, and these in hexadecimal. What they hold begins as in a JPEG."""
    lines = text.strip().split(b"\n", 2)
    try:
        profile = bytes.fromhex(lines[2].decode("ascii")) if len(lines) == 3 else b""
    except ValueError:
        return
    if profile.startswith(_JPEG_EXIF):
        yield EXIF, profile[len(_JPEG_EXIF) :]
    elif profile.startswith(_JPEG_XMP):
        yield XMP, profile[len(_JPEG_XMP) :]
    elif profile.startswith((b"8BIM", _JPEG_IPTC)):
        yield from _photoshop_texts(profile.removeprefix(_JPEG_IPTC))
    elif profile.startswith(b"\x1c"):
        yield IPTC, profile
    elif b"<x:xmpmeta" in profile or b"<rdf:RDF" in profile:
        yield XMP, profile


def _png_text(kind: bytes, rest: bytes) -> bytes:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:])
    text = b"".join(rest[2:].split(b"\x00", 2)[2:])  # after language and translated keyword
    return _inflated(text) if rest[:1] == b"\x01" else text


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _LONGEST)
    except zlib.error:
        return b""


def _webp_texts(data: Data) -> Iterator[Text]:
    """RIFF chunks (RFC 9649, 2.3)."""
    place, end = 12, len(data)
    if data[8:12] != b"WEBP":
        return
    while place + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, place)
        if kind == b"XMP ":
            yield XMP, data[place + 8 : place + 8 + min(length, _LONGEST)]
        elif kind == b"EXIF":
            yield EXIF, data[place + 8 : place + 8 + min(length, _LONGEST)].removeprefix(_JPEG_EXIF)
        elif kind == b"C2PA":
            yield C2PA, b""
        place += 8 + length + length % 2


def _jpeg_texts(data: Data) -> Iterator[Text]:
    """Marker segments up to the first scan (ITU T.81, B.1); XMP specification, part 3, 1.1.3."""
    place, end = 2, len(data)
    more: dict[bytes, list[tuple[int, bytes]]] = {}  # parts of a packet too long for one segment, by its id
    while place + 4 <= end:
        marker, length = struct.unpack_from(">HH", data, place)
        if not 0xFFC0 <= marker <= 0xFFFE or marker == 0xFFDA:
            break
        content = place + 4
        if marker == 0xFFE1 and data[content : content + len(_JPEG_XMP)] == _JPEG_XMP:
            yield XMP, data[content + len(_JPEG_XMP) : place + 2 + length]
        elif marker == 0xFFE1 and data[content : content + len(_JPEG_MORE_XMP)] == _JPEG_MORE_XMP:
            part = data[content + len(_JPEG_MORE_XMP) : place + 2 + length]
            if len(part) >= 40:  # an MD5 in hexadecimal, the whole length and the offset
                more.setdefault(part[:32], []).append((int.from_bytes(part[36:40], "big"), part[40:]))
        elif marker == 0xFFE1 and data[content : content + len(_JPEG_EXIF)] == _JPEG_EXIF:
            yield EXIF, data[content + len(_JPEG_EXIF) : place + 2 + length]
        elif marker == 0xFFEB and data[content : content + 2] == b"JP":
            yield C2PA, b""
        elif marker == 0xFFED and data[content : content + len(_JPEG_IPTC)] == _JPEG_IPTC:
            yield from _photoshop_texts(data[content + len(_JPEG_IPTC) : place + 2 + length])
        place += 2 + max(2, length)
    yield from ((XMP, b"".join(part for _, part in sorted(parts))[:_LONGEST]) for parts in more.values())


def _photoshop_texts(block: bytes) -> Iterator[Text]:
    """Photoshop's image resources, each with a number, a name and its data; 0x0404 is IPTC-IIM."""
    place, end = 0, len(block)
    while place + 12 <= end and block[place : place + 4] == b"8BIM":
        (number,) = struct.unpack_from(">H", block, place + 4)
        after = place + 7 + block[place + 6] + (block[place + 6] + 1) % 2  # a name of even length, with its own length
        if after + 4 > end:
            return
        (length,) = struct.unpack_from(">I", block, after)
        if number == 0x0404:
            yield IPTC, block[after + 4 : after + 4 + length]
        place = after + 4 + length + length % 2


def _gif_texts(data: Data) -> Iterator[Text]:
    """Extensions up to the first picture (GIF89a, 18 to 26); XMP specification, part 3, 1.1.2."""
    place, end = _after_gif_head(data), len(data)
    while place + 2 <= end and data[place : place + 1] == b"\x21":
        if data[place : place + len(_GIF_XMP)] == _GIF_XMP:
            start = place + len(_GIF_XMP)
            stop = data.find(_GIF_TRAILER[:16], start, start + _LONGEST)
            if stop < 0:
                return
            yield XMP, data[start:stop]
        place += 2
        while place < end and data[place]:
            place += 1 + data[place]
        place += 1


def _video_texts(data: Data) -> Iterator[Text]:
    """Boxes of the file itself; XMP specification, part 3, 1.2.2."""
    for kind, start, end in boxes(data, 0, len(data)):
        if kind == b"uuid" and data[start : start + 16] == _VIDEO_XMP:
            yield XMP, data[start + 16 : min(end, start + _LONGEST)]


_WALKS: Final[Mapping[bytes, Callable[[Data], Iterator[Text]]]] = {
    b"\x89PNG\r\n\x1a\n": _png_texts,
    b"RIFF": _webp_texts,
    b"\xff\xd8\xff": _jpeg_texts,
    b"GIF8": _gif_texts,
}


def gif_with(gif: bytes, packet: bytes) -> bytes:
    """A GIF with an XMP packet before its first picture; its version becomes the one that has extensions."""
    place = _after_gif_head(gif)
    return b"GIF89a" + gif[6:place] + _GIF_XMP + packet + _GIF_TRAILER + gif[place:]


def video_with(video: bytes, packet: bytes) -> bytes:
    """An MP4 with an XMP packet at its end, where it moves nothing that the file's own tables point at."""
    return video + struct.pack(">I4s", 24 + len(packet), b"uuid") + _VIDEO_XMP + packet


def _after_gif_head(data: Data) -> int:
    """Where the global colour table, or else the screen's description, ends."""
    if len(data) < 13:
        return len(data)
    flags = data[10]
    return 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
