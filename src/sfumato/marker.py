"""The marker of a directory that the program makes: what it is called, what it says, and how that is read.

`.sfumato.jsonl` names the kind of directory in its first line, and then what the program put there: a text is a file,
relative to the directory, and an object notes moves of files (see `OwnDirectory.settle`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sfumato.disk import open_file

MARKER: Final = ".sfumato.jsonl"
FORMAT: Final = "sfumato-directory-1"
MOST_BYTES: Final = 256 * 1024**2  # of a marker that was made to do harm no more is read
# What each kind is called in a sentence; one that is not here was made by a later version.
KINDS: Final[Mapping[str, str]] = {
    "run": "a run",
    "collection": "a collection",
    "pictures": "a folder of fetched pictures",
    "dataset": "a dataset",
    "model": "a model",
    "works": "a folder of works",
    "evaluation": "an evaluation",
    "comparison": "a comparison",
    "demo": "a demonstration",
    "drawn": "a folder of drawn art",
}


@dataclass(frozen=True)
class Marker:
    """kind: see `KINDS`; files: the names that it lists; moves: of files from a stage to their places, in order."""

    kind: str
    files: frozenset[str]
    moves: tuple[Mapping[str, Any], ...] = ()


def noun(kind: str) -> str:
    """'a run of sfumato'."""
    return f"{KINDS.get(kind, 'a directory')} of sfumato"


def parse_marker(data: bytes) -> Marker | None:
    """What a marker says, or None for what is none; a line that a dying process left half written is passed over."""
    first, *others = data.splitlines() or [b""]
    head = _parsed(first)
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        return None
    lines = [_parsed(line) for line in others]
    files = frozenset(line for line in lines if isinstance(line, str) and _is_inside(line))
    moves = tuple(line for line in lines if isinstance(line, dict) and isinstance(line.get("moves"), dict))
    return Marker(str(head.get("kind")), files, moves)


def read_marker(directory: Path) -> Marker | None:
    """The marker of a directory, or None where there is none of the program's."""
    try:
        with open_file(directory / MARKER) as file:
            return parse_marker(file.read(MOST_BYTES))
    except OSError:
        return None


def kind_of(directory: Path) -> str | None:
    """The kind of directory that its marker names; None where there is none of the program's."""
    try:
        with open_file(directory / MARKER) as file:
            marker = parse_marker(file.readline(1000))
    except OSError:
        return None
    return None if marker is None else marker.kind


def _parsed(line: bytes) -> object:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(line)
    return None


def _is_inside(name: str) -> bool:
    """Whether a name lies in the directory: a marker may have been tampered with."""
    return "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))
