"""Events are numbered in the order of their commits, without gaps, whoever writes them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from sfumato.studio.jobs.claim import Claim
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.journal import Journal, record
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Edit, Generate

Claimed = Callable[..., Claim]


def test_a_change_of_state_is_told_with_the_job_as_it_is_now(queue: Queue, claimed: Claimed, journal: Journal) -> None:
    id = queue.add(Generate(model="m", asked={"label": "waves"})).id
    claimed().finish("finished", {"works": 1})
    events = journal.after(0)
    assert [event.seq for event in events] == [1, 2, 3]
    assert [event.type for event in events] == ["job"] * 3
    assert [event.json["job"]["state"] for event in events] == ["queued", "running", "finished"]
    assert events[-1].json["job"] == queue.job(id).to_json()
    assert events[-1].to_json()["seq"] == 3
    assert datetime.now(UTC) - events[0].at < timedelta(minutes=1)


def test_it_goes_on_after_the_last_one_that_was_seen_of_all_or_of_a_job(queue: Queue, journal: Journal) -> None:
    first, second = (queue.add(Generate(model="m")).id for _ in range(2))
    queue.control(first, "cancel")
    assert journal.last() == 3
    assert [event.job for event in journal.after(1)] == [second, first]
    assert [event.seq for event in journal.after(0, job=first)] == [1, 3]
    assert [event.seq for event in journal.after(0, limit=2)] == [1, 2]
    assert journal.after(3) == []


def test_what_concerns_no_job_is_told_too(journal: Journal) -> None:
    assert journal.last() == 0
    seq = journal.tell("collections", {})
    (event,) = journal.after(0)
    assert (event.seq, event.job, event.type) == (seq, None, "collections")
    assert event.to_json() == {"seq": 1, "job": None, "type": "collections", "at": event.at.isoformat()}


def test_what_is_taken_back_leaves_no_gap(database: Database, journal: Journal) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        record(connection, "models", {})
        raise ZeroDivisionError
    assert journal.last() == 0
    journal.tell("models", {})
    assert [event.seq for event in journal.after(0)] == [1]


def test_who_follows_misses_nothing_of_what_many_write(database: Database, journal: Journal) -> None:
    """A reader that has seen a number has seen all below it: none is committed late."""
    ended = threading.Event()
    seen: list[int] = []

    def follow() -> None:
        done = False
        while not done:
            done = ended.is_set()
            seen.extend(event.seq for event in journal.after(seen[-1] if seen else 0))

    def write(_: int) -> None:
        for _ in range(20):
            Journal(database).tell("models", {})

    with ThreadPoolExecutor(7) as pool:
        following = pool.submit(follow)
        list(pool.map(write, range(6)))
        ended.set()
        following.result()
    assert seen == list(range(1, 121))


def test_the_list_of_a_job_on_thousands_of_pictures_is_told_in_part(queue: Queue, journal: Journal) -> None:
    pictures = tuple(f"{number:064x}" for number in range(5000))
    job = queue.add(Edit(collection="c", pictures=pictures, fields={"creator": "Ida Berg"}))
    assert queue.job(job.id).asked.pictures == pictures  # type: ignore[union-attr]
    (event,) = journal.after(0)
    assert event.json["job"]["spec"]["pictures"] == list(pictures[:100])
    assert event.json["job"]["spec"]["fields"] == {"creator": "Ida Berg"}
