"""The marker of a directory that the program makes: what it is called, what it says, how that is read and written, and
the lock that a process at work in the directory holds on it.

`.sfumato.jsonl` names the kind of directory in its first line, and then what the program put there: a text is a file,
relative to the directory, and an object notes moves of files (see `OwnDirectory.settle`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sfumato.disk import open_file, replace_file
from sfumato.errors import SfumatoError

MARKER: Final = ".sfumato.jsonl"
FORMAT: Final = "sfumato-directory-1"
MOST_BYTES: Final = 256 * 1024**2  # of a marker that was made to do harm no more is read
# What each kind is called in a sentence; one that is not here was made by a later version.
KINDS: Final[Mapping[str, str]] = {
    "run": "a run",
    "collection": "a collection",
    "pictures": "a folder of fetched pictures",
    "dataset": "a dataset",
    "encoded": "a folder of encoded pictures",
    "model": "a model",
    "works": "a folder of works",
    "evaluation": "an evaluation",
    "representation": "a report on a collection",
    "comparison": "a comparison",
    "demo": "a demonstration",
    "drawn": "a folder of drawn art",
    "studio": "a studio's directory",
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


def read_marker(directory: Path, most: int = MOST_BYTES) -> Marker | None:
    """The marker of a directory, of which no more bytes are read, or None where there is none of the program's."""
    try:
        with open_file(directory / MARKER) as file:
            return parse_marker(file.read(most))
    except OSError:
        return None


def kind_of(directory: Path) -> str | None:
    """The kind of directory that its marker names; None where there is none of the program's."""
    marker = read_marker(directory, 1000)
    return None if marker is None else marker.kind


def is_made(path: Path) -> bool:
    """Whether a path is a directory of the program's, with a marker of its own, or holds nothing but such: a run that
    could not begin leaves `collection/pictures`, which took long to fetch."""
    if path.is_symlink() or not path.is_dir():
        return False
    if kind_of(path) is not None:
        return True
    try:
        within = list(path.iterdir())
    except OSError:
        return False
    return bool(within) and all(map(is_made, within))


def _parsed(line: bytes) -> object:
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(line)
    return None


def _is_inside(name: str) -> bool:
    """Whether a name lies in the directory: a marker may have been tampered with."""
    return "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


class OpenMarker:
    """The marker of a directory in which this process is at work: locked, and added to. files: what it lists."""

    def __init__(self, directory: Path, kind: str) -> None:
        """Make the marker, if it is missing, and lock it; `files` is for the caller to fill in.

        Raises SfumatoError where another process is at work in the directory, and OSError.
        """
        self.files: set[str] = set()
        self._path = directory / MARKER
        self._descriptor = _locked_file(self._path, directory)
        try:
            if os.fstat(self._descriptor).st_size == 0:
                self.note({"format": FORMAT, "kind": kind})
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others work in the directory."""
        os.close(self._descriptor)

    def add(self, *names: str) -> None:
        """Add names of files, each once."""
        added = [name for name in names if name not in self.files]
        self.note(*added)
        self.files.update(added)

    def note(self, *lines: object) -> None:
        """Append lines, all of them or none."""
        before = os.fstat(self._descriptor).st_size
        data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        try:
            while data:  # a write may take only a part of it, as on a disk that is nearly full
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            os.ftruncate(self._descriptor, before)
            raise

    def end_line(self) -> None:
        """End a line that a dying process left half written."""
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            is_whole = file.read(1) == b"\n"
        if not is_whole:
            os.write(self._descriptor, b"\n")

    def flush(self) -> None:
        """Wait until all that was added is on the disk."""
        os.fsync(self._descriptor)

    def clear(self) -> None:
        """Forget all files and moves."""
        self.files = set()
        with self._path.open("rb") as file:
            os.truncate(self._path, len(file.readline(MOST_BYTES)))


def _locked_file(path: Path, holder: Path) -> int:
    """A descriptor of a file, made if missing, for reading and appending, and locked until it is closed.

    holder: what is said to be worked on. Raises SfumatoError where another process has it, and OSError.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _lock(descriptor)
            # Whoever had the lock before may have removed the file, and this one lies nowhere any more.
            status = os.fstat(descriptor)
            if os.path.samestat(status, path.stat()):
                if status.st_nlink == 1:
                    return descriptor
                # A backup made of hard links shares it: from now on each has its own.
                replace_file(path, path.read_bytes())
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise SfumatoError(
                    f"{holder}: another sfumato is at work there; wait until it is done, or choose another place"
                ) from error
            raise
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock an open file against other processes. Raises OSError where one of them has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        # A byte far behind the content: a lock keeps others from reading there.
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise  # a file system without locks is worked on without them
