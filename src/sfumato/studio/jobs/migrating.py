"""A database is brought to the version of the program that opens it, and its file is copied before that."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from sfumato import __version__
from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables

NEWEST: Final = "0001"
MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x5F0A70  # PostgreSQL's own kind of lock for what is no row: one program upgrades at a time


def upgrade(engine: Engine, named: str, file: Path | None) -> None:
    """Run the migrations that a database has not seen yet; a new one sees them all.

    named: for messages; file: SQLite's. Raises SfumatoError for a database that a newer version of the program made.
    """
    with engine.connect() as connection:
        version = _version(connection)
    if version == NEWEST:
        return
    if version is not None:
        _check_known(version, named)
        if file is not None:
            _copied(file, file.with_name(f"{file.stem}-{version}{file.suffix}.backup"))
    with engine.connect().execution_options(sfumato_writing=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _version(connection) == NEWEST:  # another process was first
            return
        _migrated(connection)
        connection.execute(sa.delete(tables.meta).where(tables.meta.c.name == "version"))
        connection.execute(sa.insert(tables.meta).values(name="version", value=__version__))


def _version(connection: Connection) -> str | None:
    """As Alembic keeps it; None of a database that is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _check_known(version: str, named: str) -> None:
    from alembic.script import ScriptDirectory  # takes a while, and is seldom needed

    if version not in {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}:
        raise SfumatoError(
            f"{named}: a newer sfumato made this (version {version} of its tables); install that one, or name another "
            "directory with --data"
        )


def _migrated(connection: Connection) -> None:
    """Alembic's environment (migrations/env.py) works on this connection, in the transaction that is open."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, NEWEST)


def _copied(file: Path, copy: Path) -> None:
    """A whole copy of an SQLite database with what lies in its log; one that is there already stays."""
    if copy.exists():
        return
    temporary = copy.with_name(f"{copy.name}.{os.getpid()}")
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(temporary)) as target:
            source.backup(target)
        temporary.replace(copy)
    except (sqlite3.Error, OSError) as error:
        raise SfumatoError(f"{copy}: the database cannot be copied before it is upgraded ({error})") from error
    finally:
        temporary.unlink(missing_ok=True)
