"""Starts the workers beside the server, ends what is to end, and gives back the jobs of those that are gone."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Lane
from sfumato.studio.jobs.states import AT_WORK
from sfumato.studio.workers.orders import Orders
from sfumato.studio.workers.owners import is_alive, name_of

LOOKED_SECONDS: Final = 0.1
RECOVERED_SECONDS: Final = 2.0
PURGED_SECONDS: Final = 6 * 3600.0  # between two looks into the bin
CANCEL_SECONDS: Final = 2.0  # in which a job that is cancelled may end by itself
STOP_SECONDS: Final = 7.0  # in which workers leave what they do when the server ends
SLEPT_SECONDS, LEASE_SECONDS = 5.0, 15.0
FIRST_WAIT, LONGEST_WAIT, LIVED_SECONDS = 0.5, 30.0, 10.0
_WARM: Final[tuple[Lane, ...]] = ("make", "files")
_log: Final = logging.getLogger(__name__)


@dataclass
class Worker:
    """A process. lane: whose jobs it does; job: the only one that it does, None for all of the lane."""

    lane: Lane
    job: int | None
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.owner = name_of(self.process.pid)

    def leave(self) -> None:
        """Have it leave what it does, and end."""
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()

    def kill(self) -> None:
        """End it with all that it has started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Within its block the studio's jobs are done: those of the lanes 'make' and 'files' by a process each, which is
    there all the time, and each of the lane 'train' by a process of its own; and works that have been in the bin for
    long enough are forgotten.

    url: of the database, if it is not the place's own; roots: folders that the owner named; trainings: how many may
    run at once.
    """

    def __init__(
        self, database: Database, *, url: str | None = None, roots: Sequence[Path] = (), trainings: int = 1
    ) -> None:
        self._queue, self._gallery, self._place = Queue(database), Gallery(database), database.place
        self._url, self._roots, self._trainings = url, tuple(str(root) for root in roots), trainings
        self._workers: list[Worker] = []
        self._waits: dict[Lane, tuple[float, float]] = {}  # of each lane: not before, and how long it was waited
        self._cancelling: dict[int, float] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes at most ten seconds: trainings write a checkpoint, and what is not done waits for the next start."""
        self._ends.set()
        self._thread.join()
        for worker in self._workers:
            worker.leave()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            worker.kill()  # and what it has started, if that is still there
        self._workers.clear()
        with suppress(SfumatoError):
            self._queue.recover(is_alive=is_alive)

    @property
    def workers(self) -> list[Worker]:
        """Those that are there now."""
        return list(self._workers)

    def _watch(self) -> None:
        looked, recovered, quiet_until, purged = time.time(), -RECOVERED_SECONDS, 0.0, -PURGED_SECONDS
        while not self._ends.is_set():
            now, awake = time.time(), time.monotonic()
            if now - looked > SLEPT_SECONDS:  # the computer slept, or its clock was set: leases are to be renewed first
                quiet_until = awake + LEASE_SECONDS
            looked = now
            try:
                lost = self._reap()
                if awake >= quiet_until and (lost or time.monotonic() - recovered > RECOVERED_SECONDS):
                    recovered = time.monotonic()
                    self._recover()
                self._cancel()
                self._start_missing()
                if time.monotonic() - purged > PURGED_SECONDS:
                    purged = time.monotonic()
                    self._gallery.purge()
            except SfumatoError as error:
                _log.warning("%s", error)
                self._ends.wait(1.0)
            except OSError as error:
                _log.warning("no worker can be started: %s", error)
                self._ends.wait(1.0)
            self._ends.wait(LOOKED_SECONDS)

    def _reap(self) -> bool:
        """Forget the workers that have ended; whether there were any."""
        ended = [worker for worker in self._workers if worker.process.poll() is not None]
        for worker in ended:
            self._workers.remove(worker)
            worker.leave()
            worker.kill()  # what it has started may have outlived it
            lived = time.monotonic() - worker.began
            before = self._waits.get(worker.lane, (0.0, FIRST_WAIT / 2))[1]
            is_well = worker.process.returncode == 0 or lived > LIVED_SECONDS
            wait = 0.0 if is_well else min(2 * before, LONGEST_WAIT)
            self._waits[worker.lane] = time.monotonic() + wait, max(wait, FIRST_WAIT / 2)
        return bool(ended)

    def _recover(self) -> None:
        for job in self._queue.recover(is_alive=is_alive):
            for worker in self._workers:
                if worker.job == job.id:  # it holds the run, and has not been heard of for long
                    worker.kill()

    def _cancel(self) -> None:
        """End what should have been cancelled by now."""
        asked = {job.id: job.owner for job in self._queue.jobs(states=AT_WORK) if job.control == "cancel"}
        now = time.monotonic()
        self._cancelling = {id: self._cancelling.get(id, now) for id in asked}
        for worker in self._workers:
            for id, owner in asked.items():
                if owner != worker.owner:
                    continue
                if self._cancelling[id] == now and worker.job is not None:
                    worker.process.send_signal(signal.SIGTERM)
                elif now - self._cancelling[id] > CANCEL_SECONDS:
                    worker.kill()

    def _start_missing(self) -> None:
        for lane in _WARM:
            if not any(worker.lane == lane for worker in self._workers):
                self._start(lane)
        begun = {worker.job for worker in self._workers}
        free = self._trainings - sum(worker.lane == "train" for worker in self._workers)
        if free > 0:
            for job in self._queue.jobs(states={"queued"}, lanes={"train"}, limit=self._trainings):
                if free > 0 and job.id not in begun:
                    self._start("train", job.id)
                    free -= 1

    def _start(self, lane: Lane, job: int | None = None) -> None:
        if time.monotonic() < self._waits.get(lane, (0.0, 0.0))[0]:
            return
        orders = Orders(lane, str(self._place.path), self._url, self._roots, job)
        process = subprocess.Popen(
            [sys.executable, "-m", "sfumato.studio.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # then it has ended, and is missed soon
            process.stdin.write(orders.to_line())
            process.stdin.flush()
        self._workers.append(Worker(lane, job, process))
