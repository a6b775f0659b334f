"""What has happened, in one order without gaps; and the last previews of jobs at work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.tables import counter, event, now, preview

RING: Final = 16  # previews that are kept of a job


@dataclass(frozen=True)
class Event:
    """A milestone. seq: 1, 2, 3 ... in the order in which they were committed; job: None for what concerns none."""

    seq: int
    job: int | None
    type: str
    at: datetime
    json: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "job": self.job, "type": self.type, "at": self.at.isoformat(), **self.json}


@dataclass(frozen=True)
class Preview:
    """How far a job is at a moment, with an encoded picture of it or without. number: grows within a job."""

    job: int
    number: int
    at: datetime
    json: dict[str, Any]
    picture: bytes | None


def record(connection: Connection, type: str, json: Mapping[str, Any], job: int | None = None) -> int:
    """Write an event in a transaction that is open, and return its number.

    The counter's row is held until the transaction ends: so the numbers are committed in their order, and one that is
    rolled back leaves no gap.
    """
    seq: int = connection.execute(
        sa.update(counter).where(counter.c.name == "event").values(value=counter.c.value + 1).returning(counter.c.value)
    ).scalar_one()
    connection.execute(sa.insert(event).values(seq=seq, job=job, type=type, at=now(), json=dict(json)))
    return seq


class Journal:
    def __init__(self, database: Database) -> None:
        self._database = database

    def tell(self, type: str, json: Mapping[str, Any]) -> int:
        """Write an event of no job's: a list has changed."""
        with self._database.writing() as connection:
            return record(connection, type, json)

    def after(self, seq: int, *, job: int | None = None, limit: int = 1000) -> list[Event]:
        """The events after that number, the oldest first; of one job, or of all."""
        query = sa.select(event).where(event.c.seq > seq).order_by(event.c.seq).limit(limit)
        if job is not None:
            query = query.where(event.c.job == job)
        with self._database.reading() as connection:
            return [Event(*row) for row in connection.execute(query)]

    def last(self) -> int:
        """The number of the newest event, 0 before the first."""
        with self._database.reading() as connection:
            value: int = connection.execute(sa.select(counter.c.value).where(counter.c.name == "event")).scalar_one()
            return value

    def previews_after(self, numbers: Mapping[int, int]) -> list[Preview]:
        """What was previewed since, of all jobs at work. numbers: of each job that of the last preview seen."""
        newer = [sa.and_(preview.c.job == job, preview.c.number <= number) for job, number in numbers.items()]
        query = sa.select(preview.c.job, preview.c.number, preview.c.at, preview.c.json, preview.c.picture).order_by(
            preview.c.number
        )
        if newer:
            query = query.where(sa.not_(sa.or_(*newer)))
        with self._database.reading() as connection:
            return [Preview(*row) for row in connection.execute(query)]
