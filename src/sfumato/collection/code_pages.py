"""Which code page the names in an old zip are written in: the one in which they look most like names.

A zip states the encoding of a name only where that is UTF-8 (APPNOTE.TXT 4.4.4, bit 11). Without the statement it is
the code page of the machine that made the zip, and nothing says which one that was. In the wrong one, letters turn into
symbols, into capitals in the middle of a word, or into letters of another script.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

STANDARD: Final = "cp437"

# DOS and Windows write zips in the console's code page, Unix mostly in what Windows-1252 is a superset of.
# The first of those that fit equally is taken; words of Japanese letters alone are not an accident of any other.
_FROM_WINDOWS: Final = ("cp932", "cp437", "cp1252", "cp850", "cp866", "cp1251", "gbk")
_FROM_UNIX: Final = ("cp932", "cp1252", "cp437", "cp850", "cp1251", "cp866", "gbk")
_MOST_NAMES: Final = 2000
_TOLERATED: Final = 0.5  # of the letters beyond ASCII; what looks worse than that in every code page stays as it is


def code_page_of(names: Sequence[bytes], *, from_unix: bool) -> str:
    """Python's name of the encoding of all names of one zip, none of which is pure ASCII.

    UTF-8 where all of them are valid UTF-8, which no other encoding is by accident. 'cp437', the standard's own, where
    nothing fits.
    """
    sample = names[:_MOST_NAMES]
    if not sample or all(_decodes(name, "utf-8") for name in names):
        return "utf-8"
    best, least = STANDARD, _TOLERATED
    for encoding in _FROM_UNIX if from_unix else _FROM_WINDOWS:
        faults = _faults(sample, encoding)
        if faults < least:
            best, least = encoding, faults
    return best if all(_decodes(name, best) for name in names) else STANDARD


def _decodes(name: bytes, encoding: str) -> bool:
    try:
        name.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _faults(names: Sequence[bytes], encoding: str) -> float:
    """How many of the letters beyond ASCII are out of place, 0..1, or more where words are mixed; 1 if it is not it."""
    faults, letters = 0.0, 0
    for name in names:
        try:
            text = name.decode(encoding)
        except UnicodeDecodeError:
            return 1.0
        faults += sum(_fault(text, place) for place, letter in enumerate(text) if not letter.isascii())
        letters += sum(not byte < 0x80 for byte in name)
    return faults / max(1, letters)


def _fault(text: str, place: int) -> float:
    """How much a letter beyond ASCII looks out of place between its neighbours."""
    letter = text[place]
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    script = _script(letter)
    if script in ("", "HALFWIDTH"):
        return 1.0
    neighbours = [_script(other) for other in (before, after) if other.isalpha()]
    if script in ("KANA", "CJK"):
        # A single one between Western letters is two accidents; whole words of rare ones are not an accident either.
        alone = not any(other in ("KANA", "CJK") for other in neighbours)
        rare = script == "CJK" and not _is_common(letter)
        return (1.0 if alone or "LATIN" in neighbours else 0.0) + (0.6 if rare else 0.0)
    if any(other != script for other in neighbours):
        return 1.0
    if script == "LATIN" and not before.isascii() and before.isalpha():
        return 0.6  # accent next to accent is rare, and in the wrong code page the rule
    # 'GemÕlde': no word turns to capitals and back.
    if letter.isupper() and before.isalpha() and (before.islower() or after.islower()):
        return 1.0
    return 0.1 if letter in "ŠšŽž" else 0.0  # of the letters that stand where DOS has its own, the rarest


def _script(letter: str) -> str:
    """'LATIN', 'CYRILLIC', 'KANA', 'CJK' and the like; '' for anything but letters."""
    if not letter.isalpha() or letter in "ªºµƒ":
        return ""
    word = unicodedata.name(letter, "").split(" ")[0]
    return "KANA" if word in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else word


def _is_common(letter: str) -> bool:
    """Whether a character is among the 3,755 common ones of GB 2312 or the 2,965 common ones of JIS X 0208."""
    for encoding, last in (("gb2312", 0xD7), ("euc_jp", 0xCF)):
        try:
            data = letter.encode(encoding)
        except UnicodeEncodeError:
            continue
        if len(data) == 2 and 0xB0 <= data[0] <= last:
            return True
    return False
