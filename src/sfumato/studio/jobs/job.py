"""A job as its row in the database tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.journal import record
from sfumato.studio.jobs.specs import SPEC, Lane, Spec
from sfumato.studio.jobs.states import Control, State

MOST_TOLD: Final = 100
_COLUMNS: Final = (
    *("id", "kind", "lane", "spec", "state", "priority", "position", "attempt", "owner", "control", "reason"),
    *("progress", "result", "client", "created_at", "started_at", "finished_at"),
)
_SELECTED: Final = tuple(tables.job.c[name] for name in _COLUMNS)


class NoSuchJobError(SfumatoError):
    """There is no job of that number."""


@dataclass(frozen=True)
class Job:
    """What was asked, and what has come of it.

    attempt: how many workers have held it; owner: the one that does, ''; control: what that one was asked and has not
    done yet; progress: done, total, unit and whatever else its kind tells; moments are in UTC.
    """

    id: int
    kind: str
    lane: Lane
    spec: dict[str, Any]
    state: State
    priority: int
    position: float
    attempt: int
    owner: str
    control: Control | None
    reason: str
    progress: dict[str, Any]
    result: dict[str, Any] | None
    client: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def asked(self) -> Spec:
        return SPEC.validate_python(self.spec)

    @property
    def title(self) -> str:
        """What people called it, or the words that it was asked with; '' where there are none."""
        asked = self.spec.get("asked", {})
        return str(self.spec.get("name") or asked.get("prompt") or asked.get("label") or "")

    def to_json(self) -> dict[str, Any]:
        """For the page and the API; who owns it stays in the house, and of a list of thousands the beginning is
        told."""
        moments = {
            name: None if moment is None else moment.isoformat()
            for name in ("created_at", "started_at", "finished_at")
            for moment in [getattr(self, name)]
        }
        said = {name: getattr(self, name) for name in _COLUMNS if name not in ("owner", *moments)}
        spec = {name: value[:MOST_TOLD] if isinstance(value, list) else value for name, value in self.spec.items()}
        return {**said, "spec": spec, "title": self.title, **moments}


def select() -> sa.Select[Any]:
    return sa.select(*_SELECTED)


def jobs_of(connection: Connection, query: sa.Select[Any]) -> list[Job]:
    return [Job(*row) for row in connection.execute(query)]


def held(connection: Connection, id: int) -> Job:
    """The job, whose row no other transaction changes before this one has ended. Raises NoSuchJobError."""
    found = jobs_of(connection, select().where(tables.job.c.id == id).with_for_update())
    if not found:
        raise NoSuchJobError(f"there is no job {id}")
    return found[0]


def added(connection: Connection, **values: Any) -> Job:
    """A new job, which an event tells everybody."""
    return _told(connection, Job(*connection.execute(sa.insert(tables.job).values(values).returning(*_SELECTED)).one()))


def changed(connection: Connection, id: int, **values: Any) -> Job:
    """The job with other values, which an event tells everybody."""
    change = sa.update(tables.job).where(tables.job.c.id == id).values(values).returning(*_SELECTED)
    return _told(connection, Job(*connection.execute(change).one()))


def _told(connection: Connection, job: Job) -> Job:
    record(connection, "job", {"job": job.to_json()}, job.id)
    return job
