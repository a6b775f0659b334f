"""The collections of the studio, each read once and kept until it is changed."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from sfumato.collection.pairs import Pair, pairs_of
from sfumato.collection.pictures import Picture, Rejected
from sfumato.collection.storing import DESCRIPTION, Collection, is_collection
from sfumato.errors import SfumatoError
from sfumato.studio.entries import is_id
from sfumato.studio.place import Place

_MOST_OPEN: Final = 8
_PATIENCE_SECONDS: Final = 2.0  # a collection is not whole for as long as its parts are being replaced
_PAUSE_SECONDS: Final = 0.05


class NoSuchCollectionError(SfumatoError):
    """The studio has no collection of that id, or the collection no such picture."""


@dataclass(frozen=True)
class OpenCollection:
    """id: its folder's name; collection: as it was when it was read."""

    id: str
    collection: Collection

    @cached_property
    def pairs(self) -> list[Pair]:
        """Pictures that are the same, or nearly."""
        return pairs_of(self.collection)

    @cached_property
    def reasons(self) -> dict[str, Rejected]:
        """Why a file is left out, by its name."""
        return {rejected.file: rejected for rejected in self.collection.left_out}

    def picture(self, sha256: str) -> Picture:
        """By the SHA-256 of its file, one that is left out for what is said of it too. Raises NoSuchCollectionError."""
        found = self._by_content.get(sha256)
        if found is None:
            raise NoSuchCollectionError(f"the collection '{self.id}' has no such picture any more")
        return found

    def holds(self, sha256: str) -> bool:
        """Whether `picture` has it."""
        return sha256 in self._by_content

    @cached_property
    def _by_content(self) -> dict[str, Picture]:
        return {picture.sha256: picture for picture in (*self.collection.pictures, *self.collection.excluded)}


def collection_folders(place: Place) -> Iterator[Path]:
    """Those that are there, by their names, which are their ids."""
    with contextlib.suppress(OSError):
        yield from (folder for folder in sorted(place.collections.iterdir()) if _is_ours(folder))


def collection_folder(place: Place, id: str) -> Path:
    """The folder of a collection. Raises NoSuchCollectionError where there is none of that id."""
    if not is_id(id) or not is_collection(place.collections / id):
        raise NoSuchCollectionError(f"there is no collection '{id}' here; choose one of the list")
    return place.collections / id


_LOCK = threading.Lock()
_OPEN: OrderedDict[Path, tuple[tuple[int, int, int], OpenCollection]] = OrderedDict()


def open_collection(place: Place, id: str) -> OpenCollection:
    """A collection as it is now, or, while it is being written, as it was before.

    Raises NoSuchCollectionError where there is none, SfumatoError where it stays broken.
    """
    folder = collection_folder(place, id)
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        stamp = _stamp(folder)
        with _LOCK:
            known = _OPEN.get(folder)
            if known is not None:
                _OPEN.move_to_end(folder)
        if known is not None and known[0] == stamp:
            return known[1]
        try:
            opened = OpenCollection(id, Collection.open(folder))
            _ = opened.collection.decisions  # that belong to it, and not what is decided next
        except SfumatoError:
            if known is not None:
                return known[1]
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
            continue
        with _LOCK:
            _OPEN[folder] = (stamp, opened)
            while len(_OPEN) > _MOST_OPEN:
                _OPEN.popitem(last=False)
        return opened


def _stamp(folder: Path) -> tuple[int, int, int]:
    """Other numbers for each writing, whose last part is the description. Raises NoSuchCollectionError."""
    try:
        found = (folder / DESCRIPTION).stat()
    except OSError as error:
        raise NoSuchCollectionError(f"the collection '{folder.name}' is not there any more") from error
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_ours(folder: Path) -> bool:
    return is_id(folder.name) and is_collection(folder)
