"""What lies in the source: directory entries alone, no file is opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sfumato.collection import unusable
from sfumato.collection.archive import Archive
from sfumato.collection.pictures import Rejected
from sfumato.collection.unusable import UnusableError
from sfumato.errors import SfumatoError

METADATA_NAMES = ("metadata.csv", "metadata.jsonl")

_IGNORED = ("__MACOSX", "Thumbs.db", "thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", "@eaDir", "$RECYCLE.BIN")
# Texts that people put next to art, and the settings that programs do.
_SIDE_FILE = re.compile(
    r"(licen[cs]e|readme|copying|notice|credits?|authors|sources?|attribution)([_-][^.]*)?(\.(txt|rst|pdf|html?))?|.*\.(xmp|md)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as its directory describes it; `stamp` is its modification time in ns, or the CRC-32 in a zip."""

    file: str
    bytes: int
    stamp: int


@dataclass(slots=True)
class Listing:
    """All that the source holds: possible pictures, texts about them, and what cannot be used whatever is in it."""

    pictures: list[Entry] = field(default_factory=list)
    metadata: list[Entry] = field(default_factory=list)
    captions: list[Entry] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def list_source(source: Path, skipped: Path) -> Listing:
    """List a folder (but for the folder `skipped` in it) or a zip; everything sorted by name."""
    listing = Listing()
    texts: list[Entry] = []
    entries = _zip_entries(source) if not source.is_dir() else _folder_entries(source, skipped)
    for entry in entries:
        if isinstance(entry, Rejected):
            listing.rejected.append(entry)
            continue
        name = PurePosixPath(entry.file).name
        if name.lower() in METADATA_NAMES:
            listing.metadata.append(entry)
        elif _SIDE_FILE.fullmatch(name):
            continue
        elif name.lower().endswith(".txt"):
            texts.append(entry)
        else:
            listing.pictures.append(entry)
    # A text is a caption where it has a picture's name; otherwise it is a file like any other, and no picture.
    stems = {_stem(entry.file) for entry in listing.pictures}
    for entry in texts:
        (listing.captions if _stem(entry.file) in stems else listing.pictures).append(entry)
    for part in (listing.pictures, listing.metadata, listing.captions):
        part.sort(key=lambda entry: entry.file)
    listing.rejected.sort(key=lambda entry: entry.file)
    return listing


def _stem(file: str) -> str:
    return str(PurePosixPath(file).with_suffix(""))


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in _IGNORED


def _zip_entries(source: Path) -> Iterator[Entry | Rejected]:
    archive = Archive(source)
    try:
        for name, size, crc in archive.files():
            # A name that leads out of the zip is named even where its parts look hidden ('../x').
            hidden = any(_is_ignored(part) for part in name.split("/") if part not in (".", ".."))
            if hidden:
                continue
            try:
                archive.check(name)
            except UnusableError as error:
                yield Rejected(name, error.kind, error.reason, size, crc)
            else:
                yield Entry(name, size, crc)
    finally:
        archive.close()


def _folder_entries(source: Path, skipped: Path) -> Iterator[Entry | Rejected]:
    """Every file below the source. Real folders come before linked ones, so that a file is found under its own name."""
    # A link to a folder that the source lies in would lead back here.
    seen = {_identity(parent): "" for parent in source.resolve().parents}
    linked: list[str] = []
    waiting = [""]
    while waiting or linked:
        if not waiting:
            waiting.append(linked.pop(0))
        folder = waiting.pop()
        path = source / folder
        try:
            identity = _identity(path)
            if identity in seen:
                yield _second_visit(folder, seen[identity])
                continue
            seen[identity] = folder
            if path.resolve() == skipped:
                continue
            with os.scandir(path) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if folder == "":
                raise SfumatoError(f"{source} cannot be listed ({error.strerror or error}).") from error
            yield _unlisted(folder, error)
            continue
        for entry in entries:
            if _is_ignored(entry.name):
                continue
            file = f"{folder}/{entry.name}" if folder else entry.name
            described = _describe(entry, file)
            if isinstance(described, (Entry, Rejected)):
                yield described
            elif entry.is_symlink():
                linked.append(file)
            else:
                waiting.append(file)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _describe(entry: os.DirEntry[str], file: str) -> Entry | Rejected | None:
    """The file that an entry is or links to, why it is none, or None for a folder."""
    try:
        status = entry.stat()
    except OSError as error:
        return _unlisted(file, error)
    if stat.S_ISDIR(status.st_mode):
        return None
    if stat.S_ISREG(status.st_mode):
        return Entry(file, status.st_size, status.st_mtime_ns)
    return Rejected(file, unusable.SPECIAL, unusable.special(status.st_mode))


def _second_visit(folder: str, first: str) -> Rejected:
    if first == "" or folder.startswith(f"{first}/"):
        return Rejected(folder, unusable.LINK, "a circular link: it leads to a folder that it lies in")
    return Rejected(folder, unusable.LINK, f"a link to a folder that is read already, as {first}")


def _unlisted(file: str, error: OSError) -> Rejected:
    if error.errno == errno.ENOENT:
        return Rejected(file, unusable.LINK, "a dangling link: what it leads to is not there")
    if error.errno == errno.ELOOP:
        return Rejected(file, unusable.LINK, unusable.CIRCULAR)
    return Rejected(file, unusable.UNREADABLE, f"cannot be read ({error.strerror or error})")
