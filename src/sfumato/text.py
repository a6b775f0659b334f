"""Text as it comes in, and as it goes out: whatever bytes a name is made of, the program can keep it and write it."""

from __future__ import annotations

import unicodedata


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


def _decoded(data: bytes) -> str:
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:  # five bytes have no meaning there
        return data.decode("latin-1")
