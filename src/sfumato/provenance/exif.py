"""What a picture's EXIF says of who made it, and what words stand in it (CIPA DC-008, 4.6)."""

from __future__ import annotations

import struct
from typing import Any, Final

from sfumato.images.tiff import Directory
from sfumato.provenance.statements import CREATOR, EXIF, FAULT, LICENCE, Statement, one_text, plain_text
from sfumato.text import decoded

_DESCRIPTION, _ARTIST, _COPYRIGHT, _PRIVATE, _COMMENT = 270, 315, 33432, 34665, 37510
_XP_AUTHOR, _XP_KEYWORDS = 40093, 40094  # Windows' own, in UTF-16
_TAGS: Final = (_DESCRIPTION, _ARTIST, _COPYRIGHT, _XP_AUTHOR, _XP_KEYWORDS)
_MOST_BYTES: Final = 64 * 1024  # of one value


def exif_said(block: bytes) -> tuple[list[Statement], list[str]]:
    """The statements of a block of EXIF, or of a TIFF, and all its texts, for the marks that may be in them."""
    try:
        return exif_in(Directory.first(block))
    except (EOFError, ValueError, struct.error):
        return [Statement(FAULT, "its EXIF is broken", EXIF)], []


def exif_in(directory: Directory) -> tuple[list[Statement], list[str]]:
    """The same of a directory that is read already."""
    values = directory.values
    texts = {tag: _text(tag, values[tag]) for tag in _TAGS if tag in values}
    said = ((CREATOR, texts.get(_ARTIST) or texts.get(_XP_AUTHOR, "")), (LICENCE, texts.get(_COPYRIGHT, "")))
    statements = [Statement(about, text, EXIF) for about, text in said if text]
    if _PRIVATE in values:
        for private in directory.subdirectories(_PRIVATE):
            texts[_COMMENT] = _comment(private.values.get(_COMMENT))
    return statements, [text for text in texts.values() if text]


def _text(tag: int, value: Any) -> str:
    """One line; a copyright's two texts, of the photographer and of the editor, are parted by a zero."""
    data = _bytes(value)
    if tag in (_XP_AUTHOR, _XP_KEYWORDS):
        return one_text([data.decode("utf-16-le", "replace").rstrip("\x00")])
    # Each by itself: zeros between them look like UTF-16.
    return one_text(map(plain_text, data.split(b"\x00")), "; ")


def _comment(value: Any) -> str:
    """The first eight bytes name the characters."""
    data = _bytes(value)
    code, text = data[:8], data[8:]
    if code == b"UNICODE\x00":
        return text.decode("utf-16-be" if text[:1] == b"\x00" else "utf-16-le", "replace")
    return decoded((text if code in (b"ASCII\x00\x00\x00", bytes(8)) else data).replace(b"\x00", b""))


def _bytes(value: Any) -> bytes:
    """A value of characters, which some write as a list of numbers."""
    if isinstance(value, tuple):
        value = bytes(int(part) & 0xFF for part in value[:_MOST_BYTES])
    return value[:_MOST_BYTES] if isinstance(value, bytes) else b""
