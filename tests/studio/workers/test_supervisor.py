"""With real processes. What takes half a minute of them runs where SFUMATO_TEST_PROCESSES is set, as .ci/run sets it;
`benchmarks/studio_kills.py` kills them more often."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from sfumato.studio.jobs.specs import Generate, Plan, Train
from sfumato.studio.jobs.states import ENDED
from sfumato.studio.workers.supervisor import Supervisor

NETWORK = '{ kind = "unet", patch = 2, channels = [8], blocks = 1, width = 16, depth = 1, heads = 1 }'
TINY = {"network": NETWORK, "batch": 4, "threads": 1, "checkpoint_every": 5, "evaluations": 1, "snapshots": 0}
Wait = Callable[..., None]


PROGRAM = """
import sys, time
from pathlib import Path
from sfumato.studio.jobs.database import Database
from sfumato.studio.place import Place
from sfumato.studio.workers.supervisor import Supervisor
with Supervisor(Database.open(Place(Path(sys.argv[1])))):
    time.sleep(1000)
"""


@pytest.mark.skipif("SFUMATO_TEST_PROCESSES" not in os.environ, reason="SFUMATO_TEST_PROCESSES is not set")
def test_nothing_is_lost_where_server_and_workers_are_killed_and_what_is_cancelled_is_gone_at_once(
    copied: Any, waited: Wait
) -> None:
    queue = copied.queue
    training = queue.add(Train(name="run", collection="art", size=32, settings={**TINY, "steps": 10**6}))
    making = queue.add(Generate(model="tiny", asked={"steps": 20}, count=40))
    server = subprocess.Popen([sys.executable, "-c", PROGRAM, str(copied.place.path)])
    try:
        waited(lambda: queue.job(making.id).progress.get("done", 0) > 0)
        for owner in filter(None, [queue.job(job.id).owner for job in (training, making)]):
            os.killpg(int(owner.split(":")[1]), signal.SIGKILL)
    finally:
        server.kill()
        server.wait()
    with Supervisor(copied.database) as supervisor:
        waited(lambda: queue.job(making.id).state in ENDED and queue.job(training.id).progress.get("step", 0) > 0)
        assert queue.job(making.id).state == "finished", queue.job(making.id).reason
        (worker,) = [each for each in supervisor.workers if each.lane == "train"]
        began = time.monotonic()
        queue.control(training.id, "cancel")
        waited(lambda: worker.process.poll() is not None)
        assert time.monotonic() - began < 4
        assert queue.job(training.id).state == "cancelled"
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert not supervisor.workers
    assert [work.index for work in copied.works(making)] == list(range(40))
    seqs = [event.seq for event in copied.journal.after(0, limit=100_000)]
    assert seqs == list(range(1, len(seqs) + 1))
    told = [event.json["work"]["index"] for event in copied.events(making, "work")]
    assert sorted(told) == list(range(40))


def test_a_lane_whose_workers_end_at_once_is_not_started_over_and_over(
    studio: Any, waited: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sfumato.studio.workers import supervisor

    begun: list[float] = []
    popen = supervisor.subprocess.Popen

    def ends(command: list[str], **how: Any) -> Any:
        begun.append(time.monotonic())
        return popen([sys.executable, "-S", "-c", "raise SystemExit(1)"], **how)

    monkeypatch.setattr(supervisor.subprocess, "Popen", ends)
    studio.queue.add(Plan(collection="art", minutes=1))
    with Supervisor(studio.database):
        time.sleep(2.5)
    assert 4 <= len(begun) <= 8, "two lanes, after half a second, one, two"
