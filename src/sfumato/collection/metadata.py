"""What is known of the pictures besides their pixels: from tables, from texts beside them, and from their folders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from sfumato.collection.classes import chosen_categories, placed, split_named
from sfumato.collection.columns import KIND, known_fields, understood, unused_note
from sfumato.collection.entries import places
from sfumato.collection.facts import EDIT, Facts
from sfumato.collection.listing import Listing
from sfumato.collection.naming import ORDER, Captioned, Names, suffix_of
from sfumato.collection.pictures import UNKNOWN, Picture
from sfumato.collection.sidecars import gather_reservations, gather_sidecars, read_text, statements_in
from sfumato.collection.sources import Source
from sfumato.collection.tables import CAPTION_LIMIT, TEXT_LIMIT, Fields, parse_caption, parse_object, parse_table
from sfumato.provenance.statements import FACTS, LICENCE, Statement
from sfumato.text import counted, readable

# What competitions hand out to be filled in: its labels are made up.
_FORM: Final = re.compile(r"(sample|example)?[ _-]*submissions?.*\.csv", re.IGNORECASE)

_UNSAID: Final = {LICENCE: UNKNOWN}
_BESIDE: Final = "JSON files beside pictures"
_NUMBERS: Final = re.compile(r"[-+.,\d\se]*\d[-+.,\d\se]*")  # places of things in a picture, as detectors learn them


@dataclass(slots=True)
class Metadata:
    """The fields that tables and texts give each file, by its name, and notes for people on what could not be used.

    `stated` has of the same what is said of a picture's source and licence, and of learning from it, with the file that
    says so: the nearest table first, then XMP and JSON beside the picture, then what speaks of a whole folder.
    `captioned` says of each file with a caption where that was found: a table's name, or 'picture.txt' for a text
    beside it. `tables` names the tables that say something of a picture's class, `unlabelled` those that say there are
    no classes.
    """

    of: dict[str, Fields] = field(default_factory=dict)
    stated: dict[str, list[Statement]] = field(default_factory=dict)
    captioned: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)


def read_metadata(source: Path, listing: Listing) -> Metadata:
    """Read all tables and captions of a source. What cannot be read or understood becomes a note."""
    metadata = Metadata()
    with closing(Source(source)) as opened:
        _gather_tables(listing, opened, metadata)
        gather_sidecars(listing, opened, metadata.stated, metadata.notes)
        _gather_captions(listing, opened, metadata)
        gather_reservations(listing, opened, metadata.stated, metadata.notes)
    return metadata


def _gather_tables(listing: Listing, source: Source, metadata: Metadata) -> None:
    if not listing.tables:
        return
    files = [entry.file for entry in listing.pictures] + [rejected.file for rejected in listing.rejected]
    where = places([*files, *(entry.file for entry in listing.tables)])
    names = Names({file: where[file] for file in files})
    # The table nearest to a picture has the last word, and of two beside each other the one that is called metadata.
    for entry in sorted(listing.tables, key=lambda entry: _rank(where[entry.file])):
        folder, _, name = where[entry.file].rpartition("/")
        if _FORM.fullmatch(name):
            metadata.notes.append(f"{entry.file}: a form for answers, so it is not used")
            continue
        data = read_text(entry, TEXT_LIMIT, source, metadata.notes)
        if data is None:
            continue
        table = parse_table(data, name)
        # 'train.csv' and 'train_labels.csv' are about what lies in 'train'.
        near = re.split(r"[_.-]", name)[0] if split_named(re.split(r"[_.-]", name)[0]) else ""
        below = f"{folder}/" if folder else ""
        said = understood(table, partial(names.find, folder=below, near=near))
        metadata.notes.extend(f"{entry.file}: {note}" for note in said.notes)
        for file, fields in said.known.items():
            metadata.of.setdefault(file, {}).update(fields)
            metadata.stated.setdefault(file, [])[:0] = statements_in(fields, readable(entry.file))
            if "caption" in fields:
                metadata.captioned[file] = readable(entry.file)
        if any("category" in fields or KIND in fields for fields in said.known.values()):
            metadata.tables.append(entry.file)
        if table.unlabelled:
            metadata.unlabelled.append(entry.file)


def _rank(place: str) -> tuple[int, bool, str]:
    return place.count("/"), place.rpartition("/")[2].lower().startswith("metadata."), place


def _gather_captions(listing: Listing, source: Source, metadata: Metadata) -> None:
    if not listing.captions:
        return
    where = places(entry.file for entry in (*listing.pictures, *listing.captions))
    captioned = Captioned({entry.file: where[entry.file] for entry in listing.pictures})
    taken: dict[str, str] = {}
    beside: Counter[str] = Counter()
    unused: Counter[str] = Counter()
    faults: list[str] = []
    for entry in sorted(listing.captions, key=lambda entry: (ORDER.index(suffix_of(entry.file)), entry.file)):
        files = captioned.pictures_of(where[entry.file])
        kind = suffix_of(entry.file)
        data = read_text(entry, TEXT_LIMIT if kind == ".json" else CAPTION_LIMIT, source, faults)
        if data is None:
            continue
        if kind == ".json":
            row = parse_object(data)
            if row is None:
                faults.append(f"{entry.file}: is not a JSON object, so it is not used")
                continue
            known, others = known_fields(row)
            unused.update(others)
            if "category" in known and _BESIDE not in metadata.tables:
                metadata.tables.append(_BESIDE)
        else:
            caption = parse_caption(data)
            if _NUMBERS.fullmatch(caption):
                faults.append(f"{entry.file}: holds only numbers, so it is not a caption")
            known = {"caption": caption} if caption and not _NUMBERS.fullmatch(caption) else {}
        for file in files:
            own = dict(known)
            first = taken.setdefault(file, entry.file) if "caption" in own else entry.file
            if first != entry.file and own.pop("caption") != metadata.of[file]["caption"]:
                beside[f"{kind} files beside {suffix_of(first)} ones"] += 1
            metadata.of.setdefault(file, {}).update(own)
            if "caption" in own:
                metadata.captioned[file] = f"picture{kind}"
            if kind == ".json":
                metadata.stated.setdefault(file, []).extend(statements_in(own, readable(entry.file)))
    if faults:
        more = f" (and {counted(len(faults) - 1, 'more text')} beside pictures, not used)" if len(faults) > 1 else ""
        metadata.notes.append(f"{faults[0]}{more}")
    metadata.notes.extend(f"captions: {kinds} are not used ({count:,} of them)" for kinds, count in beside.items())
    if note := unused_note(unused):
        metadata.notes.append(note)


def folder_classes(files: Iterable[str], around: str = "") -> dict[str, str]:
    """For each file the class that its folders give it, '' for none; `around` as for `with_metadata`."""
    where = places(files)
    found, _ = placed([readable(place) for place in where.values()], around=readable(around))
    return {file: category for file, (category, _) in zip(where, found, strict=True)}


def with_metadata(
    pictures: list[Picture],
    metadata: Metadata,
    facts: Mapping[str, Facts],
    around: str = "",
    edited: Mapping[str, str] | None = None,
) -> list[Picture]:
    """The pictures with all that is known of them, and with their classes (see `classes.chosen_categories`).

    `facts` are those of each file, by its name. `around` is the name of the source, without a suffix. `edited` are the
    classes that a person has stated, by the digests of the pictures: they count more than all else. The split is what
    the tables say; where these say nothing, that of the folders.
    """
    where = places(picture.file for picture in pictures)
    found, splits = placed([readable(where[picture.file]) for picture in pictures], around=readable(around))
    if splits:
        metadata.notes.append(f"{', '.join(splits)}: taken for a split, kept as each picture's, and not for classes")
    of = [metadata.of.get(picture.file, {}) for picture in pictures]
    folders = [category for category, _ in found]
    categories, notes = chosen_categories(folders, of, metadata.tables, metadata.unlabelled)
    metadata.notes.extend(notes)
    described = []
    for picture, category, (_, split), known in zip(pictures, categories, found, of, strict=True):
        side = split_named(known.get("split", "")) or known.get("split", split)
        texts: dict[str, Any] = {"category": category, "split": side}
        texts |= {about: known.get(about, "") for about in ("caption", "credit")}
        texts |= _with_origin(facts[picture.file], picture, metadata)
        if edited is not None and picture.sha256 in edited:
            texts["category"] = edited[picture.sha256]
            texts["found"]["category"] = EDIT
        described.append(replace(picture, **texts))
    return described


def _with_origin(facts: Facts, picture: Picture, metadata: Metadata) -> dict[str, Any]:
    """The fields of a picture that its facts give, with where its caption was found."""
    given = fields_of(facts)
    if picture.file in metadata.captioned:
        given["found"]["caption"] = metadata.captioned[picture.file]
    return given


def fields_of(facts: Facts) -> dict[str, Any]:
    """The fields of a picture that its facts give."""
    known = facts.known
    return {
        **{about: known[about].value if about in known else _UNSAID.get(about, "") for about in FACTS},
        "found": {about: fact.where for about, fact in known.items()},
        "conflicts": facts.conflicts,
        "generated": facts.generated,
        "lifted": facts.lifted,
    }
