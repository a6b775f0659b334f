"""A file that one process holds at a time; the hold ends with the process, however that ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from sfumato.disk import replace_file
from sfumato.errors import SfumatoError


def locked_file(path: Path, holder: Path) -> int:
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
