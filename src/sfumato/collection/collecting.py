"""A folder, a zip, or a data set that is fetched by its name, becomes a collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sfumato.collection.admission import Choices
from sfumato.collection.assembling import Earlier, Kept, assemble, listing_digest
from sfumato.collection.decisions import FILE as DECISIONS
from sfumato.collection.decisions import Decisions
from sfumato.collection.events import CollectEvent, FetchEvent, Finished, Noted, Read, Scanned
from sfumato.collection.facts import Ownership
from sfumato.collection.hub import fetch_hub
from sfumato.collection.kaggle import fetch_kaggle
from sfumato.collection.listing import list_source
from sfumato.collection.metadata import read_metadata
from sfumato.collection.origin import Origin, Reference
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.collection.pictures import Rejected, Summary
from sfumato.collection.storing import check_destination, check_source, is_collection, read_stored, write_stored
from sfumato.collection.workers import Limits, Workers
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.colour import Colour

WHITE: Colour = (255, 255, 255)


def collect(
    source: Path | str,
    destination: Path | str,
    *,
    background: Colour = WHITE,
    workers: int | None = None,
    force: bool = False,
    limits: Limits | None = None,
    origin: Origin | None = None,
    include_works: bool = False,
    ownership: Ownership | None = None,
    policy: PicturePolicy | None = None,
    bounds: PicturePolicy | None = None,
) -> Iterator[CollectEvent]:
    """Turn a folder, or a zip, of pictures into a collection in `destination`; yields events, `Finished` the last.

    Every run names every file that it leaves out, once. Where `destination` is a collection of the same source already,
    only what was added, changed or removed is looked into; unchanged is what has the same size and time in its
    directory. `background` is (red, green, blue), 0 to 255, and stands behind transparent pictures. `workers` is a
    number of processes, `limits` what one picture may take of them. Closing the generator ends everything and leaves
    `destination` as it was. With `force` a collection of another source, or a folder of other things, may be written
    into (what the program did not put there is never replaced). `origin` says which data set the source was
    fetched from (see `fetch`); without it, what an earlier run over the same source was told stays true. What the
    program made itself is left out; with `include_works` its pictures are taken as others are. What is marked as not
    to be learned from is left out too, unless `ownership` says whose own it is, and so is what `policy` does not allow;
    both are remembered as the origin is. `bounds` are further ones, for this time. What was decided of the pictures of
    `destination` (see `decisions`) holds.

    Raises SfumatoError where there is nothing to collect or nowhere to put it.
    """
    source, destination = Path(source).absolute(), Path(destination)
    if len(background) != 3 or not all(0 <= level <= 255 for level in background):
        raise SfumatoError(f"The background {background} is not a colour: red, green and blue are each 0 to 255.")
    check_source(source)
    check_destination(source, destination, force=force)
    listing = list_source(source, destination.resolve(), include_works=include_works)
    earlier = Earlier.read(source, destination, background, include_works=include_works)
    decisions = Decisions.read(destination)
    if earlier.has_decided and not (destination / DECISIONS).exists() and not force:
        raise SfumatoError(
            f"{destination / DECISIONS} is gone, which said what was edited and taken out; put it back from a copy, or "
            "say --force to go on without it."
        )
    stated_policy = earlier.policy_with(policy)
    effective = stated_policy if bounds is None else stated_policy.within(bounds)
    choices = Choices(earlier.origin_with(origin), earlier.ownership_with(ownership), effective, decisions)

    known = {entry.file: seen for entry in listing.pictures if (seen := earlier.seen(entry)) is not None}
    unread = {entry.file: entry for entry in listing.pictures if entry.file not in known}
    yield Scanned(len(listing.pictures), len(known))
    yield from (seen for seen in (*listing.rejected, *known.values()) if isinstance(seen, Rejected))

    directory = OwnDirectory(destination, "collection")
    with directory.at_work():
        with Workers(source, background, workers, limits) as pool:
            requests = ({"file": file, "art_only": not include_works} for file in unread)
            for done, answer in enumerate(pool.answers(requests), start=1):
                file = answer.request["file"]
                seen = known[file] = Kept.from_answer(unread[file], answer)
                yield Read(done, len(unread), file)
                if isinstance(seen, Rejected):
                    yield seen

        digest = listing_digest(listing)
        stated = {
            "background": list(background),
            "listing": digest,
            "include_works": include_works,
            "ownership": asdict(choices.ownership) if choices.ownership is not None else None,
            "policy": stated_policy.to_json(),
            "bounds": effective.to_json(),
            "decisions": decisions.digest,
        }
        changed = bool(unread) or not earlier.is_of(choices.origin, stated)
        if changed or earlier.stored is None:
            stored = assemble(source, background, listing, known, read_metadata(source, listing), choices)
            stored.description |= stated
            write_stored(directory, stored)
        else:
            stored = earlier.stored
    for note in stored.description["notes"]:
        yield Noted(note)
    told_last = unusable.EXCLUDED | {unusable.DUPLICATE}
    yield from (rejected for rejected in stored.rejected if rejected.kind in told_last)
    yield Finished(destination, Summary.of(stored.pictures, stored.rejected), stored.origin, changed)


def fetch(
    reference: Path | str, destination: Path | str, *, limit: int | None = None, force: bool = False
) -> Iterator[FetchEvent]:
    """Fetch a data set from Kaggle or the Hub, or works of a museum, for a collection in `destination`; yields events,
    `Fetched` the last.

    reference: 'kaggle:owner/name' (or '.../versions/3'), 'hf:owner/name' (or '.../subset', '...@revision'), or a museum
    and what it is asked for ('met:sunflowers'), of which at most `limit` works are fetched (200 if nothing is said).
    Kaggle's pictures stay in its client's cache; others are written into `destination`/pictures. What is there already
    is not fetched again. `force` lets another data set's collection be replaced. What `Fetched` says is what `collect`
    takes: `collect(event.folder, destination, origin=event.origin)`.

    Raises SfumatoError where the client is not installed, the data set is not to be had, or there is nowhere to put it.
    """
    named, destination = Reference.parse(reference), Path(destination).absolute()
    _check_collection(named, destination, force=force)
    folder = destination / "pictures"
    if named.is_of_museum:
        from sfumato.collection.museums.fetching import fetch_museum

        yield from fetch_museum(named, folder, limit=limit, force=force)
    elif limit is not None:
        raise SfumatoError(f"{reference}: is fetched whole; leave out --limit.")
    elif named.host == "kaggle":
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
