"""When a picture was made, read from what people write: '1888-05-01', 'ca. 1890', 'late 19th century', '500 b.c.'."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

LATEST: Final = 2100  # no year beyond it is one
_MOST_LETTERS: Final = 200  # that are read of a text
_VAGUE: Final = 100  # years: what is spread wider lies in no century

_BEFORE_CHRIST: Final = r"(?:b\.? ?c\.?(?: ?e\.?)?|v\. ?(?:u\. ?z\.|chr\.?)|av\. ?j\.?-?c\.?|a\. ?c\.)"
_NUMBER: Final = r"(?:\d{1,2}|(?=[ivx])x{0,2}(?:i[xv]|v?i{0,3}))"
_ORDINAL: Final = r"(?:st|nd|rd|th|\.|º|ème|eme|e)?"
_CENTURY: Final = (
    r"(?:centur(?:y|ies)|cent\b\.?|c\b\.?|jahrhunderts?|jhdt?\.?|jh\.?|si[eè]cles?|secolo|sec\b\.?|siglos?)"
)
_BETWEEN: Final = r" ?(?:-|to|or|and|/|bis|à) ?"
_CENTURIES: Final = (
    re.compile(
        rf"\b(?P<first>{_NUMBER}){_ORDINAL}(?: ?{_CENTURY})?(?:{_BETWEEN}(?P<last>{_NUMBER}){_ORDINAL})? ?{_CENTURY}"
        rf" ?(?P<era>{_BEFORE_CHRIST})?"
    ),
    re.compile(rf"\b(?:secolo|sec\.|siglo|s\.) ?(?P<first>{_NUMBER})\b(?P<last>)(?: ?(?P<era>{_BEFORE_CHRIST}))?"),
)
# Which part of a century or a decade: where it begins and ends.
_PARTS: Final = (
    (re.compile(r"\b(?:first|1st) half\b|\b1\. ?hälfte\b"), 0.0, 0.5),
    (re.compile(r"\b(?:second|2nd|latter) half\b|\b2\. ?hälfte\b"), 0.5, 1.0),
    (re.compile(r"\b(?:first|1st) quarter\b"), 0.0, 0.25),
    (re.compile(r"\b(?:second|2nd) quarter\b"), 0.25, 0.5),
    (re.compile(r"\b(?:third|3rd) quarter\b"), 0.5, 0.75),
    (re.compile(r"\b(?:fourth|4th|last) quarter\b"), 0.75, 1.0),
    (re.compile(r"\bmid(?:dle)?\b"), 0.3, 0.7),
    (re.compile(r"\b(?:early|beginning|frühes|anfang|début)\b"), 0.0, 0.4),
    (re.compile(r"\b(?:late|end|spätes|ende|fin)\b"), 0.6, 1.0),
)
_DECADE: Final = re.compile(r"\b(?P<year>\d{2,3}0) ?['’]?(?:s|er)\b")
_DAY: Final = re.compile(r"\b(?:[0-3]?\d)[./-](?:[0-3]?\d)[./-](?P<year>\d{4})\b")
_ISO: Final = re.compile(r"\b(?P<year>\d{4})[-:/.](?P<month>\d{1,2})(?:[-:/.]\d{1,2})?(?![\d-])")
_SPAN: Final = re.compile(r"\b(?P<first>\d{1,4}) ?(?:-|/|to|or|and|until|through|bis|à) ?(?P<last>\d{1,4})\b")
_YEAR: Final = re.compile(r"(?<![\d.,])(?P<year>\d{3,4})(?![\d]|[.,]\d)")
_ERA: Final = re.compile(rf"(?<![a-z]){_BEFORE_CHRIST}(?![a-z])")
_SMALL: Final = re.compile(
    r"\b(?:a\. ?d\.?|ad) (?P<before>\d{1,4})\b|\b(?P<after>\d{1,4}) ?(?:a\. ?d\.?|c\. ?e\.?|ad\b|ce\b)"
)
_OPEN: Final = re.compile(r"\b(?:before|after|by|since|vor|nach|avant|après|prior to|not (?:before|after|later))\b")


@dataclass(frozen=True, order=True)
class Period:
    """The first and the last year in which a picture may have been made: negative ones before Christ, and no year 0."""

    first: int
    last: int

    @property
    def century(self) -> int | None:
        """That the years lie in, or their middle: 19 from 1801 to 1900, -5 the fifth before Christ; None where they are
        spread over more than a hundred years."""
        if _counted(self.last) - _counted(self.first) > _VAGUE:
            return None
        middle = (_counted(self.first) + _counted(self.last)) // 2
        return (middle + 99) // 100 if middle > 0 else -(-middle // 100 + 1)


def _counted(year: int) -> int:
    """Years one after the other: 1 BC is 0."""
    return year if year > 0 else year + 1


def century_name(century: int) -> str:
    """'19th century', '5th century BC'."""
    number = abs(century)
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending} century{' BC' if century < 0 else ''}"


def period_of(text: str) -> Period | None:
    """The period that a text states; None where it states none, or only that it was before or after some year.

    Read are years, dates by day or month, spans ('1503-06'), decades, centuries and their parts, in the words of
    English and the commonest ones of German, French, Italian and Spanish. Of several statements the first counts:
    'modelled 1880, cast 1912' is 1880.
    """
    text = " ".join(unicodedata.normalize("NFKC", text[:_MOST_LETTERS]).lower().split())
    text = re.sub("[‐-―−]", "-", text).replace(" - ", "-")
    if not text or _OPEN.search(text):
        return None
    for reading in (_centuries, _decade, _dated, _span, _year):
        if (found := reading(text)) is not None:
            first, last = found
            plausible = first and last and _counted(first) <= _counted(last) and last <= LATEST
            return Period(first, last) if plausible else None
    return None


def _centuries(text: str) -> tuple[int, int] | None:
    for pattern in _CENTURIES:
        for found in pattern.finditer(text):
            first = _number(found["first"])
            last = _number(found["last"] or "") or first
            if not first or not last or max(first, last) > LATEST // 100:
                continue
            before = found["era"] is not None
            if before:
                low, high = -100 * max(first, last), -100 * (min(first, last) - 1) - 1
            else:
                low, high = 100 * (min(first, last) - 1) + 1, 100 * max(first, last)
            return _part(text, low, high) if first == last else (low, high)
    return None


def _number(text: str) -> int:
    """Of a century, in digits or Roman; 0 where it is none."""
    if text.isdecimal():
        return int(text)
    values = [{"i": 1, "v": 5, "x": 10}[letter] for letter in text]
    return sum(-one if one < other else one for one, other in zip(values, [*values, 0][1:], strict=True))


def _decade(text: str) -> tuple[int, int] | None:
    found = _DECADE.search(text)
    if found is None:
        return None
    year = int(found["year"])
    return _part(text, year, year + (99 if year % 100 == 0 else 9))  # 'the 1800s' are mostly meant as a century


def _part(text: str, low: int, high: int) -> tuple[int, int]:
    for pattern, begins, ends in _PARTS:
        if pattern.search(text):
            length = high - low + 1
            return low + round(begins * length), low + round(ends * length) - 1
    return low, high


def _dated(text: str) -> tuple[int, int] | None:
    if found := _DAY.search(text):
        return int(found["year"]), int(found["year"])
    found = _ISO.search(text)
    if found is None:
        return None
    year, second = int(found["year"]), int(found["month"])
    # '1903-06' may be June or three years more, as it may not in '1888-05'; the years hold the month too.
    place = 10 ** len(found["month"])
    if found[0].count("-") == 1 and second > year % place:
        return year, year - year % place + second
    return (year, year) if second <= 12 else None


def _span(text: str) -> tuple[int, int] | None:
    before = _ERA.search(text) is not None
    for found in _SPAN.finditer(text):
        first, last = int(found["first"]), int(found["last"])
        if before:
            return -first, -last
        if len(found["first"]) < 3:
            continue
        if len(found["last"]) < len(found["first"]):  # '1503-06', '1890-5'
            place = 10 ** len(found["last"])
            last += first - first % place
        return first, last
    return None


def _year(text: str) -> tuple[int, int] | None:
    if _ERA.search(text):
        found = re.search(r"\d{1,4}", text)
        return None if found is None else (-int(found[0]), -int(found[0]))
    if found := _YEAR.search(text):
        return int(found["year"]), int(found["year"])
    if found := _SMALL.search(text):
        year = int(found["before"] or found["after"])
        return year, year
    return None
