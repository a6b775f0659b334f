"""Files are written whole, and lie on the disk before anything relies on them; only regular files of a known size are
read."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from sfumato.errors import SfumatoError
from sfumato.text import encoded, shortened

DISK_FULL: Final = "the disk is full"


def local_path(name: str | Path) -> Path:
    """A path that a person typed, from their home where it begins with '~'. Raises SfumatoError for an invalid one."""
    try:
        path = Path(name).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path
    except RuntimeError as error:  # '~nobody/run'
        raise SfumatoError(f"{name}: there is no such user here, and no home; write the path in full") from error
    except ValueError as error:
        raise SfumatoError(f"{str(name)!r}: is not a path ({error}); give another") from error
    except OSError as error:
        raise SfumatoError(f"{shortened(str(name))}: cannot be read ({error.strerror})") from error
    return path


def personal_directory(variable: str, xdg: str, usual: str, inside: str, what: str) -> Path:
    """Where a person's own things lie: in the directory that the variable names; else ``inside`` the one that the XDG
    base directory specification's variable names, by default ``usual`` below their home.

    what: 'a signing key', for the sentence. Raises SfumatoError where there is no home, and for what is no path.
    """
    if named := os.environ.get(variable):
        try:
            return local_path(named)
        except SfumatoError as error:
            raise SfumatoError(f"{variable}: {error}") from error
    place = Path(os.environ.get(xdg, ""))
    if not place.is_absolute():  # the specification has relative paths ignored
        try:
            place = Path.home() / usual
        except RuntimeError as error:
            raise SfumatoError(
                f"there is no home here to keep {what} in; name a directory for it in {variable}"
            ) from error
    return place / inside


def open_file(path: Path) -> BinaryIO:
    """Open a file to read. Raises OSError where there is none, and for what may never end: a pipe or a device."""
    return os.fdopen(open_descriptor(path), "rb")


def open_descriptor(path: Path | str) -> int:
    """The same, as the system's own handle, which `os.close` closes."""
    try:
        # Opened in the usual way, a pipe has its reader wait for who writes, forever where nobody does.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # with a zero byte in it
        raise OSError(errno.EINVAL, "is not the name of a file", str(path)) from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that is not there
            raise OSError(errno.EINVAL, f"is {what_is(Path(path).stat().st_mode)}, not a file", str(path)) from error
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "is a circular link", str(path)) from error
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, f"is {what_is(mode)}, not a file", str(path))
    return descriptor


def what_is(mode: int) -> str:
    """What is neither a file nor a directory, from its mode (`os.stat_result.st_mode`): 'a pipe'."""
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "a special file")


def read_file(path: Path, most: int) -> bytes:
    """The content of a file of at most so many bytes. Raises OSError as `open_file`, and for a larger one."""
    with open_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"has {size:,} bytes, and {most:,} are the most", str(path))
        data = file.read(most + 1)
    if len(data) > most:  # it grew meanwhile, or says nothing of its size
        raise OSError(errno.EFBIG, f"has more than {most:,} bytes", str(path))
    return data


def read_named_file(path: Path, most: int) -> bytes:
    """The same of a file that a person named. Raises SfumatoError where it cannot be read."""
    try:
        return read_file(path, most)
    except OSError as error:
        raise SfumatoError(f"{path}: cannot be read ({error.strerror or error})") from error


def read_json(path: Path, most: int) -> Any:
    """What a JSON file says. Raises OSError as `read_file`, and ValueError for what is no JSON or nested too deeply."""
    try:
        return json.loads(read_file(path, most))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def flush_file(file: BinaryIO) -> None:
    """Wait until all that was written to an open file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def flush_directory(directory: Path) -> None:
    """Wait until a directory's entries are on the disk. Raises OSError where they may not be."""
    if os.name == "nt":  # Windows has no handle on a directory to flush
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_through(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        flush_file(file)


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file's content at one instant; that the new one stays, only flushing its directory makes sure."""
    with _temporary_beside(path) as temporary:
        write_through(temporary, data)
        temporary.replace(path)


def write_whole_file(path: Path, write: Callable[[BinaryIO], object], *, force: bool) -> None:
    """Let `write` fill a temporary file in the same folder, then give it its name.

    The folder is made if missing. Raises SfumatoError if the file exists (without `force`) or cannot be written; then
    nothing has changed on the disk.
    """
    if path.is_dir():
        raise SfumatoError(f"{path} is a folder; choose the name of a file")
    if path.exists() and not path.is_file():  # /dev/null would be lost for all programs
        raise SfumatoError(f"{path} is {what_is(path.stat().st_mode)}, not a file; choose another name")
    if path.exists() and not force:
        raise _exists(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(path) as temporary:
            with temporary.open("xb") as file:
                write(file)
            _name(temporary, path, force=force)
    except OSError as error:
        raise SfumatoError(f"{path} cannot be written ({disk_fault(error)}); nothing was changed") from error


def write_whole_text(path: Path, text: str, *, force: bool) -> None:
    """The same with a text, in UTF-8."""
    write_whole_file(path, lambda file: file.write(encoded(text)), force=force)


def disk_fault(error: Exception) -> str:
    """Why something could not be written, in a few words."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return DISK_FULL
    return getattr(error, "strerror", None) or str(error)


@contextlib.contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """A name for a file in the same folder, which is removed at the end if it still has that name."""
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        yield temporary
    finally:
        with contextlib.suppress(OSError):  # what went wrong has been said already
            temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path, *, force: bool) -> None:
    if force:
        temporary.replace(path)
    elif not take_name(temporary, path):
        raise _exists(path)


def take_name(temporary: Path, path: Path) -> bool:
    """Give a file its name; False where there is one of that name, which stays. Raises OSError where it cannot be."""
    try:
        # A link, unlike a rename, fails if another process has made the file meanwhile.
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # no hard links here, as on many USB sticks
        if path.exists():
            return False
        temporary.replace(path)
    return True


def _exists(path: Path) -> SfumatoError:
    return SfumatoError(f"{path} exists already; choose another name, or use --force to write over it")
