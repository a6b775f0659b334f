"""What lies in the source, by its directory entries: no picture is opened."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from sfumato.collection.entries import Entry, is_ignored, places, with_unpacked, zip_entries
from sfumato.collection.naming import Captioned
from sfumato.collection.own_products import without_products
from sfumato.collection.pictures import Rejected
from sfumato.collection.sources import Source
from sfumato.collection.tables import TEXT_LIMIT, parse_table
from sfumato.disk import what_is
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.files import HEAD_BYTES, picture_format
from sfumato.images.unusable import UnusableError
from sfumato.provenance.reservations import NAMES, WELL_KNOWN

# Texts that people put next to art, and the settings that programs do.
_SIDE_FILE = re.compile(
    r"(licen[cs]e|readme|copying|notice|credits?|authors|sources?|attribution)([_-][^.]*)?(\.(txt|rst|pdf|html?))?|.*\.(xmp|md)",
    re.IGNORECASE,
)
_TABLE = re.compile(r".*\.(csv|tsv|json|jsonl|ndjson)", re.IGNORECASE)
_SIDECAR = re.compile(r".*\.xmp", re.IGNORECASE)
_CAPTION = re.compile(r".*\.(caption|txt|tags|json)", re.IGNORECASE)


@dataclass(slots=True)
class Listing:
    """All that the source holds: possible pictures, texts about them, and what cannot be used whatever is in it.

    `tables` are tables of metadata, and JSON that is like one; `captions` are texts that each belong to one picture,
    and `sidecars` XMP that does. `reservations` may say of a whole folder that nothing is to be learned from it.
    """

    pictures: list[Entry] = field(default_factory=list)
    tables: list[Entry] = field(default_factory=list)
    captions: list[Entry] = field(default_factory=list)
    sidecars: list[Entry] = field(default_factory=list)
    reservations: list[Entry] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def parts(self) -> tuple[list[Entry], ...]:
        """All that is read."""
        return self.pictures, self.tables, self.captions, self.sidecars, self.reservations


def list_source(source: Path, skipped: Path, *, include_works: bool = False) -> Listing:
    """List a folder (but for the folder `skipped` in it) or a zip; everything sorted by name.

    A zip in a folder is read as if it were unpacked there, where the folder's own pictures are in it (see
    `entries.with_unpacked`): its files are then named 'some.zip/1.png'.
    What the program made itself is set aside, but for folders of works with `include_works`.
    """
    listing = Listing()
    texts: list[Entry] = []
    with closing(Source(source)) as opened:
        for entry in _entries(source, skipped, opened, (listing.tables, texts), include_works=include_works):
            if isinstance(entry, Rejected):
                listing.rejected.append(entry)
                continue
            folder, _, name = entry.file.rpartition("/")
            if name.lower() in NAMES:
                listing.reservations.append(entry)
            elif folder.rpartition("/")[2] == WELL_KNOWN:
                continue
            elif _CAPTION.fullmatch(name) or _SIDECAR.fullmatch(name):
                texts.append(entry)
            elif _TABLE.fullmatch(name):
                listing.tables.append(entry)
            elif not _SIDE_FILE.fullmatch(name) or _is_picture_without_suffix(entry.file, opened):
                listing.pictures.append(entry)
    _sort_texts(texts, listing)
    for part in listing.parts:
        part.sort(key=lambda entry: entry.file)
    listing.rejected.sort(key=lambda entry: entry.file)
    return listing


def _entries(
    source: Path, skipped: Path, opened: Source, found: tuple[list[Entry], ...], *, include_works: bool
) -> Iterator[Entry | Rejected]:
    """Every file of the source. `found` are lists that tables are put into meanwhile, with other files."""
    own = zip_entries(opened.archive) if opened.archive is not None else _folder_entries(source, skipped)
    art = iter(without_products(own, source, opened, include_works=include_works))
    if opened.archive is not None:
        return art
    tables = (entry.file for entry in chain(*found) if _TABLE.fullmatch(entry.file) and entry.bytes <= TEXT_LIMIT)
    named = (name for table in tables for name in _texts_in(table, opened))
    return with_unpacked(source, art, named)


def _texts_in(table: str, source: Source) -> Iterator[str]:
    try:
        return parse_table(source.read_text(table, TEXT_LIMIT), table).texts()
    except UnusableError:
        return iter(())


def _sort_texts(texts: list[Entry], listing: Listing) -> None:
    """A text is a caption where it has a picture's name; otherwise it is a file like any other, and no picture."""
    if not texts:
        return
    where = places(entry.file for entry in (*listing.pictures, *texts))
    captioned = Captioned({entry.file: where[entry.file] for entry in listing.pictures})
    for entry in texts:
        name = entry.file.rpartition("/")[2]
        if captioned.pictures_of(where[entry.file]):
            (listing.sidecars if _SIDECAR.fullmatch(name) else listing.captions).append(entry)
        elif _TABLE.fullmatch(name):
            listing.tables.append(entry)
        elif not _SIDE_FILE.fullmatch(name):
            listing.pictures.append(entry)


def _is_picture_without_suffix(file: str, source: Source) -> bool:
    """Whether a file that is called like a text about the art, 'sources' or 'credits', begins like a picture."""
    if "." in file.rpartition("/")[2]:
        return False
    try:
        return picture_format(source.read_text(file, HEAD_BYTES)) is not None
    except UnusableError:
        return True  # whatever is wrong with it is then said of it


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
            if is_ignored(entry.name):
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
    return Rejected(file, unusable.SPECIAL, f"{what_is(status.st_mode)}, not a file")


def _second_visit(folder: str, first: str) -> Rejected:
    if first == "" or folder.startswith(f"{first}/"):
        return Rejected(folder, unusable.LINK, "a circular link: it leads to a folder that it lies in")
    return Rejected(folder, unusable.LINK, f"a link to a folder that is read already, as {first}")


def _unlisted(file: str, error: OSError) -> Rejected:
    if error.errno == errno.ENOENT:
        return Rejected(file, unusable.LINK, "a dangling link: what it leads to is not there")
    if error.errno == errno.ELOOP:
        return Rejected(file, unusable.LINK, "a circular link")
    return Rejected(file, unusable.UNREADABLE, f"cannot be read ({error.strerror or error})")
