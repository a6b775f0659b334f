"""A file as the listing finds it, in a folder or in a zip; zips in a folder are read as if they were unpacked there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from sfumato.collection.archive import Archive
from sfumato.collection.pictures import Rejected
from sfumato.collection.sources import ZIP_SUFFIXES, split_packed
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.unusable import UnusableError
from sfumato.marker import MARKER
from sfumato.provenance.reservations import WELL_KNOWN

_IGNORED: Final = frozenset(
    ("__MACOSX", "Thumbs.db", "thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", "@eaDir", "$RECYCLE.BIN")
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as its directory describes it; `stamp` is its modification time in ns, or the CRC-32 in a zip."""

    file: str
    bytes: int
    stamp: int

    def left_out(self, kind: str, reason: str) -> Rejected:
        """The file as one that is not used."""
        return Rejected(self.file, kind, reason, self.bytes, self.stamp)


def is_ignored(name: str) -> bool:
    """Whether a file or folder is hidden, or a system's own; a marker is not, for it says whose directory it is in, and
    neither is the place where a site says what may be done with it."""
    return (name.startswith(".") and name not in (MARKER, WELL_KNOWN)) or name in _IGNORED


def is_zip(file: str) -> bool:
    """Whether a file's name says that it is a zip."""
    return file.lower().endswith(ZIP_SUFFIXES)


def zip_entries(archive: Archive, place: str = "") -> Iterator[Entry | Rejected]:
    """Every file of a zip, sorted by name. `place` is put before each name: 'some.zip/'."""
    for name, size, crc in archive.replaced:
        if not _is_hidden(name):
            reason = "is in the zip twice, and the later one takes its place"
            yield Entry(f"{place}{name}", size, crc).left_out(unusable.REPLACED, reason)
    for name, size, crc in archive.files():
        if _is_hidden(name):
            continue
        entry = Entry(f"{place}{name}", size, crc)
        try:
            archive.check(name)
            if is_zip(name):
                reason = "a zip in a zip, which is not opened: unpack the outer one"
                raise UnusableError(unusable.NOT_A_PICTURE, reason)
        except UnusableError as error:
            yield entry.left_out(error.kind, error.reason)
        else:
            yield entry


def _is_hidden(name: str) -> bool:
    # A name that leads out of the zip is named even where its parts look hidden ('../x').
    return any(is_ignored(part) for part in name.split("/") if part not in (".", ".."))


_PICTURE: Final = re.compile(r".*\.(jpe?g|jfif|png|webp|gif|tiff?|bmp|avif|hei[cf])", re.IGNORECASE)


def with_unpacked(
    source: Path, entries: Iterable[Entry | Rejected], named: Iterator[str]
) -> Iterator[Entry | Rejected]:
    """The entries of a folder, in place of its zips what is in these.

    A zip is opened where no picture lies in the folder itself, or where `named`, the files that the folder's tables
    name, are in the zip; `named` is not asked for otherwise. Any other zip is left out with a reason. Zips in zips are
    not opened, so what there is to read stays within what one zip may unpack to.
    """
    zips: list[Entry] = []
    loose = False
    for entry in entries:
        if isinstance(entry, Entry) and is_zip(entry.file):
            zips.append(entry)
            continue
        loose = loose or _PICTURE.fullmatch(entry.file) is not None
        yield entry
    wanted = {PurePosixPath(name).name for name in named} if zips and loose else set()
    for entry in zips:
        beside = entry.left_out(
            unusable.NOT_A_PICTURE, "a zip beside pictures, which is not opened: unpack it, or collect it by itself"
        )
        if loose and not wanted:
            yield beside
            continue
        try:
            archive = Archive(source / entry.file)
        except SfumatoError:
            yield entry.left_out(unusable.BROKEN, "a zip that cannot be read, or must not be")
            continue
        with closing(archive):
            if loose and not any(PurePosixPath(name).name in wanted for name in archive.members):
                yield beside
            else:
                yield from zip_entries(archive, f"{entry.file}/")


def places(files: Iterable[str]) -> dict[str, str]:
    """Where each file would lie if all zips were unpacked: {'a/b.zip/1.png': 'a/1.png'}.

    One zip alone is unpacked into the folder that it lies in; several side by side into folders of their own names,
    unless everything in such a zip lies in a folder of its name already.
    """
    packed: dict[str, list[tuple[str, str]]] = {}
    found: dict[str, str] = {}
    for file in files:
        outer, name = split_packed(file)
        if outer:
            packed.setdefault(outer, []).append((file, name))
        else:
            found[file] = file
    folders = [str(PurePosixPath(outer).parent) for outer in packed]
    for (outer, members), folder in zip(packed.items(), folders, strict=True):
        around = "" if folder == "." else f"{folder}/"
        own = f"{PurePosixPath(outer).stem}/"
        if folders.count(folder) > 1 and not all(name.startswith(own) for _, name in members):
            around += own
        found.update((file, f"{around}{name}") for file, name in members)
    return found
