"""What a worker's process is told when it begins."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from sfumato.studio.jobs.specs import Lane


@dataclass(frozen=True)
class Orders:
    """One line of its standard input, where no other user of the computer can read it: a database's address may hold a
    password. lane: whose jobs it does; place: the studio's directory; database: a URL, None for the place's own; roots:
    folders that the owner named; job: the only one that it does, None for all of its lane."""

    lane: Lane
    place: str
    database: str | None = None
    roots: tuple[str, ...] = ()
    job: int | None = None

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        said: dict[str, Any] = json.loads(line)
        return cls(**{**said, "roots": tuple(said["roots"])})
