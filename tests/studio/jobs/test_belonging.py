"""Two studios never work at one database: each would look for the other's files in its own directory."""

from dataclasses import replace
from pathlib import Path

import pytest

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.belonging import check_belongs
from sfumato.studio.jobs.database import Database
from sfumato.studio.place import Place


def test_a_database_belongs_to_the_studio_that_began_with_it(database: Database, tmp_path: Path) -> None:
    for _ in range(2):
        check_belongs(database)
    other = Place(tmp_path / "other")
    other.path.mkdir()
    for _ in range(2):
        with pytest.raises(SfumatoError, match=f"belongs to another studio, whose directory was {database.place.path}"):
            check_belongs(replace(database, place=other))
    check_belongs(database)


def test_a_directory_that_is_moved_keeps_its_database(database: Database, tmp_path: Path) -> None:
    check_belongs(database)
    moved = Place(tmp_path / "moved")
    moved.path.mkdir()
    (database.place.path / "database.json").rename(moved.path / "database.json")
    check_belongs(replace(database, place=moved))


def test_a_note_that_cannot_be_read_is_said(database: Database) -> None:
    (database.place.path / "database.json").write_text("[]")
    with pytest.raises(SfumatoError, match=r"database\.json: cannot be read"):
        check_belongs(database)
