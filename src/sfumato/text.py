"""Text as it comes in, and as it goes out: whatever bytes a name is made of, the program can keep it and write it."""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

# The longer marks first: UTF-32's begins with UTF-16's.
_MARKS: Final = {
    "utf-8-sig": (codecs.BOM_UTF8,),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}


def readable(name: str) -> str:
    """A name from a file system, a zip or a table as text that can be written anywhere, in one normal form (NFC).

    A file name whose bytes are not UTF-8 reaches Python with each such byte as a lone surrogate (PEP 383). These names
    come from older systems, mostly Western ones, so they are read as Windows-1252, which agrees with Latin-1 on every
    letter; a surrogate that stands for no byte becomes U+FFFD.
    """
    if name.isascii():
        return name
    try:
        name.encode()
    except UnicodeEncodeError:
        try:
            data = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            name = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in name)
        else:
            name = _western(data)
    return unicodedata.normalize("NFC", name)


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 and UTF-32 with their mark, or else Windows-1252, which reads any bytes.

    UTF-16 without its mark is known by its zeros, as text in Western letters has one in every two bytes.
    """
    for encoding, marks in _MARKS.items():
        if data.startswith(marks):
            return data.decode(encoding, "replace")
    start = data[:400]
    if 2 * max(start[1::2].count(0), start[::2].count(0)) > len(start) // 2 and start.count(0) < len(start):
        little = start[1::2].count(0) > start[::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _western(data)


def encoded(text: str) -> bytes:
    """UTF-8, for everything that is written: what is no Unicode appears as an escape, '\\udce4', and raises nothing."""
    return text.encode("utf-8", "backslashreplace")


def stored_path(path: Path) -> str:
    """A path as text that `restored_path` makes the same path of; one that is no Unicode as a file URI (RFC 8089)."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return str(path)


def restored_path(text: str) -> Path:
    """The path of `stored_path`."""
    if not text.startswith("file:///"):
        return Path(text)
    return Path(os.fsdecode(unquote_to_bytes(text.removeprefix("file://"))))


def at_home(path: Path) -> Path:
    """The path with its leading '~' or '~name' in place; that of somebody without a home stays."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def shortened(text: str, most: int = 300) -> str:
    """A text as it stands in a message: at most that many letters of it."""
    return text if len(text) <= most else f"{text[:most]}..."


def counted(count: float, noun: str, nouns: str = "") -> str:
    """A number with its noun: '1 work', '16 works', '1,200 pictures', '0.5 minutes', '2 near copies'.

    nouns: the plural, where it is not the noun's last word with an 's', an 'es' or an 'ies'.
    """
    number = f"{count:,}" if isinstance(count, int) else f"{count:,g}"
    return f"{number} {noun if number == '1' else nouns or _plural(noun)}"


def _plural(noun: str) -> str:
    if re.search("(s|x|ch|sh)$", noun):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search("[^aeiou]y$", noun) else f"{noun}s"


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A key to sort names by as people do: '2' comes before '10', and 'room 9' before 'room 10'.

    Names that differ by leading zeros alone keep one order, because the name itself is the last part of the key.
    """
    # The split leaves the numbers at the odd places; Python reads none of more than some thousand digits.
    parts = enumerate(re.split(r"([0-9]{1,4000})", name))
    key = [(0, int(part), "") if place % 2 else (1, 0, part) for place, part in parts if part]
    return [*key, (-1, 0, name)]


def class_name(name: str) -> str:
    """A class's name as it is shown; '' stands for the pictures that are of none."""
    return name or "(unlabelled)"


def _western(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning there
        return data.decode("latin-1")


def printable(text: str) -> str:
    """Text from a file or its name, with nothing in it that could steer a terminal."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
