"""From a person's pictures to a collection and a dataset."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from sfumato.collection import (
    MUSEUMS,
    WHITE,
    Collection,
    Fetched,
    Finished,
    Ownership,
    PicturePolicy,
    Reference,
    fetch,
    is_collection,
    is_reference,
)
from sfumato.collection import collect as collected
from sfumato.collection.decisions import FILE
from sfumato.dataset import Dataset, Ready, prepare
from sfumato.errors import SfumatoError
from sfumato.images.colour import Colour
from sfumato.pipeline.events import Began, Event, passed_on
from sfumato.policy.policy import Policy
from sfumato.provenance.sources import LearnedFrom
from sfumato.text import counted


def collect(
    art: Path | str,
    place: Path,
    *,
    background: Colour = WHITE,
    workers: int | None = None,
    include_works: bool = False,
    ownership: Ownership | None = None,
    policy: PicturePolicy | None = None,
    query: str = "",
    limit: int | None = None,
    force: bool = False,
) -> Iterator[Event]:
    """Make a collection at ``place``, as `sfumato.collection.collect` does; the last event is its `Finished`.

    art: a folder, a zip, the name of a data set ('kaggle:owner/name', 'hf:owner/name'), or a museum ('met:'), which is
    fetched first; query, limit: what the museum is asked for, and the most works that are taken. What the policy of
    this computer does not allow is left out. Raises SfumatoError.
    """
    origin = None
    named = _named(art, query, limit)
    if named is not None:
        yield Began("fetching", f"Fetching {named}")
        fetched = yield from passed_on(fetch(str(named), place, limit=limit, force=force), Fetched)
        art, origin = fetched.folder, fetched.origin
    yield Began("collecting", "Collecting")
    yield from collected(
        art,
        place,
        background=background,
        workers=workers,
        force=force,
        origin=origin,
        include_works=include_works,
        ownership=ownership,
        policy=policy,
        bounds=Policy.current().limits.pictures.policy,
    )


def _named(art: Path | str, query: str, limit: int | None) -> Reference | None:
    """The data set or museum that ``art`` names; None for a path. Raises SfumatoError."""
    named = Reference.parse(art) if is_reference(art) else None
    if named is not None and named.is_of_museum:
        return named.asking(query) if query else named
    if query or limit is not None:
        museums = ", ".join(f"{museum}:" for museum in MUSEUMS)
        raise SfumatoError(f"{art}: --query and --limit are for museums ({museums}), and this is none; leave them out")
    return named


def collection_of(art: Path, place: Path, **choices: Any) -> Generator[Event, None, Collection]:
    """The collection that ``art`` is, or one made of it at ``place``. choices: as for `collect`.

    Raises SfumatoError where there is no art, for choices that a collection which is there would need to be made anew
    for, and where it holds what the policy of this computer does not allow.
    """
    if not is_reference(art) and not art.exists():
        raise SfumatoError(f"{art}: no such folder; give a folder or a zip of pictures")
    if is_collection(art):
        _named(art, choices.get("query", ""), choices.get("limit"))  # of which neither goes with a collection
        collection = Collection.open(art)
        if choices.get("ownership") is not None or choices.get("policy") is not None:
            raise SfumatoError(
                f"{art}: is a collection already; say whose its pictures are, and which are allowed, with: sfumato "
                f"collect {collection.source} -o {art}"
            )
        if not collection.is_decided:
            raise SfumatoError(
                f"{art}: what was edited or taken out is not in it as {art / FILE} has it; carry that out with: "
                f"sfumato collect {collection.source} -o {art}"
            )
        _check_allowed(collection)
        return collection
    finished = yield from passed_on(collect(art, place, **choices), Finished)
    return Collection.open(finished.path)


def check_learned_from(place: Path, learned_from: LearnedFrom | None) -> None:
    """Raises SfumatoError where the policy of this computer does not allow all licences of the collection that the run
    at ``place`` learns from. learned_from: None, or of no known licences, where that cannot be said."""
    policy = Policy.current()
    allowed = policy.limits.pictures.policy
    known = learned_from.licences if learned_from is not None else None
    if known is None and allowed != PicturePolicy():
        raise SfumatoError(
            f"{place}: does not say under which licences its pictures are, and {policy.said} allows certain ones "
            "alone; train a new run"
        )
    for licence, count in (known or {}).items():
        if reason := allowed.reason(licence, "the run's record", "")[1]:
            raise SfumatoError(
                f"{place}: learns from {counted(count, 'picture')} that {policy.said} does not allow ({reason}); "
                "train a new run"
            )


def _check_allowed(collection: Collection) -> None:
    """Raises SfumatoError where the policy of this computer does not allow all of a collection's pictures."""
    policy = Policy.current()
    allowed = policy.limits.pictures.policy
    refused = [
        (picture.file, reason)
        for picture in collection.pictures
        if (
            reason := allowed.reason(
                picture.licence, picture.found.get("licence", ""), picture.generated, picture.conflicts
            )[1]
        )
    ]
    if refused:
        file, reason = refused[0]
        raise SfumatoError(
            f"{collection.path}: holds {counted(len(refused), 'picture')} that {policy.said} does not allow ({file}: "
            f"{reason}); leave them out with: sfumato collect {collection.source} -o {collection.path}"
        )


def dataset_of(collection: Collection, place: Path, size: int, **choices: Any) -> Generator[Event, None, Dataset]:
    """The collection prepared at ``place``. choices: as for `sfumato.dataset.prepare`. Raises SfumatoError."""
    yield Began("preparing", f"Preparing {size} px")
    ready = yield from passed_on(prepare(collection, place, size=size, **choices), Ready)
    return Dataset.open(ready.path)


def short_sides(collection: Collection) -> list[int]:
    """The shorter side of each picture, in pixels."""
    return [min(picture.width, picture.height) for picture in collection.pictures]
