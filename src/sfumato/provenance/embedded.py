"""What a picture's file says of itself: XMP, IPTC-IIM, EXIF, the texts of a PNG, and its Content Credentials.

Whatever strangers have put there, reading it never raises, and fetches nothing. Only what is there is looked into: the
libraries for it are loaded when the first picture has it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from sfumato.images.files import HEAD_BYTES, picture_format
from sfumato.images.tiff import Directory
from sfumato.provenance import generators, opt_outs
from sfumato.provenance.containers import C2PA as C2PA_BLOCK
from sfumato.provenance.containers import EXIF as EXIF_BLOCK
from sfumato.provenance.containers import IPTC as IPTC_BLOCK
from sfumato.provenance.containers import XMP as XMP_PACKET
from sfumato.provenance.containers import Text, blocks_of
from sfumato.provenance.exif import exif_said
from sfumato.provenance.iptc import iptc_said
from sfumato.provenance.statements import (
    C2PA,
    CREATOR,
    EXIF,
    FAULT,
    GENERATED,
    IPTC,
    LICENCE,
    TEXT,
    TITLE,
    XMP,
    Statement,
    one_text,
    plain_text,
    said_in,
)

_WALKED: Final = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF")  # JPEG, PNG and WebP, whose blocks say all
_HEIF: Final = ("AVIF", "HEIF")
_TIFF_IPTC, _TIFF_XMP = 33723, 700
_ORDER: Final = (XMP, IPTC, EXIF, TEXT, C2PA)
_ELSEWHERE: Final = Statement(FAULT, "its Content Credentials lie on another computer and were not fetched", C2PA)
_MOST_STATEMENTS: Final = 64
# PNG, third edition, 11.3.3.1.
_KEYWORDS: Final = {b"Author": CREATOR, b"Title": TITLE, b"Copyright": LICENCE}
_UNREADABLE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    struct.error,
)


def embedded_in(data: bytes, blocks: Iterable[Text] | None = None) -> tuple[Statement, ...]:
    """The statements of a picture's file, given as its bytes, each once, in the order in which they are believed.

    blocks: what `blocks_of` finds in it, where that is known already.
    """
    found = list(blocks_of(data) if blocks is None else blocks)
    has_manifest = any(kind == C2PA_BLOCK for kind, _ in found)
    if not data.startswith(_WALKED):
        has_manifest = b"jumb" in data and b"c2pa" in data
        kind = picture_format(data[:HEAD_BYTES])
        found += _tiff_blocks(data) if kind == "TIFF" else _heif_blocks(data) if kind in _HEIF else ()
    said = list(chain.from_iterable(_read(kind, block) for kind, block in found))
    if len(found) > 1:
        said.sort(key=_rank)
    if has_manifest:
        from sfumato.provenance.declared import manifest_said

        said = [statement for statement in said if statement != _ELSEWHERE] + manifest_said(data)
    return tuple(dict.fromkeys(said))[:_MOST_STATEMENTS]


def _rank(statement: Statement) -> int:
    return _ORDER.index(statement.where)


def _read(kind: bytes, block: bytes) -> Iterator[Statement]:
    if kind == XMP_PACKET:
        yield from xmp_said(block, XMP)
    elif kind == EXIF_BLOCK:
        yield from _with_marks(exif_said(block), EXIF)
    elif kind == IPTC_BLOCK:
        yield from _with_marks(iptc_said(block), IPTC)
    elif kind != C2PA_BLOCK:
        yield from _png_said(kind, block)


def _with_marks(said: tuple[list[Statement], list[str]], where: str) -> Iterator[Statement]:
    statements, words = said
    yield from statements
    yield from opt_outs.in_words(words, where)
    if any(map(generators.is_parameters, words)):
        yield Statement(GENERATED, "the settings of a program in a comment", where)


def _png_said(keyword: bytes, text: bytes) -> Iterator[Statement]:
    if generated := list(generators.in_png_text(keyword, text)):
        yield from generated
        return  # what was asked of a model is not said of the picture
    line = one_text([plain_text(text.strip(b"\x00"))])
    if (about := _KEYWORDS.get(keyword)) and line:
        yield Statement(about, line, TEXT)
    yield from opt_outs.in_words((keyword.decode("latin-1"), line), TEXT)


def xmp_said(packet: bytes, where: str) -> Iterator[Statement]:
    """The statements of an XMP packet, in a picture or in a file beside it."""
    from sfumato.provenance.xmp import XmpError, properties_of

    try:
        properties = properties_of(packet)
    except XmpError as error:
        yield Statement(FAULT, f"its XMP {error}", where)
        return
    yield from said_in(properties, where)
    if "dcterms:provenance" in properties:
        yield _ELSEWHERE
    yield from opt_outs.in_properties(properties, where)
    yield from generators.in_properties(properties, where)


def _tiff_blocks(data: bytes) -> Iterator[Text]:
    try:
        directory = Directory.first(data)
    except (EOFError, ValueError, struct.error):
        return
    for tag, kind in ((_TIFF_XMP, XMP_PACKET), (_TIFF_IPTC, IPTC_BLOCK)):
        value = directory.values.get(tag)
        if isinstance(value, tuple):  # numbers that are none: bytes, or bytes by fours
            wide = any(part > 0xFF for part in value)
            value = struct.pack(f"{directory.order}{len(value)}{'I' if wide else 'B'}", *value)
        if value:
            yield kind, value
    yield EXIF_BLOCK, data


def _heif_blocks(data: bytes) -> Iterator[Text]:
    """As Pillow finds them; none where it does not open the file."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_HEIF) as image:
            packet, exif = image.info.get("xmp"), image.info.get("exif")
    except _UNREADABLE:
        return
    if isinstance(packet, bytes) and packet:
        yield XMP_PACKET, packet
    if isinstance(exif, bytes) and exif:
        yield EXIF_BLOCK, exif.removeprefix(b"Exif\x00\x00")
