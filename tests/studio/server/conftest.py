"""A server over a studio of a module's tests, with nobody at work in it."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sfumato.studio.jobs.database import Database
from sfumato.studio.place import Place
from sfumato.studio.server.app import create_app
from sfumato.studio.server.services import Services
from sfumato.studio.server.settings import Settings
from sfumato.studio.server.tokens import Tokens, new_token

URL = "http://localhost:8411"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("server") / "studio")


@pytest.fixture(scope="module")
def settings() -> Settings:
    """A module has its own where it needs other limits."""
    return Settings()


@pytest.fixture(scope="module")
def app(place: Place, settings: Settings) -> Iterator[FastAPI]:
    database = Database.open(place)
    try:
        yield create_app(place, database, settings, tokens=Tokens.open(place))
    finally:
        database.close()


@pytest.fixture(scope="module")
def services(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


@pytest.fixture(scope="module")
def client(app: FastAPI, services: Services) -> Iterator[TestClient]:
    """The owner's program."""
    with TestClient(app, base_url=URL, headers={"Authorization": f"Bearer {services.tokens.owner}"}) as found:
        yield found


@pytest.fixture
def stranger(app: FastAPI, client: TestClient) -> TestClient:
    """Who has no token."""
    return TestClient(app, base_url=URL)


@pytest.fixture
def program(app: FastAPI, client: TestClient, place: Place) -> TestClient:
    """Another program, with a token of its own."""
    return TestClient(app, base_url=URL, headers={"Authorization": f"Bearer {new_token(place, 'open-webui')}"})
