"""What is written lies on the disk, and whole, before anything relies on it."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path
from typing import BinaryIO


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
        return "the disk is full"
    return getattr(error, "strerror", None) or str(error)
