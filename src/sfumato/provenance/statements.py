"""What is said of a picture, by whomever and wherever: one statement a fact, with the place where it was found."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sfumato.text import decoded, readable

CREATOR: Final = "creator"
TITLE: Final = "title"
YEAR: Final = "year"
SOURCE: Final = "source"
LICENCE: Final = "licence"
FACTS: Final = (CREATOR, TITLE, YEAR, SOURCE, LICENCE)
OPT_OUT: Final = "opt-out"  # it is not to be learned from
GENERATED: Final = "generated"  # how a model took part in making it
FAULT: Final = "fault"  # what could not be read, or is not believed

# Where a fact was found, in the order in which a picture's own file is believed.
XMP: Final = "XMP"
IPTC: Final = "IPTC"
EXIF: Final = "EXIF"
TEXT: Final = "PNG text"
C2PA: Final = "C2PA"

_MOST_LETTERS: Final = 2000  # of one text


class Statement(NamedTuple):
    """about: one of the names above; text: in the words in which it was written, on one line; where: it was found."""

    about: str
    text: str
    where: str


def statement_from(parts: Sequence[str]) -> Statement:
    """The inverse of what JSON makes of one. Raises TypeError or ValueError where it is none."""
    about, text, where = parts
    # A hundred thousand pictures share a few names.
    return Statement(sys.intern(about), text, sys.intern(where))


# Properties of XMP, and of the JSON in manifests that has the same names: the first that says something counts.
PROPERTIES: Final[Mapping[str, Sequence[str]]] = {
    CREATOR: ("dc:creator", "tiff:Artist", "cc:attributionName"),
    TITLE: ("dc:title", "photoshop:Headline"),
    YEAR: ("photoshop:DateCreated", "dc:date"),
    SOURCE: ("dc:source", "cc:attributionURL"),
}
LICENCES: Final = ("cc:license", "xmpRights:UsageTerms", "dc:rights", "tiff:Copyright")
_PAGE: Final = "xmpRights:WebStatement"
_MARK: Final = "xmpRights:Marked"
_MARKED: Final = {"true": "copyright", "false": "public domain"}  # XMP specification, part 2, 1.2.3
_DEEDS: Final = ("creativecommons.org", "rightsstatements.org")


def one_text(values: Iterable[str], between: str = ", ") -> str:
    """Values on one line, each once, without characters that show nothing."""
    parts = [_line(value) for value in values]
    return parts[0] if len(parts) == 1 else between.join(dict.fromkeys(filter(None, parts)))[:_MOST_LETTERS]


def _line(value: str) -> str:
    if not value.isascii() or "\x00" in value:
        value = readable(value.replace("\x00", " "))
    return " ".join(value[: 2 * _MOST_LETTERS].split())[:_MOST_LETTERS]


def plain_text(data: bytes) -> str:
    """The text in bytes of no stated encoding; most is ASCII, and soon read."""
    return data.decode("ascii") if data.isascii() else decoded(data)


def said_in(properties: Mapping[str, Sequence[str]], where: str) -> Iterator[Statement]:
    """The facts that properties by their usual names ('dc:creator') state, licences in the order of their weight.

    A page on the web is a licence where it is a deed of Creative Commons or a statement of rightsstatements.org, and
    otherwise the last that could be one.
    """
    for about, names in PROPERTIES.items():
        for name in names:
            if name in properties and (text := one_text(properties[name])):
                yield Statement(about, text, where)
                break
    texts = [one_text(properties[name]) for name in LICENCES if name in properties]
    if _PAGE in properties:
        page = one_text(properties[_PAGE])
        texts = [page, *texts] if any(host in page for host in _DEEDS) else [*texts, page]
    if _MARK in properties:
        texts.append(_MARKED.get(one_text(properties[_MARK]).lower(), ""))
    yield from (Statement(LICENCE, text, where) for text in dict.fromkeys(filter(None, texts)))
