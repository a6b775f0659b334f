"""A data set is fetched by its name, and becomes a folder that can be collected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sfumato.collection.destination import check_destination
from sfumato.collection.events import FetchEvent
from sfumato.collection.hub import fetch_hub
from sfumato.collection.kaggle import fetch_kaggle
from sfumato.collection.reference import Reference
from sfumato.collection.storing import is_collection, read_stored
from sfumato.errors import SfumatoError


def fetch(reference: Path | str, destination: Path | str, *, force: bool = False) -> Iterator[FetchEvent]:
    """Fetch a data set from Kaggle or the Hub for a collection in `destination`; yields events, `Fetched` the last.

    reference: 'kaggle:owner/name' (or '.../versions/3'), or 'hf:owner/name' (or '.../subset', '...@revision'). Kaggle's
    pictures stay in its client's cache; those of the Hub are written into `destination`/pictures. What is there
    already is not fetched again. `force` lets another data set's collection be replaced. What `Fetched` says is what
    `collect` takes: `collect(event.folder, destination, origin=event.origin)`.

    Raises SfumatoError where the client is not installed, the data set is not to be had, or there is nowhere to put it.
    """
    named, destination = Reference.parse(reference), Path(destination).absolute()
    _check_collection(named, destination, force=force)
    folder = destination / "pictures"
    if named.host == "kaggle":
        yield from fetch_kaggle(named)
    else:
        yield from fetch_hub(named, folder, force=force)


def _check_collection(reference: Reference, destination: Path, *, force: bool) -> None:
    """Raises SfumatoError where `collect` would refuse to write, before anything is fetched."""
    if not is_collection(destination):
        check_destination(destination / "pictures", destination, force=force)
        return
    if force:
        return
    try:
        stored = read_stored(destination)
    except SfumatoError:
        return  # it may be written anew
    origin = stored.origin
    there = Reference.parse(origin.reference) if origin is not None else None
    if there is None or (there.host, there.name, there.subset) != (reference.host, reference.name, reference.subset):
        raise SfumatoError(
            f"{destination} is a collection of {there or stored.description.get('source')}, not of {reference}; "
            "choose another place, or replace it with --force."
        )
