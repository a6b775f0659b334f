"""What the page is told of a collection and of its pictures, as plain values."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sfumato.collection.decisions import CLASS
from sfumato.collection.facts import EDIT
from sfumato.collection.pairs import Pair
from sfumato.collection.pictures import UNKNOWN, Picture, Rejected
from sfumato.collection.storing import DESCRIPTION, Collection, read_description
from sfumato.images import unusable
from sfumato.provenance.licences import short_name
from sfumato.provenance.statements import FACTS
from sfumato.provenance.terms import Terms
from sfumato.studio.entries import Entry
from sfumato.studio.open_collections import OpenCollection
from sfumato.text import readable

_MOST_LETTERS: Final = 1000  # of a fact


def row_of(folder: Path) -> dict[str, Any]:
    """A collection in a list, by its description alone. Raises SfumatoError, KeyError or TypeError for none."""
    description = read_description(folder)
    summary = description["summary"]
    noted = Entry.read(folder)
    changed = (folder / DESCRIPTION).stat().st_mtime
    return {
        "id": folder.name,
        "name": noted.name if noted is not None else folder.name,
        "job": noted.job if noted is not None else None,
        "pictures": summary["pictures"],
        "left_out": sum(summary["left_out"].values()),
        "exact_duplicates": summary["exact_duplicates"],
        "near_duplicates": summary["near_duplicates"],
        "classes": {readable(name): count for name, count in summary["classes"].items()},
        "licences": summary["licences"],
        "licence_names": {licence: short_name(licence) for licence in summary["licences"]},
        "path": readable(str(description["source"])),
        "changed_at": datetime.datetime.fromtimestamp(changed, datetime.UTC).isoformat(),
    }


@lru_cache(maxsize=8)  # counting ten thousand pictures takes a tenth of a second, and each change asks for it again
def details_of(opened: OpenCollection) -> Mapping[str, Any]:
    """What is said of a whole collection besides its row."""
    collection = opened.collection
    reasons = Counter(rejected.kind for rejected in collection.left_out)
    summary = collection.summary
    return {
        "left_out_reasons": dict(reasons.most_common()),
        "excluded": {kind: count for kind, count in reasons.items() if kind in unusable.EXCLUDED},
        "unknown": {about: sum(is_unknown(each, about) for each in collection.pictures) for about in (*FACTS, CLASS)},
        "conflicts": summary.conflicts,
        "generated": summary.generated,
        "captions": summary.captions,
        "creators": summary.creators,
        "sides": [summary.smallest_side, summary.median_side, summary.largest_side],
        "bytes": summary.bytes,
        "pairs": len(opened.pairs),
        "undecided": sum(is_undecided(pair) for pair in opened.pairs),
        "terms": list(Terms.of(summary.licences).sentences),
        "policy": collection.policy.sentences,
        "origin": collection.origin.reference if collection.origin is not None else None,
        "stated": _stated(collection),
        "notes": [readable(note) for note in collection.notes],
    }


def _stated(collection: Collection) -> dict[str, str]:
    """What is stated of all pictures of which nothing else is known."""
    ownership = collection.ownership
    return {} if ownership is None else {"licence": ownership.licence, "creator": ownership.creator}


def is_undecided(pair: Pair) -> bool:
    """Whether a pair waits for a person's choice: of identical files one is kept by itself."""
    return pair.kind == "near" and not pair.is_decided


def picture_row(opened: OpenCollection, picture: Picture) -> dict[str, Any]:
    """A picture with all that is known of it, and by whom."""
    reason = opened.reasons.get(picture.file)
    return {
        "sha256": picture.sha256,
        "file": readable(picture.file),
        "title": picture.title[:_MOST_LETTERS],
        "creator": picture.creator[:_MOST_LETTERS],
        "year": picture.year[:_MOST_LETTERS],
        "source": picture.source[:_MOST_LETTERS],
        "licence": picture.licence[:_MOST_LETTERS],
        "licence_name": short_name(picture.licence)[:_MOST_LETTERS],
        "class": picture.category,
        "caption": picture.caption[:_MOST_LETTERS],
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "excluded": readable(reason.reason) if reason is not None else "",
        "group": picture.group,
        "conflicts": [each._asdict() for each in picture.conflicts],
        "found": {_named(about): readable(where) for about, where in picture.found.items()},
        "edited": sorted(_named(about) for about, where in picture.found.items() if where == EDIT),
        "generated": picture.generated,
        "thumbnail": thumbnail_address(opened.id, picture.sha256),
    }


def left_out_row(opened: OpenCollection, rejected: Rejected) -> dict[str, Any]:
    """A file that is left out, and why; with a thumbnail where it is a picture all the same."""
    is_shown = bool(rejected.sha256) and opened.holds(rejected.sha256)
    return {
        "file": readable(rejected.file),
        "kind": rejected.kind,
        "reason": readable(rejected.reason),
        "bytes": rejected.bytes,
        "sha256": rejected.sha256,
        "same_as": readable(rejected.same_as),
        "thumbnail": thumbnail_address(opened.id, rejected.sha256) if is_shown else None,
    }


def pair_row(opened: OpenCollection, pair: Pair) -> dict[str, Any]:
    """Two pictures, and which of them is kept."""
    return {
        "kept": picture_row(opened, pair.kept),
        "other": picture_row(opened, pair.other),
        "kind": pair.kind,
        "both": pair.is_other_kept,
        "decided": pair.is_decided,
    }


def thumbnail_address(id: str, sha256: str) -> str:
    """Of a picture, at the side that the list shows it in."""
    return f"/api/collections/{id}/pictures/{sha256}/thumbnail?side=256"


def is_unknown(picture: Picture, about: str) -> bool:
    """Whether a fact, or the class, of a picture is not known."""
    return (picture.category if about == CLASS else getattr(picture, about)) in ("", UNKNOWN)


def chosen(
    pictures: Iterable[Picture],
    *,
    category: str | None = None,
    licence: str | None = None,
    unknown: str | None = None,
    query: str = "",
) -> list[Picture]:
    """The pictures of a class ('' for those of none), under a licence, of which something is not known, and of which
    every word of the query stands somewhere."""
    tests: list[Callable[[Picture], bool]] = []
    if category is not None:
        tests.append(lambda picture: picture.category == category)
    if licence is not None:
        tests.append(lambda picture: picture.licence == licence)
    if unknown is not None:
        tests.append(lambda picture: is_unknown(picture, unknown))
    if words := readable(query).casefold().split():
        tests.append(lambda picture: _says(picture, words))
    return [picture for picture in pictures if all(test(picture) for test in tests)]


def _says(picture: Picture, words: list[str]) -> bool:
    parts = (picture.title, picture.creator, picture.year, picture.category, picture.source, picture.caption)
    text = "\n".join((readable(picture.file), *parts, short_name(picture.licence))).casefold()
    return all(word in text for word in words)


def _named(about: str) -> str:
    return CLASS if about == "category" else about
