"""A database is brought to the version of the program that opens it, and its file is copied before that."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from sfumato import __version__
from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x5F0A70  # PostgreSQL's own kind of lock for what is no row: one program upgrades at a time


def upgrade(engine: Engine, named: str, file: Path | None) -> None:
    """Run the migrations that a database has not seen yet; a new one sees them all.

    named: for messages; file: SQLite's. Raises SfumatoError for a database that a newer version of the program made.
    """
    scripts = ScriptDirectory(str(MIGRATIONS))
    newest = scripts.get_current_head()
    with engine.connect() as connection:
        version = _version(connection, scripts, named)
    if version == newest:
        return
    if version is not None and file is not None:
        _copied(file, file.with_name(f"{file.stem}-{version}{file.suffix}.backup"))
    with engine.connect().execution_options(sfumato_writing=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _version(connection, scripts, named) == newest:  # another process was first
            return
        # Alembic's own environment (migrations/env.py) works on this connection, in this transaction.
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        command.upgrade(config, "head")
        connection.execute(sa.delete(tables.meta).where(tables.meta.c.name == "version"))
        connection.execute(sa.insert(tables.meta).values(name="version", value=__version__))


def _version(connection: Connection, scripts: ScriptDirectory, named: str) -> str | None:
    version = MigrationContext.configure(connection).get_current_revision()
    if version is not None and version not in {script.revision for script in scripts.walk_revisions()}:
        raise SfumatoError(
            f"{named}: a newer sfumato made this (version {version} of its tables); install that one, or name another "
            "directory with --data"
        )
    return version


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
