"""Where output goes: never over what is there, unless a person said so."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sfumato.directory import not_ours
from sfumato.errors import SfumatoError


def beside(directory: Path, ending: str) -> Path:
    """DIR -> DIR-sheet.png and the like: beside the directory, not in it."""
    named = directory.resolve() if directory.name in ("", "..") else directory
    return named.with_name(named.name + ending)


def made_up(work: Path, ending: str) -> Path:
    """Where what is made of a work goes by default: beside it, DIR/NAME.png -> DIR/NAME-again.png and the like.

    Of one that lies in a directory of works it is beside that, DIR-NAME-again.png: only works lie in there.
    """
    from sfumato.marker import kind_of

    if kind_of(work.parent) != "works":
        return work.with_name(work.stem + ending)
    return beside(work.parent, f"-{work.stem}{ending}")


def check_is_not(output: Path, source: Path, what: str) -> None:
    """Raises SfumatoError where the output would take the place of something that it is made from."""
    if os.path.realpath(output) == os.path.realpath(source):  # a circular link is not an error here
        raise SfumatoError(f"{output}: is {what}; choose another -o")


def check_made_up(file: Path, *, force: bool) -> None:
    """As `check_free`, of a file whose name nobody gave: only one that sfumato made may be written over."""
    from sfumato.provenance import is_marked_file

    if file.is_file() and not is_marked_file(file):
        raise not_ours(file)
    check_free([file], force=force)


def check_free(files: Iterable[Path], *, force: bool) -> None:
    """Raises SfumatoError, before any work is done, if a file is there already or stands where a folder should be."""
    for file in files:
        nearest = next(parent for parent in file.absolute().parents if parent.exists())
        if not nearest.is_dir():
            raise SfumatoError(f"{nearest}: is a file, not a directory; choose another -o")
        if not os.access(nearest, os.W_OK):
            raise SfumatoError(f"{file}: cannot be written, because {nearest} cannot; choose another -o")
        if file.is_dir():
            raise SfumatoError(f"{file}: is a directory, and a file of that name is to be written; choose another -o")
        if file.exists() and not force:
            raise SfumatoError(f"{file}: is there already; choose another -o, or say --force to write over it")
