"""The queue of jobs: what is asked for, what is asked of it meanwhile, who works at it, and what becomes of jobs whose
worker is gone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.claim import Claim, ended, released, stops_by_a_worker
from sfumato.studio.jobs.database import Database, moment_of
from sfumato.studio.jobs.job import Job, NoSuchJobError, added, changed, held, jobs_of, select
from sfumato.studio.jobs.specs import LANES, Lane, Spec
from sfumato.studio.jobs.states import ALLOWED, AT_WORK, Control, State
from sfumato.text import counted

__all__ = ["MOST_INTERRUPTIONS", "NoSuchJobError", "NotAllowedError", "Queue", "QueueFullError"]

MOST_INTERRUPTIONS: Final = 3  # in a row, without any progress between them
# What a job at work was asked gives way to what is stronger alone.
_STRENGTH: Final[dict[Control, int]] = {"show": 0, "pause": 1, "stop": 2, "cancel": 3}
_PAST: Final[dict[Control, str]] = {"cancel": "cancelled", "stop": "stopped", "pause": "paused", "show": "shown"}
_c: Final = tables.job.c
# The order in which queued jobs have their turn.
_TURN: Final = (_c.priority.desc(), _c.position, _c.id)
_OTHERS: Final = tables.job.alias()
# A position behind all others.
_END: Final = sa.select(sa.func.coalesce(sa.func.max(_OTHERS.c.position), 0.0) + 1.0).scalar_subquery()


class QueueFullError(SfumatoError):
    """As many jobs are waiting as may."""


class NotAllowedError(SfumatoError):
    """It cannot be asked of a job in its state."""


class Queue:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, spec: Spec, *, client: str = "", priority: int = 0, most_waiting: int = 1000) -> Job:
        """Put a job at the end of those of its priority; a higher one has its turn earlier. client: who asks.

        Raises QueueFullError where ``most_waiting`` are waiting already.
        """
        with self._database.writing() as connection:
            waiting: int = connection.execute(
                sa.select(sa.func.count()).select_from(tables.job).where(_c.state == "queued")
            ).scalar_one()
            if waiting >= most_waiting:
                raise QueueFullError(f"{counted(waiting, 'job')} are waiting already; try again when some are done")
            return added(
                connection, kind=spec.kind, lane=LANES[spec.kind], spec=spec.model_dump(mode="json"), state="queued",
                priority=priority, position=_END, attempt=0, interrupted=0, reached=0.0, owner="", reason="",
                progress={}, client=client, created_at=tables.now(),
            )  # fmt: skip

    def job(self, id: int) -> Job:
        """Raises NoSuchJobError."""
        with self._database.reading() as connection:
            found = jobs_of(connection, select().where(_c.id == id))
        if not found:
            raise NoSuchJobError(f"there is no job {id}")
        return found[0]

    def jobs(
        self,
        *,
        states: Collection[State] | None = None,
        kinds: Collection[str] | None = None,
        lanes: Collection[Lane] | None = None,
        client: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Jobs, the newest first; if only queued ones are asked for, in the order of their turn. client: who asked for
        them; before: those of lower ids alone."""
        query = select().order_by(*(_TURN if states is not None and set(states) == {"queued"} else (_c.id.desc(),)))
        for column, wanted in ((_c.state, states), (_c.kind, kinds), (_c.lane, lanes)):
            if wanted is not None:
                query = query.where(column.in_(tuple(wanted)))
        if client is not None:
            query = query.where(_c.client == client)
        if before is not None:
            query = query.where(_c.id < before)
        with self._database.reading() as connection:
            return jobs_of(connection, query.limit(limit))

    def control(self, id: int, control: Control) -> Job:
        """Ask something of a job. What waits or is paused changes at once; a worker is told when it next renews.

        Raises NoSuchJobError, and NotAllowedError for what its state does not allow, or where more was asked already.
        """
        with self._database.writing() as connection:
            job = held(connection, id)
            if job.state not in ALLOWED[control]:
                raise NotAllowedError(f"job {id} is {job.state}: it cannot be asked to {control}")
            if job.state not in AT_WORK:
                return _at_once(connection, job, control)
            if job.control == control:
                return job
            if job.control is not None and _STRENGTH[job.control] > _STRENGTH[control]:
                raise NotAllowedError(f"job {id} is being {_PAST[job.control]}: it cannot be asked to {control}")
            state = "pausing" if control == "pause" else job.state
            return changed(connection, id, control=control, state=state)

    def move(self, id: int, before: int | None) -> Job:
        """Give a queued job its turn before another queued one, or last of all.

        Raises NoSuchJobError, and NotAllowedError if either is not queued.
        """
        with self._database.writing() as connection:
            # All that wait are held, in one order, before the first event is written: two that move cannot block
            # each other.
            connection.execute(sa.select(_c.id).where(_c.state == "queued").order_by(_c.id).with_for_update())
            job = _queued(connection, id)
            if before == id:
                return job
            others = jobs_of(connection, select().where(_c.state == "queued", _c.id != id).order_by(*_TURN))
            if before is None:
                priority = others[-1].priority if others else job.priority
                return changed(connection, id, priority=priority, position=_END)
            behind = _queued(connection, before)
            place = [other.id for other in others].index(before)
            ahead = others[place - 1] if place else None
            first = ahead is None or ahead.priority != behind.priority
            start = behind.position - 2 if ahead is None or first else ahead.position
            position = (start + behind.position) / 2
            if not start < position < behind.position:  # no number is left between the two
                for number, other in enumerate(others):
                    changed(connection, other.id, position=float(number))
                position = place - 0.5
            return changed(connection, id, priority=behind.priority, position=position)

    def claim(self, lane: Lane, owner: str, *, lease_seconds: float = 15, job: int | None = None) -> Claim | None:
        """Take the lane's next job, or the one named if it waits; None where there is nothing to take.

        owner: who takes it, 'host:pid:start time'; lease_seconds: how long it is theirs unless they renew.
        """
        query = sa.select(_c.id).where(_c.state == "queued", _c.lane == lane).order_by(*_TURN).limit(1)
        if job is not None:
            query = query.where(_c.id == job)
        with self._database.reading() as connection:  # most of the time nobody waits, and nobody has to be held up
            if connection.execute(query).first() is None:
                return None
        with self._database.writing() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).scalar_one_or_none()
            if found is None:
                return None
            moment = moment_of(connection)
            taken = changed(
                connection, found, state="running", owner=owner, lease=moment + timedelta(seconds=lease_seconds),
                attempt=_c.attempt + 1, started_at=sa.func.coalesce(_c.started_at, moment, type_=tables.Moment),
                finished_at=None, reason="",
            )  # fmt: skip
        return Claim(self._database, taken, lease_seconds)

    def recover(self, *, is_alive: Callable[[str], bool]) -> list[Job]:
        """Take jobs from workers that are gone: whose lease is over, or whose owner ``is_alive`` says is not.

        What such a job was asked to do is done, as far as it can be without a worker; else it waits again, and goes on
        where it was. Where workers were lost again and again and it came no further, it has failed.
        """
        with self._database.reading() as connection:
            at_work = connection.execute(
                sa.select(_c.id, _c.owner, _c.lease).where(_c.state.in_(AT_WORK)).order_by(_c.id)
            ).all()
            moment = moment_of(connection)
        gone = [id for id, owner, lease in at_work if _over(lease, moment) or not is_alive(owner)]
        return [job for id in gone if (job := self._recovered(id, is_alive)) is not None]

    def _recovered(self, id: int, is_alive: Callable[[str], bool]) -> Job | None:
        with self._database.writing() as connection:
            job = held(connection, id)
            lease, interrupted, reached = connection.execute(
                sa.select(_c.lease, _c.interrupted, _c.reached).where(_c.id == id)
            ).one()
            # Meanwhile the worker may have renewed, or ended.
            if job.state not in AT_WORK or (not _over(lease, moment_of(connection)) and is_alive(job.owner)):
                return None
            come_to = _come_to(connection, job)
            times = 1 if come_to > reached else interrupted + 1
            connection.execute(
                sa.update(tables.job).where(_c.id == id).values(interrupted=times, reached=max(reached, come_to))
            )
            if times >= MOST_INTERRUPTIONS and (job.control in (None, "show") or stops_by_a_worker(job)):
                reason = f"its worker ended without a word {counted(times, 'time')}, and it came no further; try again"
                return ended(connection, job, "failed", reason=reason)
            return released(connection, job)


def _at_once(connection: Connection, job: Job, control: Control) -> Job:
    """What is asked of a job that no worker holds."""
    match control:
        case "cancel":
            return ended(connection, job, "cancelled")
        case "stop" if stops_by_a_worker(job):
            return changed(connection, job.id, state="queued", control="stop")
        case "stop":
            return ended(connection, job, "stopped")
        case "pause":
            return changed(connection, job.id, state="paused", control=None)
        case _:
            again: dict[str, Any] = {"interrupted": 0, "finished_at": None} if control == "retry" else {}
            return changed(connection, job.id, state="queued", control=None, reason="", position=_END, **again)


def _queued(connection: Connection, id: int) -> Job:
    job = held(connection, id)
    if job.state != "queued":
        raise NotAllowedError(f"job {id} is {job.state}: only jobs that wait can be moved")
    return job


def _over(lease: datetime | None, moment: datetime) -> bool:
    return lease is None or lease < moment


def _come_to(connection: Connection, job: Job) -> float:
    """How much of the job is kept when its worker dies: works, and the steps of a training. What else it counts begins
    anew."""
    works: int = connection.execute(
        sa.select(sa.func.count()).select_from(tables.work).where(tables.work.c.job == job.id)
    ).scalar_one()
    steps = [job.progress.get(name) for name in ("step", "snapshot")] if job.lane == "train" else []
    return max(float(works), *(float(step) for step in steps if isinstance(step, int | float)), 0.0)
