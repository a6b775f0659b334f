"""A file as the listing finds it, and the files of a zip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sfumato.collection import unusable
from sfumato.collection.archive import Archive
from sfumato.collection.pictures import Rejected
from sfumato.collection.sources import ZIP_SUFFIXES
from sfumato.collection.unusable import UnusableError
from sfumato.marker import MARKER

_IGNORED: Final = frozenset(
    ("__MACOSX", "Thumbs.db", "thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", "@eaDir", "$RECYCLE.BIN")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as its directory describes it; `stamp` is its modification time in ns, or the CRC-32 in a zip."""

    file: str
    bytes: int
    stamp: int


def is_ignored(name: str) -> bool:
    """Whether a file or folder is hidden, or a system's own; a marker is not, for it says whose directory it is in."""
    return (name.startswith(".") and name != MARKER) or name in _IGNORED


def is_zip(file: str) -> bool:
    """Whether a file's name says that it is a zip."""
    return file.lower().endswith(ZIP_SUFFIXES)


def zip_entries(archive: Archive, place: str = "") -> Iterator[Entry | Rejected]:
    """Every file of a zip, sorted by name. `place` is put before each name: 'some.zip/'."""
    for name, size, crc in archive.replaced:
        if not _is_hidden(name):
            reason = "is in the zip twice, and the later one takes its place"
            yield Rejected(f"{place}{name}", unusable.REPLACED, reason, size, crc)
    for name, size, crc in archive.files():
        if _is_hidden(name):
            continue
        file = f"{place}{name}"
        try:
            archive.check(name)
        except UnusableError as error:
            yield Rejected(file, error.kind, error.reason, size, crc)
            continue
        if is_zip(name):
            yield Rejected(
                file, unusable.NOT_A_PICTURE, "a zip in a zip, which is not opened: unpack the outer one", size, crc
            )
        else:
            yield Entry(file, size, crc)


def _is_hidden(name: str) -> bool:
    # A name that leads out of the zip is named even where its parts look hidden ('../x').
    return any(is_ignored(part) for part in name.split("/") if part not in (".", ".."))
