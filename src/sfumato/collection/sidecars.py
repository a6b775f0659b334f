"""What files beside pictures say of their source and of learning from them: XMP, and the reservations of a folder."""

from __future__ import annotations

from collections import Counter

from sfumato.collection.entries import Entry, places
from sfumato.collection.listing import Listing
from sfumato.collection.naming import Captioned
from sfumato.collection.sources import Source
from sfumato.collection.tables import Fields
from sfumato.images.unusable import UnusableError
from sfumato.provenance.embedded import xmp_said
from sfumato.provenance.reservations import WELL_KNOWN, parse_reservation
from sfumato.provenance.statements import FACTS, FAULT, OPT_OUT, Statement
from sfumato.text import counted, readable

_XMP_LIMIT = 1024**2
_RESERVATION_LIMIT = 1024**2

Stated = dict[str, list[Statement]]


def statements_in(fields: Fields, where: str) -> list[Statement]:
    """What the fields of a row or of an object say of a picture's source, its licence, and of learning from it. Each
    line is a statement."""
    return [
        Statement(about, text, where)
        for about in (*FACTS, OPT_OUT)
        for text in fields.get(about, "").split("\n")
        if text
    ]


def gather_sidecars(listing: Listing, source: Source, stated: Stated, notes: list[str]) -> None:
    """Add what `picture.xmp` or `picture.jpg.xmp` says of the picture beside it. What cannot be read becomes a note."""
    if not listing.sidecars:
        return
    where = places(entry.file for entry in (*listing.pictures, *listing.sidecars))
    captioned = Captioned({entry.file: where[entry.file] for entry in listing.pictures})
    faults: list[str] = []
    for entry in listing.sidecars:
        packet = read_text(entry, _XMP_LIMIT, source, faults)
        said = [] if packet is None else list(xmp_said(packet, readable(entry.file)))
        faults += [f"{each.where}: {each.text}, so it is not used" for each in said if each.about == FAULT]
        said = [each for each in said if each.about != FAULT]
        for file in captioned.pictures_of(where[entry.file]) if said else ():
            stated.setdefault(file, []).extend(said)
    if faults:
        more = f" (and {counted(len(faults) - 1, 'more file')} beside pictures)" if len(faults) > 1 else ""
        notes.append(f"{faults[0]}{more}")


def gather_reservations(listing: Listing, source: Source, stated: Stated, notes: list[str]) -> None:
    """Add what `tdmrep.json`, `ai.txt` and `robots.txt` say of the pictures in the folder that they lie in."""
    where = places(entry.file for entry in (*listing.pictures, *listing.reservations)) if listing.reservations else {}
    reserved: Counter[str] = Counter()
    for entry in listing.reservations:
        data = read_text(entry, _RESERVATION_LIMIT, source, notes)
        if data is None:
            continue
        folder, _, name = where[entry.file].rpartition("/")
        found = parse_reservation(data, name)
        if found is None:
            notes.append(f"{entry.file}: is not as the TDM Reservation Protocol has it, so it is not used")
            continue
        # A site's own place for such files stands for its root.
        outer, _, last = folder.rpartition("/")
        start = f"{outer if last == WELL_KNOWN else folder}/".lstrip("/")
        for picture in listing.pictures:
            place = where[picture.file]
            if place.startswith(start) and (said := found.of(readable(place[len(start) :]))):
                stated.setdefault(picture.file, []).append(Statement(OPT_OUT, said, readable(entry.file)))
                reserved[entry.file] += 1
    notes += [
        f"{file}: {counted(count, 'file')} of its folder not to be learned from" for file, count in reserved.items()
    ]


def read_text(entry: Entry, limit: int, source: Source, notes: list[str]) -> bytes | None:
    """A text's bytes; None, and a note, where it is too long or cannot be read."""
    if entry.bytes > limit:
        size = f"{limit // 1024**2} MB" if limit >= 1024**2 else f"{limit // 1024} kB"
        notes.append(f"{entry.file}: larger than {size}, so it is not read")
        return None
    try:
        return source.read_text(entry.file, limit)
    except UnusableError as error:
        notes.append(f"{entry.file}: {error}")
    return None
