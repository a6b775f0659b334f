"""Databases of older versions are upgraded and kept; those of newer ones are left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import alembic.autogenerate
import pytest
import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from sfumato import __version__
from sfumato.errors import SfumatoError
from sfumato.studio.jobs import migrating, tables
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.place import Place

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{before}"


def upgrade():
    op.add_column("job", sa.Column("colour", sa.Text))
    {then}
"""


def with_a_next_version(monkeypatch: pytest.MonkeyPatch, directory: Path, then: str = "") -> None:
    """The program as a later version of it would be, with one migration more."""
    scripts = directory / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for file in ("env.py", *(f"versions/{path.name}" for path in (migrating.MIGRATIONS / "versions").glob("*.py"))):
        (scripts / file).write_text((migrating.MIGRATIONS / file).read_text())
    (scripts / "versions" / "m9001.py").write_text(NEXT.format(before=migrating.NEWEST, then=then))
    monkeypatch.setattr(migrating, "MIGRATIONS", scripts)
    monkeypatch.setattr(migrating, "NEWEST", "9001")


def test_the_migrations_lead_to_the_tables_that_the_program_uses(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert alembic.autogenerate.compare_metadata(context, tables.METADATA) == []


def test_the_newest_version_is_the_last_migrations() -> None:
    assert ScriptDirectory(str(migrating.MIGRATIONS)).get_heads() == [migrating.NEWEST]


def test_a_database_that_is_opened_again_is_as_it_was(address: tuple[Place, str | None]) -> None:
    for number in range(2):
        database = Database.open(*address)
        assert len(Queue(database).jobs()) == number
        Queue(database).add(Generate(model="m"))
        with database.reading() as connection:
            assert connection.execute(sa.select(tables.meta.c.value)).scalars().all() == [__version__]
        database.close()
    assert not list(address[0].path.glob("*.backup"))


def test_an_older_database_is_copied_and_then_upgraded(
    address: tuple[Place, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, url = address
    older = Database.open(place, url)
    job = Queue(older).add(Generate(model="m"))
    version = migrating.NEWEST
    with_a_next_version(monkeypatch, tmp_path)
    newer = Database.open(place, url)  # while the file's last changes are in its log still
    assert "colour" in {column["name"] for column in sa.inspect(newer.engine).get_columns("job")}
    assert Queue(newer).job(job.id) == job
    for database in (older, newer):
        database.close()
    if url is None:
        copy = place.path / f"studio-{version}.sqlite3.backup"
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT id, kind FROM job").fetchall() == [(job.id, "generate")]
            assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (version,)
        assert sorted(place.path.glob("*.backup*")) == [copy]


def test_a_migration_that_fails_changes_nothing(
    address: tuple[Place, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database.open(*address).close()
    with monkeypatch.context() as patch:
        with_a_next_version(patch, tmp_path, then="raise ZeroDivisionError")
        with pytest.raises(ZeroDivisionError):
            Database.open(*address)
    database = Database.open(*address)
    assert "colour" not in {column["name"] for column in sa.inspect(database.engine).get_columns("job")}
    database.close()


def test_a_newer_database_is_refused_and_left_alone(
    address: tuple[Place, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, url = address
    with monkeypatch.context() as patch:
        with_a_next_version(patch, tmp_path)
        Database.open(place, url).close()
    before = place.database.read_bytes() if url is None else b""
    with pytest.raises(SfumatoError, match=r"a newer sfumato made this \(version 9001 of its tables\); install that"):
        Database.open(place, url)
    assert url is not None or place.database.read_bytes() == before
    assert not list(place.path.glob("*.backup*"))
