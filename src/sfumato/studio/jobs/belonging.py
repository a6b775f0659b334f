"""A database belongs to one studio: its jobs and works name files of that one's directory, which workers of another
would look for in their own."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from sfumato.disk import disk_fault, read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.database import Database

_FILE: Final = "database.json"
_NAME: Final = "studio"  # of the row that says the same
_MOST_BYTES: Final = 4096


def check_belongs(database: Database) -> None:
    """See that a database is the one of its place; one that is nobody's yet becomes so. A directory that is moved takes
    what is noted of this along.

    Raises SfumatoError where it is another studio's, and where nothing can be noted.
    """
    path = database.place.path
    own = _own(path / _FILE)
    with database.writing() as connection:
        found = connection.execute(
            sa.select(tables.meta.c.value).where(tables.meta.c.name == _NAME)
        ).scalar_one_or_none()
        if found is None:
            said = {"id": own, "path": str(path)}
            connection.execute(sa.insert(tables.meta).values(name=_NAME, value=said))
        elif found["id"] != own:
            raise SfumatoError(
                f"{database.named}: belongs to another studio, whose directory was {found['path']}; name that one with "
                "--data, or give this one a database of its own"
            )


def _own(file: Path) -> str:
    """What the directory is known by, noted with the first call."""
    try:
        return str(read_json(file, _MOST_BYTES)["id"])
    except FileNotFoundError:
        id = secrets.token_hex(16)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SfumatoError(f"{file}: cannot be read ({error}); put back a copy of it") from error
    try:
        replace_file(file, json.dumps({"id": id}).encode())
    except OSError as error:
        raise SfumatoError(f"{file}: cannot be written ({disk_fault(error)})") from error
    return id
