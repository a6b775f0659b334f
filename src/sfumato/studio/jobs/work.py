"""A work of the gallery as its row tells of it."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sfumato.studio.jobs import tables
from sfumato.studio.jobs.journal import record

_c: Final = tables.work.c


@dataclass(frozen=True, kw_only=True)
class NewWork:
    """What is known of a work whose file is there.

    file: its path relative to the studio's directory, or absolute for one that lies elsewhere; kind: how it was made, a
    kind of job; model_id: '' where the studio does not have the model; model: its name; seed and number: of its noise;
    near_copy: None where it was not compared; nearest: the nearest training pictures, as JSON; parent: the id of the
    work that it was made from; recipe: as JSON, None where there is none.
    """

    file: str
    kind: str
    width: int
    height: int
    model_id: str = ""
    model: str = ""
    model_digest: str = ""
    label: str | None = None
    prompt: str | None = None
    seed: int | None = None
    number: int | None = None
    strength: float | None = None
    recipe: dict[str, Any] | None = None
    near_copy: bool | None = None
    nearest: list[dict[str, Any]] = field(default_factory=list)
    parent: int | None = None
    title: str = ""
    created_at: datetime = field(default_factory=tables.now)


@dataclass(frozen=True, kw_only=True)
class Work(NewWork):
    """The same in the gallery. job, index: which made it, and the how manieth of that one's it is, None if imported;
    deleted_at: since when it is in the bin."""

    id: int
    job: int | None
    index: int | None
    starred: bool
    deleted_at: datetime | None

    def to_json(self) -> dict[str, Any]:
        """What lists show of it. The moment in its pictures' addresses tells works of one number in two studios apart,
        so that browsers may keep them."""
        version = f"v={int(self.created_at.timestamp() * 1000):x}"
        deleted_at = None if self.deleted_at is None else self.deleted_at.isoformat()
        return {
            "id": self.id, "job": self.job, "index": self.index, "kind": self.kind,
            "picture": f"/api/works/{self.id}/picture?{version}",
            "thumbnail": f"/api/works/{self.id}/thumbnail?{version}",
            "width": self.width, "height": self.height, "model": self.model, "model_id": self.model_id,
            "class": self.label, "prompt": self.prompt, "seed": self.seed, "number": self.number,
            "strength": self.strength, "parent": self.parent, "created_at": self.created_at.isoformat(),
            "starred": self.starred, "title": self.title, "near_copy": self.near_copy, "deleted_at": deleted_at,
        }  # fmt: skip


_FIELDS: Final = tuple(each.name for each in fields(Work))


def select() -> sa.Select[Any]:
    return sa.select(*(_c[name] for name in _FIELDS))


def works_of(connection: Connection, query: sa.Select[Any]) -> list[Work]:
    return [Work(**row) for row in connection.execute(query).mappings()]


def entered(connection: Connection, row: NewWork, *, job: int | None = None, index: int | None = None) -> int:
    """Enter a work and tell of it, in a transaction that is open; returns its id. A job's work of that index that is
    there already stays."""
    if job is not None:
        there = connection.execute(sa.select(_c.id).where(_c.job == job, _c.index == index)).scalar_one_or_none()
        if there is not None:
            return int(there)
    known = {name: _storable(value) for name, value in asdict(row).items()}
    if row.parent is not None:  # it may have left the bin for good meanwhile
        known["parent"] = sa.select(_c.id).where(_c.id == row.parent).scalar_subquery()
    searched = {"text": _storable(words_of(row)), "facets": _storable(facets_of(row))}
    id: int = connection.execute(
        sa.insert(tables.work).values(**known, **searched, job=job, index=index, starred=False).returning(_c.id)
    ).scalar_one()
    (work,) = works_of(connection, select().where(_c.id == id))
    record(connection, "work", {"work": work.to_json()}, job)
    return id


def _storable(value: Any) -> Any:
    """Text without the letter NUL, which PostgreSQL has none of."""
    return value.replace("\0", "") if isinstance(value, str) else value


def folded(text: str) -> str:
    """Text in which what people read as the same word is the same: in one normal form, without capitals."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def words_of(row: NewWork) -> str:
    """All words that a work can be found by."""
    return folded("\n".join(filter(None, (row.title, row.prompt, row.label, row.model, row.kind))))


def facets_of(row: NewWork) -> str:
    """Lines such as 'class:waves' and 'model:coast', each between line ends."""
    lines = [*(f"class:{name}" for name in _classes(row.label or "")), f"model:{row.model}"]
    return "".join(f"\n{' '.join(folded(line).split())}" for line in lines) + "\n"


def _classes(label: str) -> Iterator[str]:
    """The classes' names of a label, without the weights of a mixture: 'waves:0.7,"red, blue":0.3'."""
    yield label
    for part in next(csv.reader([" ".join(label.split())]), []):
        name, _, weight = part.rpartition(":")
        if name and weight.replace(".", "", 1).strip().isdigit():
            yield name
        elif part != label:
            yield part
