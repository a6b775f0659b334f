"""The addresses of the studio with all their fields, as they were; FastAPI's minor versions change without a word.

A change that means to alter them writes them anew, and says in its message which:

    python tests/studio/server/test_app.py
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sfumato.studio.jobs.database import Database
from sfumato.studio.place import Place
from sfumato.studio.server.app import create_app

SNAPSHOT = Path(__file__).with_name("openapi.txt")


def inlined(part: Any, schemas: dict[str, Any], within: tuple[str, ...] = ()) -> Any:
    """A part of the schema with all that it refers to in its place; descriptions, which are for people, left out."""
    if isinstance(part, list):
        return [inlined(each, schemas, within) for each in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        name = part["$ref"].rpartition("/")[2]
        return name if name in within else inlined(schemas[name], schemas, (*within, name))
    said = {name: each for name, each in part.items() if not (name == "description" and isinstance(each, str))}
    return {name: inlined(each, schemas, within) for name, each in said.items() if name not in ("title", "summary")}


def digest(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:12]


def lines_of(app: FastAPI) -> Iterator[str]:
    """One for each operation: its parameters, its body and its answers, what is long of them by a digest."""
    said = app.openapi()
    schemas = said["components"]["schemas"]
    for path, operations in sorted(said["paths"].items()):
        for verb, operation in sorted(operations.items()):
            whole = inlined(operation, schemas)
            parameters = ", ".join(
                f"{each['name']}{'' if each['required'] else '?'} ({each['in']} {digest(each)})"
                for each in whole.get("parameters", [])
            )
            body = f"; body {digest(whole['requestBody'])}" if "requestBody" in whole else ""
            answers = {status: each for status, each in whole["responses"].items() if status < "300"}
            others = digest({status: each for status, each in whole["responses"].items() if status >= "300"})
            good = ", ".join(f"{status} {digest(each)}" for status, each in answers.items())
            name = f"{verb.upper()} {path}: {operation['operationId']}"
            yield f"{name}; {parameters or 'nothing'}{body}; {good}; {others}"


@contextmanager
def an_app() -> Iterator[FastAPI]:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "studio")
        with closing(Database.open(place)) as database:
            yield create_app(place, database)


def test_the_addresses_and_their_fields_are_as_they_were(app: FastAPI) -> None:
    found, expected = list(lines_of(app)), SNAPSHOT.read_text("utf-8").splitlines()
    changed = sorted(set(found) ^ set(expected))
    assert not changed, "python tests/studio/server/test_app.py writes them anew"


def test_every_route_says_which_errors_it_answers_with(app: FastAPI) -> None:
    said = app.openapi()
    for path, operations in said["paths"].items():
        for operation in operations.values():
            assert {"401", "403", "422", "429"} <= operation["responses"].keys(), path
            (fault,) = {json.dumps(operation["responses"][status]["content"]) for status in ("401", "429")}
            assert "Faulty" in fault, path


def test_the_schema_is_the_owners_to_read(client: TestClient, stranger: TestClient) -> None:
    assert client.get("/openapi.json").json()["info"]["title"] == "sfumato studio"
    assert stranger.get("/openapi.json").status_code == 401
    for path in ("/docs", "/redoc"):  # which would load scripts from elsewhere
        assert client.get(path).status_code == 404


def test_what_works_beside_the_server_starts_and_ends_with_it(tmp_path: Path) -> None:
    told = []

    class Working(nullcontext[None]):
        def __enter__(self) -> None:
            told.append("starts")

        def __exit__(self, *_: object) -> None:
            told.append("ends")

    with closing(Database.open(Place(tmp_path / "studio"))) as database:
        app = create_app(database.place, database, working=Working)
        with TestClient(app):
            assert told == ["starts"]
    assert told == ["starts", "ends"]


def test_a_fault_of_the_program_tells_nobody_of_its_insides(
    app: FastAPI, client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(app.state.services.queue, "jobs", broken)
    answer = client.get("/api/jobs")
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    assert "the inside" not in answer.text and "the inside" in caplog.text
    assert answer.headers["x-frame-options"] == "DENY"


if __name__ == "__main__":
    with an_app() as written:
        SNAPSHOT.write_text("".join(f"{line}\n" for line in lines_of(written)), "utf-8")
