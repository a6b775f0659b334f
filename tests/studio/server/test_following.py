"""Everybody who follows gets every event once, in its order, however slow they are and whenever they come back."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import aclosing
from itertools import count
from typing import Any

import pytest

from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.journal import Event, Journal, Preview
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Generate
from sfumato.studio.place import Place
from sfumato.studio.server import following as module
from sfumato.studio.server.following import Following


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    found = Database.open(Place(tmp_path_factory.mktemp("following")))
    yield found
    found.close()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


async def taken(stream: AsyncIterator[Event | Preview], most: int) -> list[Event | Preview]:
    found = []
    async for each in stream:
        found.append(each)
        if len(found) == most:
            break
    return found


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


def test_those_who_come_at_different_times_get_the_same_without_gaps(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT", 7)  # so that some of it is read from the database
    monkeypatch.setattr(module, "_BATCH", 5)
    start = journal.last()

    async def follow() -> None:
        following = Following(journal)

        async def listen(after: int, pause: float) -> list[int]:
            seen = []
            async with aclosing(following.follow(after)) as stream:
                async for each in stream:
                    seen.append(each.seq)
                    await asyncio.sleep(pause)
                    if each.seq == start + 60:
                        return seen
            return seen

        listeners = [asyncio.create_task(listen(start, pause)) for pause in (0, 0, 0.004)]
        for number in range(60):
            await asyncio.to_thread(journal.tell, "models", {"number": number})
            if number == 30:
                listeners.append(asyncio.create_task(listen(start + 12, 0)))
        *all_of_them, late = await asyncio.gather(*listeners)
        assert all_of_them == [list(range(start + 1, start + 61))] * 3
        assert late == list(range(start + 13, start + 61))

    run(follow())


def test_of_previews_a_listener_gets_the_newest_and_none_of_a_job_that_is_over(
    database: Database, journal: Journal
) -> None:
    queue = Queue(database)
    job = queue.add(Generate(model="waves"))
    claim = queue.claim("make", "me", job=job.id)
    assert claim is not None
    for number in range(5):
        claim.progress({"done": number}, b"\xff\xd8 picture")
    start = journal.last()

    async def follow() -> None:
        following = Following(journal)
        async with aclosing(following.follow(start)) as stream:
            (preview,) = await taken(stream, 1)
            assert isinstance(preview, Preview)
            assert (preview.job, preview.json, preview.picture) == (job.id, {"done": 4}, b"\xff\xd8 picture")
            await asyncio.to_thread(claim.progress, {"done": 5})
            (preview,) = await taken(stream, 1)
            assert isinstance(preview, Preview) and preview.json == {"done": 5}
            await asyncio.to_thread(claim.finish, "finished")
            (event,) = await taken(stream, 1)
            assert isinstance(event, Event) and event.json["job"]["state"] == "finished"
        other = following.follow(start)
        assert [type(each) for each in await taken(other, 1)] == [Event], "no preview of what is over"
        await other.aclose()

    run(follow())


def test_one_job_is_followed_alone(database: Database, journal: Journal) -> None:
    queue = Queue(database)
    start = journal.last()
    first, second = (queue.add(Generate(model="waves")) for _ in range(2))

    async def follow() -> None:
        following = Following(journal)
        async with aclosing(following.follow(start, second.id)) as stream:
            (event,) = await taken(stream, 1)
            assert isinstance(event, Event) and event.job == second.id
            await asyncio.to_thread(queue.control, first.id, "cancel")
            await asyncio.to_thread(queue.control, second.id, "cancel")
            (event,) = await taken(stream, 1)
            assert isinstance(event, Event) and event.job == second.id

    run(follow())


def test_nothing_is_read_while_nobody_listens(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    reads = count()

    class Counted(Journal):
        def __init__(self) -> None:
            self._database = journal._database

        def after(self, *arguments: Any, **options: Any) -> list[Event]:
            next(reads)
            return super().after(*arguments, **options)

    async def follow() -> None:
        following = Following(Counted())
        async with aclosing(following.follow(0)) as stream:
            await taken(stream, 1)
        await asyncio.sleep(0.1)
        before = next(reads)
        await asyncio.sleep(0.2)
        assert next(reads) == before + 1
        async with aclosing(following.follow(0)) as stream:
            await taken(stream, 1)
        assert next(reads) > before + 2, "and it begins again"

    run(follow())


def test_all_are_let_go_when_the_server_ends(journal: Journal) -> None:
    async def follow() -> None:
        following = Following(journal)
        last = journal.last()
        listeners = [asyncio.create_task(taken(following.follow(last), 1)) for _ in range(10)]
        await asyncio.sleep(0.1)
        following.close()
        assert await asyncio.gather(*listeners) == [[]] * 10

    run(follow())
