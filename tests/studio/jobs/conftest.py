"""A database a test: in a file, and where SFUMATO_TEST_POSTGRESQL names a server in a schema of its own there."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sfumato.studio.jobs.claim import Claim
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.journal import Journal
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.place import Place

SERVER = os.environ.get("SFUMATO_TEST_POSTGRESQL")


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database's file without a job."""
    place = Place(tmp_path_factory.mktemp("empty"))
    Database.open(place).close()
    return place.database


@pytest.fixture(params=["sqlite", "postgresql"] if SERVER else ["sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, str | None]]:
    """Where an empty database can be opened, as `Database.open` takes it."""
    place = Place(tmp_path / "studio")
    if request.param == "sqlite":
        yield place, None
        return
    assert SERVER is not None
    schema = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(SERVER)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    url = sa.engine.make_url(SERVER).update_query_dict({"options": f"-csearch_path={schema}"})
    yield place, url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))
    engine.dispose()


@pytest.fixture
def database(address: tuple[Place, str | None], empty_file: Path) -> Iterator[Database]:
    place, url = address
    if url is None:
        place.path.mkdir()
        shutil.copyfile(empty_file, place.database)
    database = Database.open(place, url)
    yield database
    database.close()


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


@pytest.fixture
def gallery(database: Database) -> Gallery:
    return Gallery(database)


@pytest.fixture
def claimed(queue: Queue) -> Callable[..., Claim]:
    """Claims the next job of a lane, for a worker of that name."""

    def claim(lane: str = "make", owner: str = "here:1:1", **how: object) -> Claim:
        taken = queue.claim(lane, owner, **how)  # type: ignore[arg-type]
        assert taken is not None
        return taken

    return claim
