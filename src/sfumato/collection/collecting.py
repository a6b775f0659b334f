"""A folder or a zip becomes a collection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.collection import unusable
from sfumato.collection.collection import Collection
from sfumato.collection.colour import Colour
from sfumato.collection.events import CollectEvent, Finished, LeftOut, Noted, Read, Scanned
from sfumato.collection.fingerprint import THUMBNAIL_SIDE
from sfumato.collection.grouping import near_duplicates
from sfumato.collection.knowledge import classes_of, read_knowledge, texts_digest, with_knowledge
from sfumato.collection.listing import Entry, Listing, list_source
from sfumato.collection.pictures import Picture, Rejected
from sfumato.collection.storing import DESCRIPTION, Stored, is_collection, read_description, read_stored, write_stored
from sfumato.collection.summary import Summary
from sfumato.collection.workers import Answer, Limits, Workers
from sfumato.errors import SfumatoError

Thumbnail = NDArray[np.uint8]
WHITE: Colour = (255, 255, 255)


def collect(
    source: Path | str,
    destination: Path | str,
    *,
    background: Colour = WHITE,
    workers: int | None = None,
    force: bool = False,
    limits: Limits | None = None,
) -> Iterator[CollectEvent]:
    """Turn a folder, or a zip, of pictures into a collection in `destination`; yields events, `Finished` the last.

    Where `destination` is a collection of the same source already, only what was added, changed or removed is looked
    at; unchanged is what has the same size and time in its directory. `background` is (red, green, blue), 0 to 255, and
    stands behind transparent pictures. `workers` is a number of processes, `limits` what one picture may take of them.
    Closing the generator ends everything and leaves `destination` as it was. With `force` a collection of another
    source, or a folder of other things, may be written into (only the collection's own files are replaced).

    Raises SfumatoError where there is nothing to collect or nowhere to put it.
    """
    source, destination = Path(source), Path(destination)
    _check_background(background)
    _check_source(source)
    _check_destination(source, destination, force)
    listing = list_source(source, destination.resolve())
    earlier = _Earlier.read(source, destination, background)

    known: dict[str, _Seen] = {}
    unread: list[Entry] = []
    for entry in listing.pictures:
        seen = earlier.seen(entry)
        if seen is None:
            unread.append(entry)
        else:
            known[entry.file] = seen
    yield Scanned(len(listing.pictures), len(known))
    for rejected in listing.rejected:
        yield LeftOut(rejected.file, rejected.kind, rejected.reason)

    stamps = {entry.file: entry for entry in unread}
    with Workers(source, background, workers, limits) as pool:
        requests = ({"file": entry.file} for entry in unread)
        for done, answer in enumerate(pool.answers(requests), start=1):
            file = answer.request["file"]
            seen = known[file] = _seen(stamps[file], answer)
            yield Read(done, len(unread), file)
            if isinstance(seen, Rejected):
                yield LeftOut(seen.file, seen.kind, seen.reason)

    notes, collection, changed = _finish(source, destination, background, listing, earlier, known)
    for note in notes:
        yield Noted(note)
    if not unread:  # nothing was said of them in this run
        for rejected in collection.left_out:
            if rejected.kind != unusable.DUPLICATE and rejected.file in known:
                yield LeftOut(rejected.file, rejected.kind, rejected.reason)
    yield Finished(collection, collection.summary, changed)
