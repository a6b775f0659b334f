"""What the columns of a table say of pictures: which one names their files, and which ones give known fields."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sfumato.collection.tables import COLUMNS, DOMAIN, Fields, Row, Table, column_key, normalised, one_line
from sfumato.provenance import opt_outs
from sfumato.provenance.statements import LICENCE, OPT_OUT

# As other tools and competitions call the same things; compared without case, spaces, '_' and '-'.
_FILES: Final = (
    "filename", "filepath", "imagename", "imagepath", "imagefile", "imagefilename", "imgname", "imgpath",
    "image", "img", "picture", "photo", "file", "path", "imageid", "imgid", "id", "key", "name",
)  # fmt: skip
_MORE: Final = {
    "caption": ("description", "tags"),
    "category": ("classname", "labelname", "categoryname", "labels", "classes", "target", "classid", "labelid"),
}
# Kinds of things too, but as often one of several ways to sort pictures: used where nothing else gives classes.
_KINDS: Final = ("breed", "species", "genre", "style", "kind", "type", "diagnosis", "subject")
_INDEX: Final = re.compile(r"(unnamed:?\d*|index|level0)?")  # the row numbers that pandas writes
_FRACTION: Final = re.compile(r"-?\d*\.\d*[1-9]\d*(e-?\d+)?")
_ZERO, _ONE = ("0", "0.0"), ("1", "1.0")
_PROBED: Final = 200  # rows that show which column names the pictures
_FEW_VALUES: Final = 20  # classes: as many as this, or half as many as there are rows
_MOST_NAMED: Final = 8

RIGHTS: Final = frozenset((*DOMAIN, *opt_outs.REFUSING, *opt_outs.ALLOWING))
_YES: Final = ("1", "true", "yes")

KIND: Final = "kind"  # beside the fields of a picture: a class, if nothing else gives one

Finder = Callable[[Any], list[str]]


@dataclass(slots=True)
class Statements:
    """What a table says: {file: {field: text}}, and notes for people, each without the table's name."""

    known: dict[str, Fields] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def understood(table: Table, find: Finder) -> Statements:
    """What a table says of the pictures that `find` finds by its names. Never raises."""
    said = Statements(notes=list(table.complaints))
    if not table.rows:
        if not said.notes and not table.unlabelled:
            said.notes.append("has no row")
        return said
    keys = {column: column_key(column) for column in table.columns}
    naming = _naming_column(table, keys, find)
    if naming is None:
        listed = _listed([column for column in table.columns if not _INDEX.fullmatch(keys[column])])
        said.notes.append(f"no column of it names the pictures, so it is not used ({listed})")
        return said
    fields = {about: _columns_of(about, keys, naming) for about in COLUMNS}
    rights = [column for column, key in keys.items() if key in RIGHTS]
    used = {naming, *rights, *(column for columns in fields.values() for column in columns)}
    rest = [column for column, key in keys.items() if column not in used and not _INDEX.fullmatch(key)]
    kind = _kind_column(table.rows, rest, keys) if not fields["category"] else ""
    marks = _marked(table.rows, rest) if not fields["category"] and not kind else []
    missing: list[str] = []
    for row, files in _found(table.rows, naming, find):
        if not files:
            missing.append(one_line(row.get(naming)))
            continue
        known = _known(row, fields)
        _add_rights(known, row, rights, keys)
        marked = (column for column in marks if one_line(row.get(column)) in _ONE)
        known[KIND] = one_line(row.get(kind)) if kind else next(marked, "")
        for file in files:
            said.known.setdefault(file, {}).update({about: text for about, text in known.items() if text})
    if missing := [name for name in missing if name]:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        said.notes.append(f"names files that are not there, or that could be several: {missing[0][:200]}{more}")
    unused = [column for column in rest if column != kind and column not in marks]
    if unused:
        said.notes.append(f"not used: {_listed(unused)}")
    return said


def _found(rows: list[Row], naming: str, find: Finder) -> Iterator[tuple[Row, list[str]]]:
    """Each row with the files that it is about. Where rows of several names find one file, those are about it whose
    name ends its path, if these are of one name."""
    found = [(row, normalised(one_line(row.get(naming))), find(row.get(naming))) for row in rows]
    names_of: dict[str, set[str]] = defaultdict(set)
    for _, name, files in found:
        for file in files:
            names_of[file].add(name)
    meant: dict[str, set[str]] = {}
    for file, names in names_of.items():
        ends = names if len(names) == 1 else {name for name in names if _ends(file, name)}
        suffix = f".{file.rpartition('.')[2]}".casefold()
        meant[file] = ends if len({name.casefold().removesuffix(suffix) for name in ends}) == 1 else set()
    for row, name, files in found:
        yield row, [file for file in files if name in meant[file]]


def _ends(file: str, name: str) -> bool:
    """Whether a file's path ends as a name does, in any case, with its suffix or without."""
    path = f"/{normalised(file)}".casefold()
    return path.endswith(f"/{name}".casefold()) or path.rpartition(".")[0].endswith(f"/{name}".casefold())


def known_fields(row: Row) -> tuple[Fields, list[str]]:
    """What an object beside a single picture says of it, and the names in it that are not used."""
    keys = {column: column_key(column) for column in row}
    fields = {about: _columns_of(about, keys, "") for about in COLUMNS}
    rights = [column for column, key in keys.items() if key in RIGHTS]
    known = _known(row, fields)
    _add_rights(known, row, rights, keys)
    used = {*rights, *(column for columns in fields.values() for column in columns)}
    return {about: text for about, text in known.items() if text}, [name for name in row if name not in used]


def _known(row: Row, fields: dict[str, list[str]]) -> Fields:
    """What a row says of each field: of a licence all that its columns say, a line each."""
    known = {about: _first(row, columns) for about, columns in fields.items()}
    licences = (one_line(row.get(column)) for column in fields[LICENCE])
    return known | {LICENCE: "\n".join(dict.fromkeys(filter(None, licences)))}


def _add_rights(known: Fields, row: Row, rights: list[str], keys: dict[str, str]) -> None:
    """What columns of yes and no say of the licence and of learning from a picture, and the words for that anywhere."""
    for column in rights:
        text = str(row.get(column)) if isinstance(row.get(column), bool) else one_line(row.get(column))
        if keys[column] in DOMAIN and text.lower() in _YES and not known["licence"]:
            known["licence"] = "public domain"
        for refused in opt_outs.in_field(keys[column], text, ""):
            known[OPT_OUT] = refused.text
    words = (value for value in row.values() if isinstance(value, str))
    for refused in opt_outs.in_words(words, ""):
        known.setdefault(OPT_OUT, refused.text)


def _columns_of(about: str, keys: dict[str, str], naming: str) -> list[str]:
    wanted = (*COLUMNS[about], *_MORE.get(about, ()))
    return [column for title in wanted for column, key in keys.items() if key == title and column != naming]


def _naming_column(table: Table, keys: dict[str, str], find: Finder) -> str | None:
    """The column whose texts are names of pictures: the first with a known title, or else any that holds such names."""
    rows = table.rows[:: max(1, len(table.rows) // _PROBED)]
    titled = [column for title in _FILES for column, key in keys.items() if key == title]
    for column in titled:
        if any(find(row.get(column)) for row in rows):
            return column
    for column in table.columns:
        # A number may be the stem of some file by accident, and a word too; names of files have a suffix.
        names = [name for row in rows if "." in (name := one_line(row.get(column)))]
        if column not in titled and 2 * sum(bool(find(name)) for name in names) > len(rows):
            return column
    return next((column for column in titled if keys[column] in ("filename", "filepath", "imagepath")), None)


def _kind_column(rows: list[Row], rest: list[str], keys: dict[str, str]) -> str:
    """The column that sorts the pictures: one that is called so, or the only one beside the names."""
    for column in (column for title in _KINDS for column in rest if keys[column] == title):
        if _sorts(column, rows):
            return column
    titled = {key for key in keys.values() if not _INDEX.fullmatch(key)}
    if len(titled) == 2 and len(rest) == 1 and keys[rest[0]] not in _FILES and _sorts(rest[0], rows):
        return rest[0]
    return ""


def _sorts(column: str, rows: list[Row]) -> bool:
    """Whether a column's values are few, repeat, and are not measurements."""
    values = {one_line(row.get(column)) for row in rows} - {""}
    few = 0 < len(values) <= max(_FEW_VALUES, len(rows) // 2)
    return few and len(values) < len(rows) and not any(map(_FRACTION.fullmatch, values))


def _marked(rows: list[Row], rest: list[str]) -> list[str]:
    """One-hot columns, whose titles are the names of classes; [] where the columns are not one-hot."""
    marks = [column for column in rest if all(one_line(row.get(column)) in (*_ZERO, *_ONE) for row in rows)]
    if len(marks) < 2 or not all(sum(one_line(row.get(column)) in _ONE for column in marks) == 1 for row in rows):
        return []
    return marks


def _first(row: Row, columns: list[str]) -> str:
    """The first column with something in it, as text; tags are joined, and other lists and objects are not text."""
    for column in columns:
        value = row.get(column)
        if isinstance(value, list) and column_key(column) == "tags" and all(isinstance(word, str) for word in value):
            value = ", ".join(value)
        if text := one_line(value):
            return text
    return ""


def _listed(columns: list[str], what: str = "column") -> str:
    shown = ", ".join(f"'{column}'" for column in columns[:_MOST_NAMED])
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return f"the {what}{'' if len(columns) == 1 else 's'} {shown}{more}"


def unused_note(counts: Counter[str]) -> str:
    """A note on the names in JSON objects beside pictures that are not used; '' where there are none."""
    names = [name for name, _ in counts.most_common()]
    return f"JSON files beside pictures, not used: {_listed(names, 'field')}" if names else ""
