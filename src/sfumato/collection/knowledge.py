"""What is known of the pictures besides their pixels: from metadata files, captions, and the folders they lie in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from sfumato.collection.archive import Archive
from sfumato.collection.folders import placed, split_named
from sfumato.collection.listing import Entry, Listing
from sfumato.collection.metadata import CAPTION_LIMIT, TEXT_LIMIT, Known, parse_caption, parse_metadata
from sfumato.collection.pictures import UNKNOWN, Picture
from sfumato.collection.unusable import UnusableError

_Reader = Callable[[str, int], bytes]


@dataclass(slots=True)
class Knowledge:
    """For each file that something was written about: field and text; and what a person should know about the texts."""

    of: dict[str, Known] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_knowledge(source: Path, listing: Listing) -> Knowledge:
    """Read all metadata files and captions of a source. What cannot be read or understood becomes a note."""
    if source.is_dir():
        return _gather(listing, lambda file, limit: _read_text(source / file, limit))
    archive = Archive(source)
    try:
        return _gather(listing, archive.read_text)
    finally:
        archive.close()


def _read_text(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        return file.read(limit)


def _gather(listing: Listing, read: _Reader) -> Knowledge:
    knowledge = Knowledge()
    # Some systems take accented letters apart in file names, and metadata written elsewhere does not.
    names = {_composed(entry.file): entry.file for entry in listing.pictures}
    names.update({_composed(rejected.file): rejected.file for rejected in listing.rejected})
    # The metadata file nearest to a picture has the last word.
    for entry in sorted(listing.metadata, key=lambda entry: (entry.file.count("/"), entry.file)):
        data = _text(entry, TEXT_LIMIT, read, knowledge.notes)
        if data is None:
            continue
        known, complaints = parse_metadata(data, entry.file)
        knowledge.notes.extend(f"{entry.file}: {complaint}" for complaint in complaints)
        folder = PurePosixPath(entry.file).parent
        missing = [name for name in known if _composed(str(folder / name)) not in names]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            knowledge.notes.append(f"{entry.file}: names files that are not there: {missing[0]}{more}")
        for name, fields in known.items():
            file = names.get(_composed(str(folder / name)))
            if file is not None:
                knowledge.of.setdefault(file, {}).update(fields)
    _gather_captions(listing, read, knowledge)
    return knowledge


def _gather_captions(listing: Listing, read: _Reader, knowledge: Knowledge) -> None:
    captions = {str(PurePosixPath(entry.file).with_suffix("")): entry for entry in listing.captions}
    for picture in listing.pictures if captions else ():
        entry = captions.get(str(PurePosixPath(picture.file).with_suffix("")))
        data = _text(entry, CAPTION_LIMIT, read, knowledge.notes) if entry is not None else None
        if data:
            knowledge.of.setdefault(picture.file, {})["caption"] = parse_caption(data)


def _text(entry: Entry, limit: int, read: _Reader, notes: list[str]) -> bytes | None:
    if entry.bytes > limit:
        notes.append(f"{entry.file}: larger than {limit // 1024} kB, so it is not read")
        return None
    try:
        return read(entry.file, limit)
    except UnusableError as error:
        notes.append(f"{entry.file}: {error}")
    except OSError as error:
        notes.append(f"{entry.file}: cannot be read ({error.strerror or error})")
    return None


def _composed(file: str) -> str:
    return unicodedata.normalize("NFC", file)


def with_knowledge(pictures: list[Picture], knowledge: Knowledge, *, wrapped: bool) -> list[Picture]:
    """The pictures with all that is known of them, and with their classes; `wrapped` where they come from an archive.

    The class is that of the folders; where these tell nothing apart, what the metadata says. The split is what the
    metadata says; where that says nothing, that of the folders.
    """
    places, splits = placed([picture.file for picture in pictures], wrapped=wrapped)
    if splits:
        knowledge.notes.append(f"{', '.join(splits)}: taken for a split, kept as each picture's, and not for classes")
    of = [knowledge.of.get(picture.file, {}) for picture in pictures]
    stated = any(known.get("category") for known in of) and len({category for category, _ in places}) < 2
    described = []
    for picture, (category, split), known in zip(pictures, places, of, strict=True):
        described.append(
            replace(
                picture,
                category=known.get("category", "") if stated else category,
                split=split_named(known.get("split", "")) or known.get("split", split),
                caption=known.get("caption", ""),
                creator=known.get("creator", ""),
                title=known.get("title", ""),
                year=known.get("year", ""),
                source=known.get("source", ""),
                licence=known.get("licence", UNKNOWN),
            )
        )
    return described
