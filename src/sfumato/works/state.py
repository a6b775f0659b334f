"""What the program keeps of its own on this computer: where, and how the database in it is made, opened and read.

SQLite with a rollback journal, as its other kind does not bear network file systems. Its user alone may read it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sfumato.disk import DISK_FULL, disk_fault, personal_directory, take_name
from sfumato.errors import SfumatoError
from sfumato.text import counted

if TYPE_CHECKING:
    import sqlite3

VARIABLE: Final = "SFUMATO_STATE"
NAME: Final = "works.sqlite3"
FORMAT: Final = 1
APPLICATION: Final = 0x5346_4D54  # 'SFMT', by which a database is known as the program's own
_PATIENCE: Final = 30.0  # seconds, for who else writes
# saved_at: microseconds since the epoch; works: how many the file shows.
_SCHEMA: Final = f"""
BEGIN;
CREATE TABLE works (
    number INTEGER PRIMARY KEY,
    saved_at INTEGER NOT NULL,
    path TEXT NOT NULL,
    digest TEXT NOT NULL,
    mark TEXT,
    key_version INTEGER,
    model TEXT,
    recipe_digest TEXT,
    recipe TEXT,
    works INTEGER NOT NULL
);
CREATE INDEX works_by_time ON works (saved_at, works);
CREATE INDEX works_by_mark ON works (mark);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
COMMIT;
"""

# One connection at a time in a process, and none while it forks: a child would take its parent's locks for its own, and
# wait for ever for a thread that is importing what it needs itself.
_connecting = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_connecting.acquire, after_in_parent=_connecting.release, after_in_child=_connecting.release
    )


def state_directory() -> Path:
    """Where the index lies: in SFUMATO_STATE, or in sfumato of XDG_STATE_HOME, which is ~/.local/state if not set.

    Raises SfumatoError where there is no home, and for what is no path.
    """
    kept = "the index of saved works"
    return personal_directory(VARIABLE, "XDG_STATE_HOME", ".local/state", "sfumato", kept).absolute()


def index_file() -> Path:
    """The database of saved works, whether it is there or not. Raises SfumatoError as `state_directory`."""
    return state_directory() / NAME


def is_made(path: Path) -> bool:
    """Whether the database is there. Raises SfumatoError where that cannot be seen."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unusable(path, error.strerror) from error
    return True


def make(path: Path) -> None:
    """Make the database, whole, for its user alone; one that another process has made meanwhile stays.

    Raises SfumatoError where it cannot be kept.
    """
    with _connecting:
        import sqlite3

        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(".tmp", ".", path.parent)
            os.close(descriptor)
            temporary = Path(name)
            try:
                with contextlib.closing(sqlite3.connect(temporary)) as connection:
                    connection.executescript(_SCHEMA)
                take_name(temporary, path)  # where another process was first, its own serves
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(path, disk_fault(error)) from error
        except sqlite3.Error as error:
            raise _fault(path, error) from error


@contextlib.contextmanager
def transaction(path: Path, *, writes: bool = False) -> Iterator[sqlite3.Connection]:
    """A transaction, which is rolled back where an error is raised within; of those that write, one at a time.

    Raises SfumatoError where the database cannot be read, or written, and for one of another format or program.
    """
    with _connecting:
        import sqlite3

        try:
            with contextlib.closing(
                sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = NORMAL")  # of what the journal holds nothing is lost by it
                connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                _check_format(connection, path)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise _fault(path, error) from error


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != APPLICATION:
        raise _unusable(path, "it is another program's database, or empty")
    if version != FORMAT:
        raise _unusable(path, f"it has format {version}, and this sfumato reads {FORMAT}: install a newer one")


def _fault(path: Path, error: sqlite3.Error) -> SfumatoError:
    import sqlite3

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):  # ERROR: its tables are others
        return damaged(path, error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _unusable(path, f"another program has held it for {counted(_PATIENCE, 'second')}")
    return _unusable(path, DISK_FULL if code == sqlite3.SQLITE_FULL else str(error))


def damaged(path: Path, why: object) -> SfumatoError:
    """The error to raise for a database that does not hold what the program has written."""
    return SfumatoError(
        f"{path}: the index of saved works is damaged ({why}); move it away, and a new one is made, or name another "
        f"place in {VARIABLE}"
    )


def _unusable(path: Path, why: object) -> SfumatoError:
    return SfumatoError(f"{path}: the index of saved works cannot be used ({why}); name another place in {VARIABLE}")
