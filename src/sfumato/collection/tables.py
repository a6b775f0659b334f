"""What people and programs write about pictures, as tables: CSV, JSON lines, and the JSON of other tools."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from sfumato.text import counted, decoded, readable

TEXT_LIMIT: Final = 256 * 1024**2  # bytes of one metadata file
CAPTION_LIMIT: Final = 64 * 1024

FILE_COLUMN: Final = "file_name"

# The field of a picture, and the columns that give it (see `column_key`); the first that is there and not empty wins.
COLUMNS: Final = {
    "caption": ("caption", "text", "prompt"),
    "creator": ("creator", "artist", "author", "painter", "photographer", "artistname", "artistdisplayname"),
    "title": ("title", "objecttitle"),
    "year": ("year", "date", "datecreated", "objectdate", "creationdate"),
    "source": ("source", "url", "sourceurl", "objecturl", "linkresource"),
    "licence": (
        "licence", "license", "rights", "licenceurl", "licenseurl", "licensename", "rightsstatement", "usageterms",
        "copyright", "copyrightnotice", "sharelicensestatus",
    ),
    "credit": ("credit", "creditline", "attribution"),
    "category": ("category", "class", "label"),
    "split": ("split",),
}  # fmt: skip
DOMAIN: Final = ("ispublicdomain", "publicdomain")  # museums' way to say the licence: yes or no
TEXTS: Final = tuple(about for about in COLUMNS if about not in ("category", "split"))

Fields = dict[str, str]
Row = dict[str, Any]


@dataclass(slots=True)
class Table:
    """Rows as they stand in a file, the names of its columns in order, and complaints about what could not be read.

    `unlabelled` says that the file states that there are no labels, as StyleGAN's tool does.
    """

    rows: list[Row] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    unlabelled: bool = False

    @classmethod
    def of(cls, rows: list[Row], *complaints: str) -> Table:
        """A table of rows, each of which may have other columns; their names are made to stand on one line."""
        rows = [{one_line(name): value for name, value in row.items()} for row in rows]
        return cls(rows, list(dict.fromkeys(name for row in rows for name in row)), list(complaints))

    def texts(self) -> Iterator[str]:
        """Every text in the table."""
        return (value for row in self.rows for value in row.values() if isinstance(value, str))


def parse_table(data: bytes, name: str) -> Table:
    """The table in a file. `name` decides between CSV, JSON lines and JSON.

    Never raises: what makes no sense is left out and complained of.
    """
    text = decoded(data)
    lower = name.lower()
    if lower.endswith(".json"):
        return _json_table(text)
    return _lines_table(text) if lower.endswith((".jsonl", ".ndjson")) else _csv_table(text)


def parse_object(data: bytes) -> Row | None:
    """The JSON object in a file; None where it is none."""
    value = _json_value(decoded(data))
    return value if isinstance(value, dict) else None


def parse_caption(data: bytes) -> str:
    """A caption file's text on one line."""
    return one_line(decoded(data))


def column_key(column: str) -> str:
    """A column's title as titles are compared: without case, spaces, '_' and '-'."""
    return re.sub(r"[\s_-]+", "", column).casefold()


def one_line(value: object) -> str:
    """A value of a table as text on one line; '' for anything but text and numbers."""
    if isinstance(value, str):
        return readable(" ".join(value.split()))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    try:
        text = str(value)
    except ValueError:  # Python writes no integers of more than some thousand digits
        return ""
    return "" if text in ("nan", "inf", "-inf") else text


def normalised(file: str) -> str:
    """A file name as people write it, as it is in the listing: forward slashes and no './'; '' if there is nothing."""
    file = readable(file).strip().replace("\\", "/")
    if file.startswith("file://"):
        file = file[len("file://") :]
    path = str(PurePosixPath(file))
    return "" if path == "." else path


def _csv_table(text: str) -> Table:
    text = text.replace("\x00", "").lstrip("\r\n")
    delimiter = ""
    if text[:4].lower() == "sep=":  # Excel's way to say it, in a line of its own
        delimiter, text = text[4:5], text[5:].lstrip("\r\n")
    header = text[:10_000].splitlines()[0] if text else ""
    if delimiter in ("", "\r", "\n", '"', " "):
        # Spreadsheets in many countries write semicolons, and some people tabs or bars.
        delimiter = max(",;\t|", key=header.count)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    columns: list[str] = []
    try:
        columns = [one_line(name) for name in next(reader, [])]
        rows.extend(dict(zip(columns, cells, strict=False)) for cells in reader if any(cells))
    except csv.Error as error:
        return Table(rows, columns, [f"line {reader.line_num}: {error}; this and what follows is not read"])
    return Table(rows, columns, [])


def _lines_table(text: str) -> Table:
    rows: list[Row] = []
    broken: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row = _json_value(line)
        if isinstance(row, dict):
            rows.append(row)
        else:
            broken.append(number)
    if not broken:
        return Table.of(rows)
    others = f" and {counted(len(broken) - 1, 'other line')}" if len(broken) > 1 else ""
    return Table.of(rows, f"line {broken[0]}{others}: not a JSON object")


def _json_table(text: str) -> Table:
    """A list of objects; an object of objects, each under its picture's name; pairs of files and labels; COCO."""
    value = _json_value(text)
    if value is None:
        lines = _lines_table(text)
        return lines if lines.rows and not lines.complaints else Table(complaints=["is not JSON that can be read"])
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return Table.of(value)
    if isinstance(value, dict) and isinstance(value.get("images"), list) and "annotations" in value:
        return _coco_table(value)
    if isinstance(value, dict) and "labels" in value:
        return _labels_table(value["labels"])
    if isinstance(value, dict) and value and all(isinstance(row, dict) for row in value.values()):
        return Table.of([{FILE_COLUMN: file, **row} for file, row in value.items()])
    return Table(complaints=["is not a table of pictures, so it is not used"])


def _labels_table(labels: object) -> Table:
    """What StyleGAN's dataset_tool.py writes: [[file, label], ...], or null where it was given no labels."""
    if labels is None:
        return Table(unlabelled=True)
    pairs = list(labels.items()) if isinstance(labels, dict) else labels
    if not isinstance(pairs, list) or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        return Table(complaints=["its labels are not pairs of a file and a label, so they are not used"])
    return Table.of([{FILE_COLUMN: file, "label": _label(label)} for file, label in pairs])


def _coco_table(value: Row) -> Table:
    """COCO's format: pictures, and annotations of them with a caption or a category each.

    A picture's caption is its first; its class is that of its annotations, where they are all of one.
    """
    images, annotations, categories = (
        [item for item in value.get(part) or [] if isinstance(item, dict)] if isinstance(value.get(part), list) else []
        for part in ("images", "annotations", "categories")
    )
    names = {one_line(category.get("id")): category.get("name") for category in categories}
    of: dict[str, list[Row]] = defaultdict(list)
    for annotation in annotations:
        of[one_line(annotation.get("image_id"))].append(annotation)
    rows = []
    for image in images:
        own = of.get(one_line(image.get("id")), [])
        captions = [annotation["caption"] for annotation in own if "caption" in annotation]
        kinds = {one_line(annotation.get("category_id")) for annotation in own} - {""}
        row = {FILE_COLUMN: image.get("file_name"), "caption": captions[0] if captions else ""}
        rows.append(row | ({"label": names.get(kinds.pop(), "")} if len(kinds) == 1 else {}))
    return Table.of(rows)


def _label(value: object) -> object:
    """A label as one value: of a vector with a single 1 in it, where that stands."""
    if isinstance(value, list) and value.count(1) == 1 and value.count(0) == len(value) - 1:
        return value.index(1)
    return value


def _json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
