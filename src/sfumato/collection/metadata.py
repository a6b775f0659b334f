"""What people wrote about their pictures: metadata.csv and metadata.jsonl (the imagefolder convention), captions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

TEXT_LIMIT: Final = 256 * 1024**2  # bytes of one metadata file
CAPTION_LIMIT: Final = 64 * 1024

# The field of a picture, and the columns that give it; the first that is there and not empty wins.
COLUMNS: Final = {
    "caption": ("caption", "text", "prompt"),
    "creator": ("creator", "artist", "author"),
    "title": ("title",),
    "year": ("year", "date"),
    "source": ("source", "url"),
    "licence": ("licence", "license"),
    "category": ("category", "class", "label"),
    "split": ("split",),
}

Known = dict[str, str]


def parse_metadata(data: bytes, name: str) -> tuple[dict[str, Known], list[str]]:
    """What a metadata file says: {file name, relative to the file's folder: {field: text}}, and complaints about it.

    `name` decides between CSV and JSON lines. Never raises: what makes no sense is left out and complained of.
    """
    text = _decoded(data)
    rows, complaints = _json_rows(text) if name.lower().endswith(".jsonl") else _csv_rows(text)
    known: dict[str, Known] = {}
    for row in rows:
        file = row.get("file_name")
        if not isinstance(file, str) or not (file := normalised(file)):
            continue
        fields = {field: _first(row, columns) for field, columns in COLUMNS.items()}
        known[file] = {field: value for field, value in fields.items() if value}
    if not known and not complaints:
        complaints.append("has no row with a file_name")
    return known, complaints


def normalised(file: str) -> str:
    """A file name as people write it, as it is in the listing: forward slashes and no './'; '' if there is nothing."""
    path = str(PurePosixPath(file.strip().replace("\\", "/")))
    return "" if path == "." else path


def parse_caption(data: bytes) -> str:
    """A caption file's text on one line."""
    return " ".join(_decoded(data).split())


def _decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with one, otherwise Latin-1, which reads anything."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _csv_rows(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    header = text.split("\n", 1)[0]
    # Spreadsheets in many countries write semicolons, and some people tabs.
    delimiter = max(",;\t", key=header.count)
    rows: list[dict[str, Any]] = []
    reader = csv.DictReader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or []]
        if "file_name" not in names:
            return [], ["has no column file_name"]
        reader.fieldnames = names
        rows.extend(reader)
    except csv.Error as error:
        return rows, [f"after line {reader.line_num}: {error}; what follows is not read"]
    return rows, []


def _json_rows(text: str) -> tuple[list[dict[str, Any]], list[str]]:
    rows: list[dict[str, Any]] = []
    broken: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        row = _json_object(line)
        if row is None:
            broken.append(number)
        else:
            rows.append({str(name).lower(): value for name, value in row.items()})
    if not broken:
        return rows, []
    others = f" and {len(broken) - 1} other lines" if len(broken) > 1 else ""
    return rows, [f"line {broken[0]}{others}: not a JSON object"]


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _first(row: dict[str, Any], columns: Iterable[str]) -> str:
    """The first column with something in it, as text; lists and objects are not text."""
    return next(_texts(row, columns), "")


def _texts(row: dict[str, Any], columns: Iterable[str]) -> Iterator[str]:
    for column in columns:
        value = row.get(column)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            text = " ".join(str(value).split())
            if text:
                yield text
