"""Whatever people ask and however workers die: no job is lost, no work is missing or there twice, and events have no
gap."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sfumato.studio.jobs import tables
from sfumato.studio.jobs.claim import Claim, LostError
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.journal import Event, Journal
from sfumato.studio.jobs.queue import NotAllowedError, Queue
from sfumato.studio.jobs.specs import Generate, Train
from sfumato.studio.jobs.states import ALLOWED, AT_WORK, ENDED
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.place import Place

OWNERS = ["here:1:1", "here:2:1"]
NUMBER = st.integers(0, 4)
WORKING = ["renew", "tell", "progress", "made", "made", "made", "answered"]
LETTING_GO = ["finished", "stopped", "paused", "cancelled", "queued", "failed"]
# What may happen, by the name of the method, with what it is given.
CLAIM = st.tuples(st.just("claim"), st.booleans(), st.sampled_from(OWNERS), st.sampled_from([60, 60, -1]))
STEP = st.one_of(
    st.tuples(st.just("add"), st.booleans(), st.integers(0, 1)),
    CLAIM,
    CLAIM,
    st.tuples(st.just("ask"), NUMBER, st.sampled_from(list(ALLOWED))),
    st.tuples(st.just("move"), NUMBER, st.none() | NUMBER),
    st.tuples(st.just("work"), NUMBER, st.sampled_from(WORKING), st.integers(0, 1)),
    st.tuples(st.just("work"), NUMBER, st.sampled_from(WORKING), st.integers(0, 1)),
    st.tuples(st.just("let_go"), NUMBER, st.sampled_from(LETTING_GO)),
    st.tuples(st.just("recover"), st.none() | st.sampled_from(OWNERS)),
)


class Studio:
    """People and workers. A worker of this test holds its claim for ever: it may be dead, or come back late."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.queue, self.journal, self.gallery = Queue(database), Journal(database), Gallery(database)
        self.added: list[int] = []
        self.claims: list[Claim] = []
        self.alive: set[str] = set()
        self.made: set[tuple[int, int]] = set()
        self.events: list[Event] = []
        self.emptied()

    def emptied(self) -> None:
        with self.database.writing() as connection:
            for table in reversed(tables.METADATA.sorted_tables):
                if table.name not in ("meta", "counter"):
                    connection.execute(sa.delete(table))
            connection.execute(sa.update(tables.counter).values(value=0))

    def some_job(self, number: int) -> int:
        return self.added[-1 - number % len(self.added)]

    def is_own(self, claim: Claim) -> bool:
        job = self.queue.job(claim.job.id)
        return job.state in AT_WORK and (job.attempt, job.owner) == (claim.job.attempt, claim.job.owner)

    def add(self, train: bool, priority: int) -> None:
        spec = Train(collection="c") if train else Generate(model="m", count=3)
        self.added.append(self.queue.add(spec, priority=priority).id)

    def claim(self, train: bool, owner: str, lease: float) -> None:
        waiting = self.queue.jobs(states={"queued"}, lanes={"train" if train else "make"})
        claim = self.queue.claim("train" if train else "make", owner, lease_seconds=lease)
        assert (claim is None) == (not waiting)
        if claim is not None:
            assert claim.job.id == waiting[0].id
            self.claims.append(claim)
            self.alive.add(owner)

    def ask(self, number: int, control: Any) -> None:
        id = self.some_job(number)
        before = self.queue.job(id)
        try:
            after = self.queue.control(id, control)
        except NotAllowedError:
            assert before.state not in ALLOWED[control] or before.control is not None
            assert self.queue.job(id) == before
        else:
            assert before.state in ALLOWED[control]
            assert (after.owner == before.owner) or before.state not in AT_WORK

    def move(self, number: int, other: int | None) -> None:
        id, before = self.some_job(number), None if other is None else self.some_job(other)
        try:
            self.queue.move(id, before)
        except NotAllowedError:
            return
        order = [job.id for job in self.queue.jobs(states={"queued"}, limit=500)]
        if before is None:
            assert order[-1] == id
        elif before != id:
            assert order.index(id) + 1 == order.index(before)

    def work(self, number: int, what: str, index: int) -> None:
        if not self.claims:
            return
        claim = self.claims[-1 - number % len(self.claims)]
        own = self.is_own(claim)
        row = NewWork(file=f"works/{claim.job.id}/{index}.png", kind="generate", width=8, height=8)
        try:
            match what:
                case "renew":
                    assert claim.renew() == self.queue.job(claim.job.id).control
                case "tell":
                    claim.tell("told", {"index": index})
                case "progress":
                    claim.progress({"done": index}, b"picture")
                case "made":
                    claim.made(index, row)
                    self.made.add((claim.job.id, index))
                case "answered":
                    claim.answered()
        except LostError:
            assert not own
        else:
            assert own

    def let_go(self, number: int, how: Any) -> None:
        if not self.claims:
            return
        claim = self.claims[-1 - number % len(self.claims)]
        own = self.is_own(claim)
        try:
            job = claim.fail("why") if how == "failed" else claim.finish(how)
        except LostError:
            assert not own
        else:
            assert own
            assert how == "queued" or job.state == how

    def recover(self, killed: str | None) -> None:
        self.alive.discard(killed or "")
        for job in self.queue.recover(is_alive=self.alive.__contains__):
            assert job.state not in AT_WORK
        for job in self.queue.jobs(states=AT_WORK, limit=500):
            assert job.owner in self.alive

    def check(self) -> None:
        jobs = self.queue.jobs(limit=500)
        assert [job.id for job in jobs] == self.added[::-1]
        for job in jobs:
            assert (job.owner != "") == (job.state in AT_WORK)
            assert (job.finished_at is not None) == (job.state in ENDED)
            assert (job.reason != "") == (job.state == "failed")
            assert job.control is None or job.state in AT_WORK or (job.lane, job.control) == ("train", "stop")
            assert job.state != "pausing" or job.control in ("pause", "stop", "cancel")
        self.events += self.journal.after(len(self.events))
        assert [event.seq for event in self.events] == list(range(1, self.journal.last() + 1))
        states = {event.job: event.json["job"]["state"] for event in self.events if event.type == "job"}
        assert states == {job.id: job.state for job in jobs}
        works = self.gallery.search(limit=500).works
        assert sorted((work.job, work.index) for work in works) == sorted(self.made)
        told = [event.json["work"]["id"] for event in self.events if event.type == "work"]
        assert sorted(told) == sorted(work.id for work in works)


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEP, min_size=30, max_size=50))
def test_people_and_workers_in_any_order(database: Database, steps: list[tuple[Any, ...]]) -> None:
    studio = Studio(database)
    begun = [("add", False, 0), ("add", False, 0), ("add", True, 0), ("claim", False, OWNERS[0], 60)]
    for name, *how in [*begun, *steps]:
        getattr(studio, name)(*how)
        studio.check()


# Forks a worker for each line, which makes works until it is killed: as many as can be, without the time that imports
# take.
WORKERS = """
import os
import sys
import time
from pathlib import Path
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.place import Place

place = Place(Path(sys.argv[1]))
for line in sys.stdin:
    if pid := os.fork():
        print(pid, flush=True)
        continue
    queue = Queue(Database.open(place, sys.argv[2] or None))
    while True:
        claim = queue.claim("make", f"here:{os.getpid()}:1")
        if claim is None:
            time.sleep(0.01)
            continue
        for index in sorted(set(range(claim.job.asked.count)) - claim.indices()):
            claim.progress({"done": index}, b"picture")
            file = f"works/{claim.job.id}/{index}.png"
            (place.path / file).parent.mkdir(parents=True, exist_ok=True)
            (place.path / file).write_bytes(b"picture")
            claim.made(index, NewWork(file=file, kind="generate", width=8, height=8))
        claim.finish("finished", {"works": claim.job.asked.count})
"""


@pytest.fixture
def workers(address: tuple[Place, str | None]) -> Iterator[subprocess.Popen[str]]:
    place, url = address
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", WORKERS, str(place.path), url or ""],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield process
    process.communicate()


def test_workers_are_killed_at_random_moments(
    address: tuple[Place, str | None], database: Database, workers: subprocess.Popen[str]
) -> None:
    queue, random = Queue(database), Random(0)
    ids = [queue.add(Generate(model="m", count=12)).id for _ in range(10)]
    assert workers.stdin is not None and workers.stdout is not None
    running: list[int] = []

    def start() -> None:
        workers.stdin.write("\n")  # type: ignore[union-attr]
        workers.stdin.flush()  # type: ignore[union-attr]
        running.append(int(workers.stdout.readline()))  # type: ignore[union-attr]

    def is_alive(owner: str) -> bool:
        return int(owner.split(":")[1]) in running

    for _ in range(20):
        while len(running) < 2:
            start()
        time.sleep(random.uniform(0.005, 0.06))
        os.kill(running.pop(0), signal.SIGKILL)
        queue.recover(is_alive=is_alive)
    start()
    deadline = time.monotonic() + 120
    while queue.jobs(states={"queued", "running"}) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in running:
        os.kill(pid, signal.SIGKILL)
    ended = queue.jobs()
    assert [job.id for job in ended] == ids[::-1]
    assert {job.state for job in ended} <= {"finished", "failed"}
    works = Gallery(database).search(limit=500).works
    finished = [job.id for job in ended if job.state == "finished"]
    made = {(work.job, work.index) for work in works}
    assert len(made) == len(works)
    assert {(id, index) for id in finished for index in range(12)} <= made
    assert all(job.reason for job in ended if job.state == "failed")
    assert all(Gallery(database).path_of(work).read_bytes() == b"picture" for work in works)
    events = Journal(database).after(0)
    assert [event.seq for event in events] == list(range(1, Journal(database).last() + 1))
    told = [event.json["work"]["id"] for event in events if event.type == "work"]
    assert sorted(told) == sorted(work.id for work in works)
