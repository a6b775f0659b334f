"""A folder or a zip becomes a collection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sfumato.collection import unusable
from sfumato.collection.assembling import Earlier, Kept, Seen, assemble, listing_digest
from sfumato.collection.colour import Colour
from sfumato.collection.destination import check_destination, check_source
from sfumato.collection.entries import Entry
from sfumato.collection.events import CollectEvent, Finished, LeftOut, Noted, Read, Scanned
from sfumato.collection.knowledge import read_knowledge
from sfumato.collection.listing import list_source
from sfumato.collection.origin import Origin
from sfumato.collection.pictures import Rejected
from sfumato.collection.storing import write_stored
from sfumato.collection.summary import Summary
from sfumato.collection.workers import Limits, Workers
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError

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
) -> Iterator[CollectEvent]:
    """Turn a folder, or a zip, of pictures into a collection in `destination`; yields events, `Finished` the last.

    Every run names every file that it leaves out, once. Where `destination` is a collection of the same source already,
    only what was added, changed or removed is looked into; unchanged is what has the same size and time in its
    directory. `background` is (red, green, blue), 0 to 255, and stands behind transparent pictures. `workers` is a
    number of processes, `limits` what one picture may take of them. Closing the generator ends everything and leaves
    `destination` as it was. With `force` a collection of another source, or a folder of other things, may be written
    into (what the program did not put there is never replaced). `origin` says which data set the source was
    fetched from (see `fetch`); without it, what an earlier run over the same source was told stays true. What the
    program made itself is left out; with `include_works` its pictures are taken as others are.

    Raises SfumatoError where there is nothing to collect or nowhere to put it.
    """
    source, destination = Path(source).absolute(), Path(destination)
    if len(background) != 3 or not all(0 <= level <= 255 for level in background):
        raise SfumatoError(f"The background {background} is not a colour: red, green and blue are each 0 to 255.")
    check_source(source)
    check_destination(source, destination, force=force)
    listing = list_source(source, destination.resolve(), include_works=include_works)
    earlier = Earlier.read(source, destination, background, include_works=include_works)
    origin = earlier.origin_with(origin)

    known: dict[str, Seen] = {}
    unread: list[Entry] = []
    for entry in listing.pictures:
        seen = earlier.seen(entry)
        if seen is None:
            unread.append(entry)
        else:
            known[entry.file] = seen
    yield Scanned(len(listing.pictures), len(known))
    for seen in (*listing.rejected, *known.values()):
        if isinstance(seen, Rejected):
            yield LeftOut(seen.file, seen.kind, seen.reason)

    directory = OwnDirectory(destination, "collection")
    with directory.at_work():
        entries = {entry.file: entry for entry in unread}
        with Workers(source, background, workers, limits) as pool:
            requests = ({"file": entry.file, "art_only": not include_works} for entry in unread)
            for done, answer in enumerate(pool.answers(requests), start=1):
                seen = Kept.from_answer(entries[answer.request["file"]], answer)
                known[answer.request["file"]] = seen
                yield Read(done, len(unread), answer.request["file"])
                if isinstance(seen, Rejected):
                    yield LeftOut(seen.file, seen.kind, seen.reason)

        digest = listing_digest(listing)
        changed = bool(unread) or not earlier.is_of(digest, background, origin, include_works=include_works)
        if changed or earlier.stored is None:
            stored = assemble(source, background, listing, known, read_knowledge(source, listing), origin)
            stored.description |= {"listing": digest, "include_works": include_works}
            write_stored(directory, stored)
        else:
            stored = earlier.stored
    for note in stored.description["notes"]:
        yield Noted(note)
    for rejected in stored.rejected:
        if rejected.kind == unusable.DUPLICATE:
            yield LeftOut(rejected.file, rejected.kind, rejected.reason)
    yield Finished(destination, Summary.of(stored.pictures, stored.rejected), stored.origin, changed)
