"""What is written lies on the disk, and whole, before anything relies on it; what is read is a file, and of a size."""

from __future__ import annotations

import errno
import json
import os
import stat
import uuid
from pathlib import Path
from typing import Any, BinaryIO, Final

DISK_FULL: Final = "the disk is full"


def open_file(path: Path) -> BinaryIO:
    """Open a file to read. Raises OSError where there is none, and for what may never end: a pipe or a device."""
    return os.fdopen(open_descriptor(path), "rb")


def open_descriptor(path: Path | str) -> int:
    """The same, as the system's own handle, which `os.close` closes."""
    try:
        # Opened in the usual way, a pipe has its reader wait for who writes, forever where nobody does.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # with a zero byte in it
        raise OSError(errno.EINVAL, "is no name of a file", str(path)) from error
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
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        write_through(temporary, data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def disk_fault(error: Exception) -> str:
    """Why something could not be written, in a few words."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error):
        return DISK_FULL
    return getattr(error, "strerror", None) or str(error)
