"""One database for the server and its workers: SQLite in a file, or PostgreSQL on a server that several people use."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.migrating import upgrade
from sfumato.studio.jobs.tables import Moment, now
from sfumato.studio.place import Place
from sfumato.text import counted

BUSY_SECONDS: Final = 20  # that a transaction waits for those of other processes
MOST_CONNECTIONS: Final = 40  # of one process to a file: as many as FastAPI has threads
_WRITING: Final = "sfumato_writing"
_POSTGRESQL: Final = "postgresql+psycopg"
_HELD: Final = f"others have held it for {counted(BUSY_SECONDS, 'second')}; try again, or close what holds it"


class DatabaseError(SfumatoError):
    """The database cannot do what it was asked: the disk is full, it is held by others, or its server is gone."""


@dataclass(frozen=True)
class Database:
    """Connections to it, from any thread of one process. named: what it is called in messages."""

    place: Place
    engine: Engine
    named: str
    # Threads of one process wait here for their turn: SQLite's own waiting is a sleep, and keeps no order.
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def open(cls, place: Place, url: str | None = None) -> Self:
        """Open the place's database, or the one at a ``postgresql+psycopg://`` URL; make it if it is not there, and
        upgrade it if it is of an older version (a copy is kept of a file).

        Raises SfumatoError for one of a newer version, and where it cannot be opened.
        """
        try:
            place.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SfumatoError(f"{place.path}: the studio's directory cannot be made ({error.strerror})") from error
        engine, named = (_sqlite(place), str(place.database)) if url is None else _postgresql(url)
        database = cls(place, engine, named)
        try:
            with database._sentences():
                upgrade(engine, named, place.database if url is None else None)
        except BaseException:
            engine.dispose()
            raise
        return database

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the database as it is at its first query. Raises DatabaseError."""
        with self._sentences(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that changes it, whole or, where an error leaves the block, not at all. In SQLite one at a
        time; it must not be asked for within another. Raises DatabaseError."""
        with self._one_at_a_time(), self._sentences(), self.engine.connect() as connection:
            connection = connection.execution_options(**{_WRITING: True})
            with connection.begin():
                yield connection

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if self.engine.dialect.name != "sqlite":
            yield
            return
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise DatabaseError(f"{self.named}: {_HELD}")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise DatabaseError(f"{self.named}: {_advice(error)}") from error
        except PoolTimeout as error:
            raise DatabaseError(f"{self.named}: {_HELD}") from error


def moment_of(connection: Connection) -> datetime:
    """Now, by the one clock of all who work at the database: PostgreSQL's, or of a file this machine's."""
    if connection.dialect.name == "sqlite":
        return now()
    moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp(type_=Moment))).scalar_one()
    return moment


def _advice(error: DBAPIError) -> str:
    said = str(error.orig).strip().partition("\n")[0]
    name = getattr(error.orig, "sqlite_errorname", "")
    code = getattr(error.orig, "sqlstate", None) or ""
    if name == "SQLITE_FULL" or code == "53100":
        return "the disk is full, and nothing was changed; make room on it, and try again"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _HELD
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"it cannot be written ({said}); see whose it is, or name another directory with --data"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return f"it is damaged, or no database ({said}); put a copy in its place, or move it away to begin with none"
    if name.startswith("SQLITE_IOERR"):
        return f"it cannot be read or written ({said}); see whether its disk is full or failing"
    if not name and isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return f"it cannot be reached ({said}); see that its server runs, and that the URL is right"
    return f"it refused what it was asked ({said})"


def _sqlite(place: Place) -> Engine:
    engine = sa.create_engine(
        URL.create("sqlite", database=str(place.database)),
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
        json_serializer=as_json,
        pool_size=MOST_CONNECTIONS,
        pool_timeout=BUSY_SECONDS,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepared(connection: sqlite3.Connection, _: object) -> None:
        # A commit survives the death of any process; only a power cut may take back the last ones, whole.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        # One that begins by reading and wants to write later could be refused in the middle.
        writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql(url: str) -> tuple[Engine, str]:
    try:
        parsed = sa.engine.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername=_POSTGRESQL)
        if parsed.drivername != _POSTGRESQL:
            raise SfumatoError(f"{parsed.drivername}: is no database of the studio's; give {_POSTGRESQL}://HOST/NAME")
        named = parsed.render_as_string(hide_password=True)
        return sa.create_engine(
            parsed,
            json_serializer=as_json,
            pool_pre_ping=True,
            pool_timeout=BUSY_SECONDS,
            max_overflow=15,
            connect_args={"connect_timeout": 10},
        ), named
    except (ArgumentError, ValueError) as error:
        raise SfumatoError(f"the database's URL cannot be read; give {_POSTGRESQL}://USER@HOST/NAME") from error
    except ImportError as error:
        raise SfumatoError(
            "psycopg, which speaks with PostgreSQL, is not there; install it: pip install 'sfumato[postgresql]'"
        ) from error


def as_json(value: Any) -> str:
    """JSON that every reader takes: numbers that are none (NaN, infinite) are null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
