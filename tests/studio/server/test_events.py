"""What happens reaches the browser as it happens, numbered, and a browser that comes back misses nothing."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from sfumato.studio.jobs.specs import Generate
from sfumato.studio.server.app import create_app
from sfumato.studio.server.events import data_url
from sfumato.studio.server.services import Services
from sfumato.studio.server.serving import listening, server_of
from sfumato.studio.server.settings import Settings

PICTURE = b"\xff\xd8\xff picture"


@pytest.fixture(scope="module")
def address(app: FastAPI, services: Services) -> Iterator[str]:
    """Of a server that listens: streams that have no end need one."""
    listener, settings = listening(Settings(port=0))
    server = server_of(create_app(services.place, services.database, settings, tokens=services.tokens))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{settings.port}"
    finally:
        server.should_exit = True
        server._services.following.close()  # type: ignore[attr-defined]
        thread.join()
        listener.close()


@contextmanager
def stream(address: str, services: Services, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events as a browser has them, each a dict of its fields; comments have the field ''."""

    def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
        event: dict[str, Any] = {}
        for line in lines:
            if line:
                name, _, value = line.partition(": ")
                event[name.rstrip(":")] = json.loads(value) if name == "data" else value
            elif event:
                yield event
                event = {}

    token = {"Authorization": f"Bearer {services.tokens.owner}"}
    with httpx.stream("GET", f"{address}/api/events{query}", headers=token | headers, timeout=5) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def test_events_come_as_they_happen_and_again_for_a_browser_that_comes_back(address: str, services: Services) -> None:
    start = services.journal.last()
    with stream(address, services, f"?after={start}") as events:
        assert next(events) == {"": "sfumato", "retry": "1000"}
        jobs = [services.queue.add(Generate(model="waves")) for _ in range(3)]
        seen = [next(events) for _ in range(3)]
    assert [(each["event"], each["id"]) for each in seen] == [("job", str(start + number)) for number in (1, 2, 3)]
    assert [each["data"]["job"]["id"] for each in seen] == [job.id for job in jobs]
    assert all(each["data"]["seq"] == int(each["id"]) for each in seen)
    # Its address still says where it began, the header how far it was.
    with stream(address, services, f"?after={start}", **{"Last-Event-ID": str(start + 2)}) as events:
        next(events)
        assert next(events)["id"] == str(start + 3)


def test_ten_browsers_live_at_once(address: str, services: Services) -> None:
    start = services.journal.last()
    streams = [stream(address, services, f"?after={start}") for _ in range(10)]
    opened = [each.__enter__() for each in streams]
    services.journal.tell("models", {"changed": "waves"})
    for events in opened:
        next(events)
        assert next(events)["data"]["changed"] == "waves"
    for each in streams:
        each.__exit__(None, None, None)


def test_how_far_a_job_is_comes_without_a_number(address: str, services: Services) -> None:
    job = services.queue.add(Generate(model="waves"))
    claim = services.queue.claim("make", "me", job=job.id)
    assert claim is not None
    claim.progress({"done": 1, "total": 2}, PICTURE)
    with stream(address, services, f"?after={services.journal.last()}&job={job.id}") as events:
        next(events)
        step = next(events)
    assert "id" not in step and step["event"] == "step"
    assert (step["data"]["job"], step["data"]["progress"]) == (job.id, {"done": 1, "total": 2})
    assert step["data"]["picture"] == data_url(PICTURE)
    claim.finish("finished")


def test_a_browser_that_knows_of_another_database_loads_all_anew(address: str, services: Services) -> None:
    with stream(address, services, "?after=9000000") as events:
        next(events)
        assert next(events) == {"event": "reset", "data": {"seq": services.journal.last()}}
        services.journal.tell("models", {})
        milestones = (event for event in events if "id" in event)  # a job of another test may be at work
        assert next(milestones)["id"] == str(services.journal.last())


@pytest.mark.parametrize(("start", "kind"), [(b"\xff\xd8", "jpeg"), (b"RIFF0000WEBP", "webp"), (b"\x89PNG", "png")])
def test_a_picture_says_what_it_is(start: bytes, kind: str) -> None:
    assert data_url(start) == f"data:image/{kind};base64,{base64.b64encode(start).decode()}"
