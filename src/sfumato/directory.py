"""A directory that the program makes: which files in it are its own, and who is at work in it.

Its marker (`marker.py`) lists every file that the program put there. What it does not list belongs to somebody else and
is never written over, moved or removed. While a process is at work in the directory it holds a lock on the marker.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sfumato.disk import disk_fault, flush_directory
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER, OpenMarker, is_made, kind_of, noun, read_marker

_MAY_MIX: Final = ("collection", "works", "drawn")  # with other things in one directory, if that is asked for
_TEMPORARY: Final = re.compile(r"\.[0-9a-f]{32}\.tmp")


class OwnDirectory:
    """A directory of one kind (see `marker.KINDS`), there already or not.

    Names are relative to it, with forward slashes.
    """

    def __init__(self, path: Path | str, kind: str) -> None:
        self.path, self.kind = Path(path), kind
        self._marker: OpenMarker | None = None
        self._depth = 0
        self._is_new = False

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
        self._check_kind(found)
        own = self.own()
        for name in (*own, *names):
            self.check_way(name, own)
        may_mix = self.kind in _MAY_MIX
        if found is None and self.path.exists() and not (force and may_mix):
            others = sorted(path.name for path in self.path.iterdir() if not _may_stay(path, beside))
            if others:
                more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
                hint = ", or say --force to write beside what is there, which stays as it is" if may_mix else ""
                raise SfumatoError(
                    f"{self.path} is not empty and is not {noun(self.kind)} (it holds {others[0]}{more}); "
                    f"choose another place{hint}"
                )

    def check_way(self, name: str, own: set[str] | None = None) -> None:
        """Raises SfumatoError where something that is not ours lies where a file or directory of ours would.

        own: what `own` gives, where it is at hand.
        """
        known = self.own() if own is None else own
        place = self.path / name
        if name in known:
            if place.is_symlink() or place.is_dir():
                raise SfumatoError(
                    f"{place} was a file of sfumato and is something else now; move it away, or choose another place"
                )
            return
        in_the_way = place.is_symlink() or place.exists()
        if in_the_way and place.is_dir() and not place.is_symlink():
            # A directory in which something of ours lies is ours; and an empty one is in nobody's way.
            ours = any(entry.startswith(f"{name}/") for entry in known) or is_made(place)
            in_the_way = not ours and any(place.iterdir())
        if in_the_way:
            raise not_ours(place)

    def own(self) -> set[str]:
        """The names of the files that are the program's, there or not."""
        if self._marker is not None:
            return set(self._marker.files)
        marker = read_marker(self.path)
        return set() if marker is None or marker.kind != self.kind else set(marker.files)

    def _check_place(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise SfumatoError(f"{self.path} is a file, not a directory; choose another place")
        nearest = next(path for path in (self.path, *self.path.absolute().parents) if path.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            raise SfumatoError(f"{self.path} cannot be written, because {nearest} cannot; choose another place")

    def _check_kind(self, found: str | None) -> None:
        if found not in (None, self.kind):
            raise SfumatoError(f"{self.path} is {noun(found or '')}, not {noun(self.kind)}; choose another place")

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
                if not self._held.files:
                    self._leave_nothing()
                self._close()

    @contextmanager
    def nothing_left_of_a_failure(self) -> Iterator[None]:
        """Where a SfumatoError ends the block, a directory that was not there before this work goes again, with all
        that was made in it on the way. Call it while at work."""
        try:
            yield
        except SfumatoError:
            if self._is_new:
                self.discard()
            raise

    def claim(self, name: str) -> Path:
        """The place of a file that is about to be written, which the marker lists from now on.

        Call it while at work. Raises SfumatoError where something lies there that the program did not make.
        """
        for parent in list(Path(name).parents)[:-1]:
            if (self.path / parent).is_symlink():
                raise SfumatoError(f"{self.path / parent} is a link, which sfumato did not make; choose another place")
        self.check_way(name, self._held.files)
        self._held.add(name)
        return self.path / name

    def adopt(self, names: Iterable[str]) -> None:
        """List files that lie here as the program's, which it knows by their content; call it while at work."""
        self._held.add(*(name for name in names if (self.path / name).is_file()))
        self.flush()

    def flush(self) -> None:
        """Wait until the marker is on the disk: before files that are to outlast a power failure."""
        self._held.flush()

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
        """Move files of a stage to their places, in this order, each over what the program had there.

        into: a sub-directory, made if missing. The moves are noted first: where the process dies between two of them,
        the next one that is at work here makes the rest. Flush the files yourself where they have to outlast a power
        failure.
        """
        targets = {name: f"{into}/{name}" if into else name for name in names}
        for target in targets.values():
            self.claim(target)
        moves = {"stage": stage.name, "moves": targets}
        self._held.note(moves)
        self.flush()
        try:
            self._move(moves)
        except BaseException:  # such as Ctrl-C between two of them: the stage is about to go
            self._move(moves)
            raise

    def remove(self, names: Iterable[str]) -> None:
        """Remove files of the program's, in this order, and the directories that are empty then.

        Other names are left alone.
        """
        folders: set[Path] = set()
        own = self.own()
        for name in dict.fromkeys(names):
            place = self.path / name
            if name not in own or (place.is_dir() and not place.is_symlink()):
                continue  # not ours, or somebody put a directory where the file was
            place.unlink(missing_ok=True)
            folders.update(parent for parent in Path(name).parents if parent.name != "")
        for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
            with contextlib.suppress(OSError):  # not empty, or gone
                (self.path / folder).rmdir()

    def clear(self) -> None:
        """Remove all files that the marker lists; directories of the program's within have markers of their own."""
        self.remove(sorted(self._held.files))
        self._held.clear()

    def discard(self) -> None:
        """Remove all that the program made here, the directories of its own within too but for fetched pictures, and
        the directory if it is empty then. Call it while at work."""
        self.remove(sorted(self._held.files))
        for path in list(self.path.iterdir()):
            inner = kind_of(path) if path.is_dir() and not path.is_symlink() else None
            if inner not in (None, "pictures"):
                within = OwnDirectory(path, inner or "")
                with contextlib.suppress(SfumatoError), within.at_work():
                    within.discard()
        (self.path / MARKER).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def _open(self) -> None:
        self._check_place()
        self._is_new = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._marker = OpenMarker(self.path, self.kind)
        except OSError as error:
            if self._is_new:
                self._leave_nothing()
            raise SfumatoError(f"{self.path} cannot be written ({disk_fault(error)}); choose another place") from error
        try:
            found = read_marker(self.path)
            self._check_kind(found.kind if found else "")
            if found is not None:
                self._marker.files = set(found.files)
                self._tidy(found.moves)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        self._held.close()
        self._marker = None

    @property
    def _held(self) -> OpenMarker:
        assert self._marker is not None, "only while at work"
        return self._marker

    def _leave_nothing(self) -> None:
        """Remove the marker and the directory where nothing else lies in it."""
        with contextlib.suppress(OSError):
            if {path.name for path in self.path.iterdir()} <= {MARKER}:
                (self.path / MARKER).unlink(missing_ok=True)
                self.path.rmdir()

    def _tidy(self, moves: Iterable[Mapping[str, Any]]) -> None:
        """Make moves that a process died in, and remove what it left unfinished."""
        for one in moves:
            self._move(one)
        self._held.end_line()
        folders = {Path(name).parent for name in self._held.files}
        for folder in {self.path, *(self.path / name for name in folders)}:
            for left in folder.glob(".*.tmp") if folder.is_dir() and not folder.is_symlink() else ():
                if _TEMPORARY.fullmatch(left.name) and not left.is_symlink():
                    shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def _move(self, moves: Mapping[str, Any]) -> None:
        stage, targets = str(moves.get("stage")), moves["moves"]
        if not _TEMPORARY.fullmatch(stage) or not (self.path / stage).is_dir():
            return
        folders = set()
        for name, target in targets.items():
            source, place = self.path / stage / str(name), self.path / str(target)
            # A marker may have been tampered with.
            is_staged = ".." not in Path(str(name)).parts and source.is_relative_to(self.path / stage)
            if is_staged and str(target) in self._held.files and source.is_file():
                place.parent.mkdir(parents=True, exist_ok=True)
                source.replace(place)
                folders.add(place.parent)
        for folder in folders:
            flush_directory(folder)


def not_ours(place: Path) -> SfumatoError:
    """What is said of a file or directory of somebody else's that lies where one of the program's would."""
    return SfumatoError(
        f"{place} was not made by sfumato, so it is left as it is, even with --force; "
        "move it away, or choose another place"
    )


def _may_stay(path: Path, beside: Path | None) -> bool:
    """Whether something in a directory is harmless: what a killed process left, the way to a known place, or a
    directory that the program made."""
    known = beside is not None and beside.resolve().is_relative_to(path.resolve())
    left = _TEMPORARY.fullmatch(path.name) is not None
    return known or left or is_made(path)
