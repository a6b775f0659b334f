"""A file is written whole or not at all, and never over another one unasked."""

import contextlib
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from sfumato.disk import disk_fault
from sfumato.errors import SfumatoError
from sfumato.text import encoded


def write_whole_file(path: Path, write: Callable[[BinaryIO], None], *, force: bool) -> None:
    """Let `write` fill a temporary file in the same folder, then give it its name.

    The folder is made if missing. Raises SfumatoError if the file exists (without `force`) or cannot be written; then
    nothing has changed on the disk.
    """
    if path.is_dir():
        raise SfumatoError(f"{path} is a folder; choose the name of a file")
    if path.exists() and not force:
        raise _exists(path)
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            write(file)
        _name(temporary, path, force=force)
    except OSError as error:
        raise SfumatoError(f"{path} cannot be written ({disk_fault(error)}); nothing was changed") from error
    finally:
        with contextlib.suppress(OSError):  # what went wrong has been said already
            temporary.unlink(missing_ok=True)


def write_whole_text(path: Path, text: str, *, force: bool) -> None:
    """The same with a text, in UTF-8."""

    def write(file: BinaryIO) -> None:
        file.write(encoded(text))

    write_whole_file(path, write, force=force)


def _name(temporary: Path, path: Path, *, force: bool) -> None:
    if force:
        temporary.replace(path)
        return
    try:
        # A link, unlike a rename, fails if another process has made the file meanwhile.
        os.link(temporary, path)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # no hard links here, as on many USB sticks
        if path.exists():
            raise _exists(path) from None
        temporary.replace(path)


def _exists(path: Path) -> SfumatoError:
    return SfumatoError(f"{path} exists already; choose another name, or use --force to write over it")
