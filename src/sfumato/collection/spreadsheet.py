"""What is known of a collection's pictures as a table for a spreadsheet, and what was changed in it there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from sfumato.collection.decisions import CLASS, EDITABLE, Edit
from sfumato.collection.pictures import Picture
from sfumato.collection.tables import FILE_COLUMN, parse_table
from sfumato.errors import SfumatoError
from sfumato.provenance.licences import licence_of, short_name
from sfumato.provenance.statements import LICENCE
from sfumato.text import counted, printable, readable, shortened

_DIGEST: Final = "sha256"
_PREFIX: Final = "sha256:"  # without letters in front a spreadsheet takes some digests for numbers
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")  # what a spreadsheet would compute, and the mark against that
_ERRORS: Final = ("#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!")  # '#N/A' says that it is not known
_MOST_NAMED: Final = 3


def table_of(pictures: Iterable[Picture]) -> bytes:
    """One row a picture, as CSV in UTF-8 with its mark, which spreadsheets know the encoding by."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow([FILE_COLUMN, *EDITABLE, _DIGEST])
    for picture in pictures:
        values = map(_cell, (readable(picture.file), *(_value(picture, about) for about in EDITABLE)))
        writer.writerow([*map(_harmless, values), _PREFIX + picture.sha256])
    return lines.getvalue().encode("utf-8-sig", "backslashreplace")


def edits_in(data: bytes, pictures: Iterable[Picture], name: str) -> list[Edit]:
    """What a table of `table_of` says otherwise than is known now; a row may be missing, a column too, but not those
    of the files and their digests. An empty cell says that it is not known.

    Raises SfumatoError, before anything is changed, for a row of a picture that is not there or has another content
    now, for two rows of one picture that disagree, and for what is no such table. name: of the file, for people.
    """
    table = parse_table(data, "table.csv")
    missing = [column for column in (FILE_COLUMN, _DIGEST) if column not in table.columns]
    if missing or table.complaints:
        why = table.complaints[0] if table.complaints else f"it has no column '{missing[0]}'"
        raise SfumatoError(f"{name}: is no table that 'sfumato collection edit --write' has written ({why})")
    # Two files may share a content, and two names may be written alike.
    known = {(_cell(readable(picture.file)), picture.sha256): picture for picture in pictures}
    contents = dict(known.keys())
    edits: dict[str, Edit] = {}
    for number, row in enumerate(table.rows, start=2):
        file = _plain(_cell(readable(str(row.get(FILE_COLUMN) or ""))))
        digest = str(row.get(_DIGEST) or "").strip().casefold().removeprefix(_PREFIX)
        picture = known.get((file, digest))
        if picture is None:
            raise SfumatoError(f"{name}: row {number}: {_fault(file, digest, contents)}; nothing was changed")
        fields = dict(_changes(row, picture))
        if fault := next((text for text in fields.values() if text in _ERRORS), ""):
            raise SfumatoError(
                f"{name}: row {number}: a spreadsheet has put {fault} where it took a text for a formula; "
                "nothing was changed"
            )
        before = edits.get(picture.sha256)
        if before is not None and before.fields != fields:
            raise SfumatoError(
                f"{name}: row {number}: says other things of {printable(file)} than a row before it; "
                "nothing was changed"
            )
        edits[picture.sha256] = Edit(picture.sha256, picture.file, fields)
    return [edit for edit in edits.values() if edit.fields]


def said_of(edits: Iterable[Edit]) -> Iterator[str]:
    """What edits change, for people: the first few of them."""
    edits = list(edits)
    for edit in edits[:_MOST_NAMED]:
        fields = ", ".join(f"{about} '{shortened(text, 80)}'" for about, text in edit.fields.items())
        yield f"{edit.file}: {fields}"
    if len(edits) > _MOST_NAMED:
        yield f"and {counted(len(edits) - _MOST_NAMED, 'more picture')}"


def _changes(row: dict[str, object], picture: Picture) -> Iterator[tuple[str, str]]:
    for about in EDITABLE:
        if about not in row:
            continue
        text = _plain(_cell(str(row[about] or "")))
        same = licence_of(text) == picture.licence if about == LICENCE else text == _cell(_value(picture, about))
        if not same:
            yield about, text


def _value(picture: Picture, about: str) -> str:
    value = str(picture.category if about == CLASS else getattr(picture, about))
    return short_name(value) if about == LICENCE else value


def _cell(text: str) -> str:
    """As it comes back from a spreadsheet: on one line, without what shows nothing."""
    return " ".join(text.replace("\x00", "").split())


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _fault(file: str, digest: str, contents: dict[str, str]) -> str:
    if file not in contents:
        return f"the collection has no picture '{printable(shortened(file))}'"
    if not digest:
        return f"the digest of {printable(file)} is missing, by which it is known"
    return (
        f"{printable(file)} is another picture than the row is about: its digest begins with {contents[file][:12]}, "
        f"and the row's with {printable(digest[:12])}; write the table anew"
    )
