"""Every work that was made here or brought in: found again, starred, titled, put into the bin and out of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sfumato.errors import SfumatoError
from sfumato.studio.jobs import tables
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.journal import record
from sfumato.studio.jobs.search import conditions
from sfumato.studio.jobs.work import NewWork, Work, entered, select, words_of, works_of

DAYS_IN_BIN: Final = 30
_MOST_AT_ONCE: Final = 10_000  # values that a statement is given; PostgreSQL takes 65,535
_c: Final = tables.work.c
Change = Literal["starred", "binned", "restored", "titled", "purged"]


class NoSuchWorkError(SfumatoError):
    """There is no work of that number."""


@dataclass(frozen=True)
class Page:
    """total: of all that were found; next: what to ask for as ``before`` for those that follow, None at the end."""

    total: int
    next: int | None
    works: list[Work]


class Gallery:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, row: NewWork) -> int:
        """Enter a work that no job of the studio made; returns its id. One whose file is there already stays."""
        with self._database.writing() as connection:
            there = connection.execute(sa.select(_c.id).where(_c.file == row.file)).scalar()
            return entered(connection, row) if there is None else int(there)

    def search(
        self,
        query: str = "",
        *,
        starred: bool | None = None,
        bin: bool = False,
        before: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page:
        """The works that a search finds, those that were entered last first. query: see `sfumato.studio.jobs.search`;
        bin: those in the bin, and no others; before: those of lower ids alone; offset: how many of those are passed
        over, so that a list can be looked into anywhere. Raises SfumatoError for a query that cannot be read."""
        wanted = [_c.deleted_at.is_not(None) if bin else _c.deleted_at.is_(None), *conditions(query)]
        if starred is not None:
            wanted.append(_c.starred == starred)
        older = [] if before is None else [_c.id < before]
        with self._database.reading() as connection:
            found = select().where(*wanted, *older).order_by(_c.id.desc())
            works = works_of(connection, found.offset(offset).limit(limit + 1))
            more = len(works) > limit
            # A search that finds little has looked at every row already.
            total = _count(connection, wanted) if more or older or offset else len(works)
        works = works[:limit]
        return Page(total, works[-1].id if more and works else None, works)

    def work(self, id: int) -> Work:
        """Raises NoSuchWorkError; one in the bin is there still."""
        with self._database.reading() as connection:
            return _one(connection, id)

    def path_of(self, work: Work) -> Path:
        """Where its file lies."""
        return self._database.place.path / work.file

    def star(self, id: int, starred: bool) -> Work:
        """Raises NoSuchWorkError."""
        with self._database.writing() as connection:
            _one(connection, id)
            return _changed(connection, id, "starred", starred=starred)

    def title(self, id: int, title: str) -> Work:
        """Give a work a title, or '' for none. Raises NoSuchWorkError."""
        title = title.replace("\0", "")  # which PostgreSQL has none of
        with self._database.writing() as connection:
            work = _one(connection, id)
            return _changed(connection, id, "titled", title=title, text=words_of(replace(work, title=title)))

    def bin(self, ids: Collection[int]) -> list[int]:
        """Put works into the bin; returns those that were not in it. Their files stay for 30 days."""
        return self._moved(ids, "binned")

    def restore(self, ids: Collection[int]) -> list[int]:
        """Take works out of the bin; returns those that were in it."""
        return self._moved(ids, "restored")

    def purge(self) -> list[int]:
        """Forget the works that have been in the bin for 30 days, and remove the files of those that lie in the
        studio's own folder of works. Returns their ids."""
        over = tables.now() - timedelta(days=DAYS_IN_BIN)
        with self._database.writing() as connection:
            works = works_of(connection, select().where(_c.deleted_at < over).with_for_update())
            for work in works:
                self._remove(work)
            ids = [work.id for work in works]
            if ids:
                connection.execute(sa.delete(tables.work).where(_c.deleted_at < over))
                record(connection, "works", {"ids": ids, "change": "purged"})
            return ids

    def _remove(self, work: Work) -> None:
        own = self._database.place.works
        path = self.path_of(work)
        if not path.resolve().is_relative_to(own.resolve()):
            return
        path.unlink(missing_ok=True)

    def _moved(self, ids: Collection[int], change: Literal["binned", "restored"]) -> list[int]:
        inside = _c.deleted_at.is_(None) if change == "binned" else _c.deleted_at.is_not(None)
        wanted = sorted(set(ids))
        moved: list[int] = []
        with self._database.writing() as connection:
            for start in range(0, len(wanted), _MOST_AT_ONCE):
                rows = connection.execute(
                    sa.update(tables.work)
                    .where(_c.id.in_(wanted[start : start + _MOST_AT_ONCE]), inside)
                    .values(deleted_at=tables.now() if change == "binned" else None)
                    .returning(_c.id)
                )
                moved += sorted(id for (id,) in rows)
            if moved:
                record(connection, "works", {"ids": moved, "change": change})
            return moved


def _count(connection: Connection, wanted: list[sa.ColumnElement[bool]]) -> int:
    count: int = connection.execute(sa.select(sa.func.count()).select_from(tables.work).where(*wanted)).scalar_one()
    return count


def _one(connection: Connection, id: int) -> Work:
    found = works_of(connection, select().where(_c.id == id))
    if not found:
        raise NoSuchWorkError(f"there is no work {id}")
    return found[0]


def _changed(connection: Connection, id: int, change: Change, **values: Any) -> Work:
    connection.execute(sa.update(tables.work).where(_c.id == id).values(**values))
    record(connection, "works", {"ids": [id], "change": change})
    return _one(connection, id)
