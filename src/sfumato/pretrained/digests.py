"""SHA-256 of large files, reckoned once as long as they stay as they are."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sfumato.disk import open_file, read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.text import encoded
from sfumato.works.state import state_directory

NAME: Final = "digests.json"
_FORMAT: Final = 1
_MOST_BYTES: Final = 16 << 20
_MOST_FILES: Final = 20_000  # of which is known what they were; those asked for last are kept
_SETTLED: Final = 1_000_000_000  # ns; a file younger than that may be written again without its times telling


def digests_of(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of each file, hexadecimal, under its name.

    What was reckoned before is looked up in the program's state directory by the file's path, size, times and inode; it
    is reckoned again where that cannot be read. Raises SfumatoError for a file that cannot be read.
    """
    store = _store()
    known, found, fresh = _known(store), {}, {}
    for name, path in files.items():
        found[name], entry = _digest(path, known)
        if entry is not None:
            fresh[str(path.resolve())] = entry
    if any(known.get(place) != entry for place, entry in fresh.items()):
        _keep(store, {**{place: entry for place, entry in known.items() if place not in fresh}, **fresh})
    return found


def digest_of_all(digests: Mapping[str, str]) -> str:
    """One SHA-256 for several files: of the one there is, or of lines 'DIGEST  NAME' in the order of the names, as the
    program sha256sum writes them."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(encoded(lines)).hexdigest()


def _digest(path: Path, known: Mapping[str, Any]) -> tuple[str, list[Any] | None]:
    """Of a file, and what is to be kept of it: None where it may be about to change."""
    try:
        with open_file(path) as file:
            before = _stamp(os.fstat(file.fileno()))
            entry = known.get(str(path.resolve()))
            if isinstance(entry, list) and entry[:-1] == before and _is_digest(entry[-1]):
                return entry[-1], entry
            digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            after = _stamp(os.fstat(file.fileno()))
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be read ({error.strerror or error}); get the model again") from error
    settled = after == before and time.time_ns() - max(before[1], before[2]) > _SETTLED
    return digest, [*before, digest] if settled else None


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev]


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64


def _store() -> Path | None:
    try:
        return state_directory() / NAME
    except SfumatoError:  # without a home nothing is remembered
        return None


def _known(store: Path | None) -> dict[str, Any]:
    if store is None:
        return {}
    try:
        said = read_json(store, _MOST_BYTES)
    except (OSError, ValueError):
        return {}
    files = said.get("files") if isinstance(said, dict) and said.get("format") == _FORMAT else None
    return files if isinstance(files, dict) else {}


def _keep(store: Path | None, entries: Mapping[str, Any]) -> None:
    """Another process's entries may be lost by it: they are reckoned again."""
    if store is None:
        return
    newest = dict(list(entries.items())[-_MOST_FILES:])
    try:
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(store, json.dumps({"format": _FORMAT, "files": newest}).encode())
    except OSError:  # a disk that is full, or may not be written to, costs time alone
        return
