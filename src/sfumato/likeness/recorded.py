"""What a file's credentials say of the comparison that was made, in words. Strangers may have written it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sfumato.likeness.finding import NEAR_COPY, NO_NEAR_COPY, NOT_COMPARED, Finding, Neighbour
from sfumato.text import counted, printable, shortened

_SHOWN: Final = 2  # neighbours, as many as a finding has


def said_of_comparison(facts: object) -> str:
    """'no near copy found (at most 0.42 % false alarms); nearest: ...': what `finding.comparison` recorded; '' for
    anything else. What is missing, or of another kind than it should be, is left out."""
    if not isinstance(facts, Mapping):
        return ""
    found, foreign = facts.get("found"), printable(_text(facts.get("foreign")))
    if found == NOT_COMPARED:
        return f"{NOT_COMPARED}; {foreign}" if foreign else NOT_COMPARED
    if found not in (NEAR_COPY, NO_NEAR_COPY):
        return ""
    nearest = tuple(_neighbours(facts.get("nearest")))[:_SHOWN]
    is_copy = found == NEAR_COPY
    if is_copy and not nearest:
        said = "near copy of a picture that is not named"
    else:
        rate = _number(facts.get("rate"), 0, 1)
        # Whether it is one is recorded: no score decides it once more.
        said = Finding(nearest, float(is_copy), 0.5, 1.0 if rate is None else rate, foreign).sentence
    works, compared, copies = (_count(facts.get(name)) for name in ("works", "compared", "near copies"))
    if works is None or compared is None or copies is None:
        return said
    found_among = f"{counted(copies, 'near copy')} among {counted(works, 'work')}, of which {compared:,} were compared"
    return f"{found_among}; the nearest to a copy: {said}"


def _neighbours(rows: object) -> Iterator[Neighbour]:
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, Mapping):
            continue
        digest, similarity = _text(row.get("digest")), _number(row.get("similarity"), -1, 1)
        if similarity is not None:
            file = _text(row.get("file")) or _without_a_name(digest)
            yield Neighbour(file, _text(row.get("creator")), digest, similarity, 0)


def _without_a_name(digest: str) -> str:
    """Works that are saved without their recipe name no files."""
    return f"picture {digest[:10]}" if re.fullmatch("[0-9a-f]{64}", digest) else "a picture without a name"


def _text(value: object) -> str:
    return shortened(value) if isinstance(value, str) else ""


def _number(value: object, least: float, most: float) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and least <= value <= most else None  # type: ignore[operator, arg-type]


def _count(value: object) -> int | None:
    number = _number(value, 0, 1e9)
    return None if number is None else int(number)
