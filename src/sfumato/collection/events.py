"""The events of collecting and fetching: small, immutable, and without any knowledge of who listens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sfumato.collection.origin import Origin
from sfumato.collection.pictures import Rejected, Summary


@dataclass(frozen=True, slots=True)
class Scanned:
    """The directory entries are known: `total` possible pictures, of which `unchanged` need not be read again."""

    total: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Read:
    """One more file was read, used or not: number `done` of the `total` that had to be."""

    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about the source that a person should know and that stops nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The collection is on the disk, at `path`. `origin` is the data set that it was fetched from, if it was.

    `changed` is False where it was there already, and nothing had to be written.
    """

    path: Path
    summary: Summary
    origin: Origin | None
    changed: bool


@dataclass(frozen=True, slots=True)
class Written:
    """One more picture of a data set was written to the disk: number `done` of `total`."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A data set was fetched: `folder` can be collected, with `origin` as its origin."""

    folder: Path
    origin: Origin


LeftOut = Rejected  # what is known of a file that is not used is the event, too
CollectEvent = Scanned | Read | LeftOut | Noted | Finished
FetchEvent = Noted | Written | Fetched
