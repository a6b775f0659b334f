"""The words that works are found by.

``class:waves``, ``model:coast``, ``kind:inpaint``, ``seed:7``, ``before:2026-03`` and ``after:2026-03-01``,
``is:starred``, ``is:copy`` and plain words, all of which must be true of a work; quotes keep words together
(``class:"still life"``), and a minus takes away what follows (``-class:waves``). Of a word its beginning is enough for
a class, and any part for a model and for plain words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.work import folded
from sfumato.text import readable

MOST_LETTERS: Final = 1000
KEYS: Final = frozenset({"class", "model", "kind", "seed", "before", "after", "is"})
_TERM: Final = re.compile(r'(?P<minus>-?)(?:(?P<key>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_c: Final = tables.work.c


class SearchError(SfumatoError):
    """A search that cannot be read."""


@dataclass(frozen=True)
class Term:
    """key: one of KEYS, '' for plain words; without: it shall not be true."""

    key: str
    value: str
    without: bool = False


def terms(query: str) -> list[Term]:
    """What a search asks for. A key that there is not is a plain word; one without a value asks for nothing yet."""
    if len(query) > MOST_LETTERS:
        raise SearchError(f"the search has {len(query):,} letters, and {MOST_LETTERS:,} are the most")
    found = []
    for match in _TERM.finditer(readable(query).replace("\0", "")):
        key = match["key"] or ""
        value = match["bare"] if match["quoted"] is None else match["quoted"]
        if key and key not in KEYS:
            key, value = "", f"{key}:{value}"
        if (not key and value.rstrip(":") in KEYS and value.endswith(":")) or not value.strip():
            continue
        found.append(Term(key, value, bool(match["minus"])))
    return found


def conditions(query: str) -> list[sa.ColumnElement[bool]]:
    """The conditions on a row of works, all of which must be true. Raises SearchError that says what cannot be read."""
    made = []
    for term in terms(query):
        condition = _condition(term)
        made.append(sa.not_(sa.func.coalesce(condition, sa.false())) if term.without else condition)
    return made


def _condition(term: Term) -> sa.ColumnElement[bool]:
    value = " ".join(folded(term.value).split())
    match term.key:
        case "class":
            return _c.facets.contains(f"\nclass:{value}", autoescape=True)
        case "model":
            return _c.facets.like(f"%\nmodel:%{_escaped(value)}%", escape="/")
        case "kind":
            return _c.kind == value
        case "seed":
            if not re.fullmatch(r"[0-9]{1,19}", value) or int(value) >= 2**63:
                raise SearchError(f"seed:{term.value}: a seed is a whole number")
            return _c.seed == int(value)
        case "before":
            return _c.created_at < _moment(term)
        case "after":
            return _c.created_at >= _moment(term)
        case "is":
            if value == "starred":
                return _c.starred.is_(True)
            if value == "copy":
                return _c.near_copy.is_(True)
            raise SearchError(f"is:{term.value}: works can be starred (is:starred) or near copies (is:copy)")
    return _c.text.contains(folded(term.value), autoescape=True)


def _escaped(value: str) -> str:
    return re.sub("([/%_])", r"/\1", value)


def _moment(term: Term) -> datetime:
    """The first moment of a day, a month or a year, where the server is."""
    match = _DATE.fullmatch(term.value.strip())
    try:
        if match is None:
            raise ValueError
        year, month, day = match.groups()
        return datetime(int(year), int(month or 1), int(day or 1)).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise SearchError(
            f"{term.key}:{term.value}: write a day as 2026-03-31, a month as 2026-03 or a year as 2026"
        ) from error
