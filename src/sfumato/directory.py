"""A directory that the program makes: which files in it are its own, and who is at work in it.

Its marker, `.sfumato.jsonl`, names the kind of directory in its first line and then every file that the program put
there, one a line. What the marker does not list belongs to somebody else and is never written over, moved or removed.
While a process is at work in the directory it holds a lock on the marker, which ends with the process.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sfumato.disk import disk_fault, flush_directory
from sfumato.errors import SfumatoError

MARKER: Final = ".sfumato.jsonl"
FORMAT: Final = "sfumato-directory-1"
# What each kind is called in a sentence.
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
_MAY_MIX: Final = ("collection", "works", "drawn")  # with other things in one directory, if that is asked for
_TEMPORARY: Final = re.compile(r"\.[0-9a-f]{32}\.tmp")
_MARKER_LIMIT: Final = 256 * 1024**2  # bytes: of a marker that was made to do harm no more is read


class OwnDirectory:
    """A directory of one kind (see `KINDS`), there already or not.

    Names are relative to it, with forward slashes; one may begin with '../' for a file that belongs beside it.
    """

    def __init__(self, path: Path | str, kind: str) -> None:
        self.path, self.kind = Path(path), kind
        self._own: set[str] = set()
        self._descriptor: int | None = None
        self._depth = 0

    # ---- before any work

    def check(self, names: Iterable[str] = (), *, force: bool = False, beside: Path | None = None) -> None:
        """Whether the program may work here. Nothing is written.

        names: of the files and directories that would be made. force: a collection, works or drawn art may be
        written beside other things that lie here. beside: a place that may lie here in any case.
        Raises SfumatoError for a file, a place that cannot be written to, a directory of another kind, one that holds
        other things (without `force`), and whatever lies in the way of `names` and was not made by the program.
        """
        self._check_place()
        found = kind_of(self.path)
        if found not in (None, self.kind):
            raise SfumatoError(f"{self.path} is {KINDS.get(found or '', found)} of sfumato; choose another place")
        own = set() if found is None else self._recorded()
        for name in names:
            self._check_way(name, own)
        mixed = self.kind in _MAY_MIX
        if found is None and self.path.exists() and not (force and mixed):
            others = sorted(path.name for path in self.path.iterdir() if not _may_stay(path, beside))
            if others:
                more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
                hint = ", or say --force to write beside what is there, which stays as it is" if mixed else ""
                raise SfumatoError(
                    f"{self.path} is not empty and is not {KINDS[self.kind]} of sfumato (it holds {others[0]}{more}); "
                    f"choose another place{hint}"
                )

    def _check_place(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise SfumatoError(f"{self.path} is a file, not a directory; choose another place")
        nearest = next(path for path in (self.path, *self.path.absolute().parents) if path.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise SfumatoError(f"{self.path} cannot be written, because {nearest} cannot; choose another place")

    def _check_way(self, name: str, own: set[str]) -> None:
        """Raises SfumatoError where something that is not ours lies where a file or directory of ours would."""
        if name in own:
            return
        place = self.place_of(name)
        in_the_way = place.is_symlink() or place.exists()
        if in_the_way and place.is_dir() and not place.is_symlink():
            # A directory in which something of ours lies is ours; and an empty one is in nobody's way.
            ours = any(entry.startswith(f"{name}/") for entry in own) or kind_of(place) is not None
            in_the_way = not ours and any(place.iterdir())
        if in_the_way:
            raise SfumatoError(
                f"{place} was not made by sfumato, so it is left as it is, with --force too; "
                "move it away, or choose another place"
            )

    def place_of(self, name: str) -> Path:
        """Where a name of this directory's lies."""
        if not name.startswith("../"):
            return self.path / name
        named = self.path if self.path.name not in ("", "..") else self.path.resolve()
        return named.parent / name.removeprefix("../")

    # ---- at work

    @contextmanager
    def at_work(self) -> Iterator[OwnDirectory]:
        """Make the directory and its marker, if they are missing, and lock it; within itself it changes nothing.

        A directory that was made for this and is without a file of its own at the end goes again. Raises SfumatoError
        where another process is at work, and where it cannot be written.
        """
        if self._depth == 0:
            self._open()
        self._depth += 1
        try:
            yield self
        finally:
            self._depth -= 1
            if self._depth == 0:
                if not self._own:
                    self._leave_nothing()
                self._close()

    def _leave_nothing(self) -> None:
        """Remove the marker and the directory where nothing else lies in it."""
        with contextlib.suppress(OSError):
            if [path.name for path in self.path.iterdir()] == [MARKER]:
                (self.path / MARKER).unlink()
                self.path.rmdir()

    def claim(self, name: str) -> Path:
        """The place of a file that is about to be written, which the marker lists from now on.

        Call it while at work. Raises SfumatoError where something lies there that the program did not make.
        """
        assert self._descriptor is not None, "only while at work"
        place = self.place_of(name)
        if name not in self._own:
            self._check_way(name, self._own)
            os.write(self._descriptor, json.dumps(name).encode() + b"\n")
            self._own.add(name)
        elif place.is_symlink():
            raise SfumatoError(f"{place} is a link, and sfumato made a file; remove the link, or choose another place")
        for parent in list(Path(name).parents)[:-1]:
            if parent.name != ".." and (self.path / parent).is_symlink():
                raise SfumatoError(f"{self.path / parent} is a link, which sfumato did not make; choose another place")
        return place

    def own(self) -> set[str]:
        """The names of the files that are the program's, there or not."""
        return set(self._own if self._descriptor is not None else self._recorded())

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """A new, empty directory in this one, for files that will get their places by `settle`; it goes at the end."""
        stage = self.path / f".{uuid.uuid4().hex}.tmp"
        stage.mkdir()
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def settle(self, stage: Path, names: Iterable[str], into: str = "") -> None:
        """Move files of a stage to their places, each over what the program had there; the last one ends it.

        into: a sub-directory, made if missing. The moves are noted first: where the process dies between two of them,
        the next one that is at work here makes the rest. Flush the files yourself where they have to outlast a power
        failure.
        """
        assert self._descriptor is not None, "only while at work"
        files = list(names)
        targets = {name: f"{into}/{name}" if into else name for name in files}
        for target in targets.values():
            self.claim(target)
        moves = {"stage": stage.name, "moves": targets}
        os.write(self._descriptor, json.dumps(moves).encode() + b"\n")
        try:
            self._move(moves)
        except BaseException:  # such as Ctrl-C between two of them: the stage is about to go
            self._move(moves)
            raise

    def adopt(self, names: Iterable[str]) -> None:
        """List files that lie here as the program's, which it knows by their content; call it while at work."""
        assert self._descriptor is not None, "only while at work"
        for name in names:
            if name not in self._own and (self.path / name).is_file():
                os.write(self._descriptor, json.dumps(name).encode() + b"\n")
                self._own.add(name)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files of the program's, and the directories that are empty then. Other names are left alone."""
        folders: set[Path] = set()
        for name in set(names) & self.own():
            place = self.place_of(name)
            if place.is_dir() and not place.is_symlink():
                continue  # somebody put a directory where the file was
            place.unlink(missing_ok=True)
            folders.update(parent for parent in Path(name).parents if parent.name not in ("", ".."))
        for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
            with contextlib.suppress(OSError):  # not empty, or gone
                (self.path / folder).rmdir()

    def clear(self) -> None:
        """Remove all files that the marker lists; directories of the program's within have markers of their own."""
        assert self._descriptor is not None, "only while at work"
        self.remove(self._own)
        self._own = set()
        with (self.path / MARKER).open("rb") as file:
            os.truncate(self.path / MARKER, len(file.readline(_MARKER_LIMIT)))

    def discard(self) -> None:
        """Remove all that the program made here, directories of its own within too, and the directory if it is empty.

        Call it while at work.
        """
        self.remove(self.own())
        if self.path.is_dir():
            for path in list(self.path.iterdir()):
                if path.is_dir() and not path.is_symlink() and (kind := kind_of(path)) in KINDS and kind is not None:
                    inner = OwnDirectory(path, kind)
                    with contextlib.suppress(SfumatoError), inner.at_work():
                        inner.discard()
        (self.path / MARKER).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    # ---- the marker

    def _open(self) -> None:
        self._check_place()
        marker, is_new = self.path / MARKER, not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._descriptor = _locked(marker, self.path)
            begun = os.fstat(self._descriptor).st_size > 0
            if not begun:
                os.write(self._descriptor, json.dumps({"format": FORMAT, "kind": self.kind}).encode() + b"\n")
        except OSError as error:
            self._close()
            if is_new:
                marker.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    self.path.rmdir()
            raise SfumatoError(f"{self.path} cannot be written ({disk_fault(error)}); choose another place") from error
        try:
            found = kind_of(self.path)
            if found != self.kind:
                said = KINDS.get(found or "", "a directory")
                raise SfumatoError(f"{self.path} is {said} of sfumato, not {KINDS[self.kind]}; choose another place")
            self._own = self._recorded()
            self._tidy()
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _lines(self) -> Iterator[object]:
        """What the marker holds after its first line; a line that a dying process left half written is passed over."""
        with (self.path / MARKER).open("rb") as file:
            file.readline(_MARKER_LIMIT)
            for line in file.read(_MARKER_LIMIT).splitlines():
                with contextlib.suppress(ValueError):
                    yield json.loads(line)

    def _recorded(self) -> set[str]:
        if not (self.path / MARKER).is_file():
            return set()
        return {line for line in self._lines() if isinstance(line, str) and _is_inside(line)}

    def _tidy(self) -> None:
        """Make moves that a process died in, and remove what it left unfinished."""
        for line in self._lines():
            if isinstance(line, dict) and isinstance(line.get("moves"), dict):
                self._move(line)
        with (self.path / MARKER).open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n" and self._descriptor is not None:
                os.write(self._descriptor, b"\n")
        for folder in {self.path, *(self.path / name for name in self._folders())}:
            for left in folder.glob(".*.tmp") if folder.is_dir() else ():
                if _TEMPORARY.fullmatch(left.name) and not left.is_symlink():
                    shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def _folders(self) -> set[Path]:
        return {Path(name).parent for name in self._own if not name.startswith("../")}

    def _move(self, moves: Mapping[str, object]) -> None:
        stage, targets = str(moves.get("stage")), moves["moves"]
        if not _TEMPORARY.fullmatch(stage) or not isinstance(targets, dict) or not (self.path / stage).is_dir():
            return
        folders = set()
        for name, target in targets.items():
            source, place = self.path / stage / str(name), self.path / str(target)
            if str(target) in self._own and source.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                source.replace(place)
                folders.add(place.parent)
        for folder in folders:
            flush_directory(folder)


def kind_of(path: Path) -> str | None:
    """The kind of directory that a marker in `path` names; None where there is no marker of the program's."""
    try:
        with (path / MARKER).open("rb") as file:
            first = json.loads(file.readline(1000))
        return str(first["kind"]) if first["format"] == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _may_stay(path: Path, beside: Path | None) -> bool:
    """Whether something in a directory is of no account: what a killed process left, the way to a known place, or a
    directory of the program's with a marker of its own."""
    known = beside is not None and beside.resolve().is_relative_to(path.resolve())
    left = _TEMPORARY.fullmatch(path.name) is not None
    return known or left or (path.is_dir() and not path.is_symlink() and kind_of(path) is not None)


def _is_inside(name: str) -> bool:
    """Whether a recorded name lies in the directory, or directly beside it: a marker may have been tampered with."""
    parts = name.removeprefix("../").split("/")
    return (
        "\0" not in name
        and all(part not in ("", ".", "..") for part in parts)
        and (len(parts) == 1 or not name.startswith("../"))
    )


def _locked(marker: Path, directory: Path) -> int:
    """The marker, open for appending and locked by this process. Raises SfumatoError where another has it."""
    while True:
        descriptor = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _lock(descriptor)
            # Whoever had the lock before may have removed the marker, and this one lies nowhere any more.
            if os.path.samestat(os.fstat(descriptor), marker.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise SfumatoError(
                    f"{directory}: another sfumato is at work there; wait until it is done, or choose another place"
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
