"""Whatever people ask and however workers die: no job is lost, no work is missing or there twice, and events have no
gap."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from sfumato.studio.jobs import tables
from sfumato.studio.jobs.claim import Claim, LostError
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.journal import Journal
from sfumato.studio.jobs.queue import NotAllowedError, Queue
from sfumato.studio.jobs.specs import Generate, Train
from sfumato.studio.jobs.states import ALLOWED, AT_WORK, ENDED
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.place import Place

NUMBER = st.integers(0, 7)


class Studio(RuleBasedStateMachine):
    """People and workers. A worker of this test holds its claim for ever: it may be dead, or come back late."""

    address: tuple[Place, str | None]
    empty_file: Path

    def __init__(self) -> None:
        super().__init__()
        place, url = self.address
        if url is None:
            place = Place(Path(tempfile.mkdtemp(dir=place.path.parent)))
            shutil.copyfile(self.empty_file, place.database)
        self.database = Database.open(place, url)
        if url is not None:
            self.emptied()
        self.queue, self.journal, self.gallery = Queue(self.database), Journal(self.database), Gallery(self.database)
        self.added: list[int] = []
        self.claims: list[Claim] = []
        self.alive: set[str] = set()
        self.made: set[tuple[int, int]] = set()

    def emptied(self) -> None:
        with self.database.writing() as connection:
            for table in reversed(tables.METADATA.sorted_tables):
                if table.name not in ("meta", "counter"):
                    connection.execute(sa.delete(table))
            connection.execute(sa.update(tables.counter).values(value=0))

    def teardown(self) -> None:
        self.database.close()

    def some_job(self, number: int) -> int:
        return self.added[-1 - number % len(self.added)]

    def is_own(self, claim: Claim) -> bool:
        job = self.queue.job(claim.job.id)
        return job.state in AT_WORK and (job.attempt, job.owner) == (claim.job.attempt, claim.job.owner)

    @rule(train=st.booleans(), priority=st.integers(0, 1))
    def add(self, train: bool, priority: int) -> None:
        spec = Train(collection="c") if train else Generate(model="m", count=3)
        self.added.append(self.queue.add(spec, priority=priority).id)

    @rule(lane=st.sampled_from(["make", "train"]), lease=st.sampled_from([60, 60, -1]))
    def claim(self, lane: Any, lease: float) -> None:
        waiting = self.queue.jobs(states={"queued"}, lanes={lane})
        owner = f"here:{len(self.claims) % 3}:1"
        claim = self.queue.claim(lane, owner, lease_seconds=lease)
        assert (claim is None) == (not waiting)
        if claim is not None:
            assert claim.job.id == waiting[0].id
            self.claims.append(claim)
            self.alive.add(owner)

    @precondition(lambda self: self.added)
    @rule(number=NUMBER, control=st.sampled_from(list(ALLOWED)))
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

    @precondition(lambda self: self.added)
    @rule(number=NUMBER, other=st.none() | NUMBER)
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

    @precondition(lambda self: self.claims)
    @rule(
        number=NUMBER, what=st.sampled_from(["renew", "tell", "progress", "made", "answered"]), index=st.integers(0, 2)
    )
    def work(self, number: int, what: str, index: int) -> None:
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

    @precondition(lambda self: self.claims)
    @rule(number=NUMBER, how=st.sampled_from(["finished", "stopped", "paused", "cancelled", "queued", "failed"]))
    def let_go(self, number: int, how: Any) -> None:
        claim = self.claims[-1 - number % len(self.claims)]
        own = self.is_own(claim)
        try:
            job = claim.fail("why") if how == "failed" else claim.finish(how)
        except LostError:
            assert not own
        else:
            assert own
            assert how == "queued" or job.state == how

    @rule(number=st.integers(0, 2))
    def kill(self, number: int) -> None:
        self.alive.discard(f"here:{number}:1")

    @rule()
    def recover(self) -> None:
        for job in self.queue.recover(is_alive=self.alive.__contains__):
            assert job.state not in AT_WORK
        for job in self.queue.jobs(states=AT_WORK, limit=500):
            assert job.owner in self.alive

    @invariant()
    def no_job_is_lost(self) -> None:
        jobs = self.queue.jobs(limit=500)
        assert [job.id for job in jobs] == self.added[::-1]
        for job in jobs:
            assert (job.owner != "") == (job.state in AT_WORK)
            assert (job.finished_at is not None) == (job.state in ENDED)
            assert (job.reason != "") == (job.state == "failed")
            assert job.control is None or job.state in AT_WORK or (job.lane, job.control) == ("train", "stop")
            assert job.state != "pausing" or job.control in ("pause", "stop", "cancel")

    @invariant()
    def works_and_events_are_all_there_once(self) -> None:
        events = self.journal.after(0)
        assert [event.seq for event in events] == list(range(1, self.journal.last() + 1))
        works = self.gallery.search(limit=500).works
        assert sorted((work.job, work.index) for work in works) == sorted(self.made)
        told = [event.json["work"]["id"] for event in events if event.type == "work"]
        assert sorted(told) == sorted(work.id for work in works)
        states = {event.job: event.json["job"]["state"] for event in events if event.type == "job"}
        assert states == {job.id: job.state for job in self.queue.jobs(limit=500)}


def test_people_and_workers_in_any_order(address: tuple[Place, str | None], empty_file: Path) -> None:
    machine = type("Here", (Studio,), {"address": address, "empty_file": empty_file})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))


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
    deadline = time.monotonic() + 60
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
