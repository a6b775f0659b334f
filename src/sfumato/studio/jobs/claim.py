"""What a worker holds: a job that is its own until the lease is over, and everything that it writes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.database import Database, moment_of
from sfumato.studio.jobs.job import Job, changed, held
from sfumato.studio.jobs.journal import RING, record
from sfumato.studio.jobs.states import AT_WORK, ENDED, Control, State
from sfumato.studio.jobs.work import NewWork, entered

Left = Literal["finished", "stopped", "paused", "cancelled", "queued"]
_c: Final = tables.job.c


class LostError(SfumatoError):
    """The job is no longer this worker's: its lease was over, or somebody ended it."""


class Claim:
    """All its methods that write raise LostError once the job is another's; then the worker stops, and keeps nothing
    more of it. They can be called from several threads."""

    def __init__(self, database: Database, job: Job, lease_seconds: float) -> None:
        self.job: Final = job
        self._database = database
        self._lease = timedelta(seconds=lease_seconds)
        self._lock = threading.Lock()
        self._previews = 0
        self._number = 0

    def renew(self) -> Control | None:
        """Hold the job for as long again, from now on. Returns what was asked of it and is not done yet."""
        with self._database.writing() as connection:
            self._hold(connection, lease=moment_of(connection) + self._lease)
            control: Control | None = connection.execute(sa.select(_c.control).where(_c.id == self.job.id)).scalar_one()
            return control

    def tell(self, type: str, json: Mapping[str, Any]) -> int:
        """Write a milestone; returns the event's number."""
        with self._database.writing() as connection:
            self._hold(connection)
            return record(connection, type, json, self.job.id)

    def progress(self, json: dict[str, Any], picture: bytes | None = None) -> None:
        """Say how far the job is: done, total, unit ... picture: an encoded one of what it has come to. Only the last
        ones are kept, and only while it is at work."""
        with self._lock:
            # Numbers grow through later attempts too: those who watch go by them.
            self._number = max(self._number + 1, time.time_ns() // 1_000_000)
            self._previews += 1
            number, slot = self._number, self._previews % RING
        with self._database.writing() as connection:
            self._hold(connection, progress=json)
            row = {"number": number, "at": tables.now(), "json": json, "picture": picture}
            _upsert(connection, {"job": self.job.id, "slot": slot}, row)

    def made(self, index: int, row: NewWork) -> int:
        """Enter a work whose file is there, with its event; returns its id. One that is there already stays."""
        with self._database.writing() as connection:
            self._hold(connection)
            return entered(connection, row, job=self.job.id, index=index)

    def indices(self) -> set[int]:
        """Those of the works that the job has made already, in earlier attempts too; binned ones among them."""
        query = sa.select(tables.work.c.index).where(tables.work.c.job == self.job.id)
        with self._database.reading() as connection:
            return {index for (index,) in connection.execute(query)}

    def answered(self) -> None:
        """What was asked ('show') is done."""
        with self._database.writing() as connection:
            self._hold(connection)
            if held(connection, self.job.id).control == "show":
                changed(connection, self.job.id, control=None)

    def finish(self, state: Left, result: dict[str, Any] | None = None) -> Job:
        """Let go of the job. 'queued': it is not done, and another worker shall go on with it, unless it was asked to
        end meanwhile."""
        with self._database.writing() as connection:
            self._hold(connection)
            job = held(connection, self.job.id)
            if state == "queued":
                return released(connection, job)
            return ended(connection, job, state, result=result)

    def fail(self, reason: str) -> Job:
        """Let go of the job, which cannot be done. reason: a sentence for people."""
        with self._database.writing() as connection:
            self._hold(connection)
            return ended(connection, held(connection, self.job.id), "failed", reason=reason)

    def _hold(self, connection: Connection, **values: Any) -> None:
        """Change the job's row in the transaction if the job is still this worker's, and keep others from it until the
        transaction ends."""
        own = (
            _c.id == self.job.id, _c.attempt == self.job.attempt, _c.owner == self.job.owner, _c.state.in_(AT_WORK),
        )  # fmt: skip
        result = connection.execute(sa.update(tables.job).where(*own).values(values or {"owner": self.job.owner}))
        if result.rowcount != 1:
            raise LostError(f"job {self.job.id} was taken from this worker, or ended meanwhile")


def ended(
    connection: Connection, job: Job, state: State, *, result: dict[str, Any] | None = None, reason: str = ""
) -> Job:
    """The job in a state in which nobody works at it. Its previews go."""
    connection.execute(sa.delete(tables.preview).where(tables.preview.c.job == job.id))
    more = {"result": result} if result is not None else {}
    moment = tables.now() if state in ENDED else None
    return changed(
        connection, job.id, state=state, owner="", lease=None, control=None, reason=reason, finished_at=moment, **more
    )


def released(connection: Connection, job: Job) -> Job:
    """The job without its worker: as it was asked to end, or else waiting at its old place for another."""
    match job.control:
        case "cancel":
            return ended(connection, job, "cancelled")
        case "pause":
            return ended(connection, job, "paused")
        case "stop" if not stops_by_a_worker(job):
            return ended(connection, job, "stopped")
    connection.execute(sa.delete(tables.preview).where(tables.preview.c.job == job.id))
    control = "stop" if job.control == "stop" else None
    return changed(connection, job.id, state="queued", owner="", lease=None, control=control)


def stops_by_a_worker(job: Job) -> bool:
    """Whether a worker has to claim the job for it to stop and keep what it has come to: a training that has begun
    makes its model then."""
    return job.lane == "train" and job.attempt > 0


def _upsert(connection: Connection, key: dict[str, Any], row: dict[str, Any]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        insert(tables.preview).values(**key, **row).on_conflict_do_update(index_elements=list(key), set_=row)
    )
