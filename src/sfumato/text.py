"""Text as it comes in, and as it goes out: whatever bytes a name is made of, the program can keep it and write it."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from urllib.parse import unquote_to_bytes


def readable(name: str) -> str:
    """A name from a file system, a zip or a table as text that can be written anywhere, in one normal form (NFC).

    A file name whose bytes are not UTF-8 reaches Python with each such byte as a lone surrogate (PEP 383). These names
    come from older systems, mostly Western ones, so they are read as Windows-1252, which agrees with Latin-1 on every
    letter; a surrogate that stands for no byte becomes U+FFFD.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        try:
            data = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            name = "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in name)
        else:
            name = _decoded(data)
    return unicodedata.normalize("NFC", name)


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


def _decoded(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning there
        return data.decode("latin-1")
