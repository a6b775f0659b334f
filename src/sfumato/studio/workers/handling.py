"""What a handler is: a generator that does one kind of job, and knows nothing of queues, leases and processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sfumato.studio.entries import Entry
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.job import Job
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.place import Place

if TYPE_CHECKING:
    from sfumato.studio.workers.open_models import OpenModels


@dataclass(frozen=True)
class Told:
    """A milestone, which stays. json: of a pipeline's event as `sfumato.pipeline.record` has it."""

    json: dict[str, Any]
    type: str = "told"


@dataclass(frozen=True)
class Step:
    """How far a job is, which the next one takes the place of. progress: done, total, unit, stage, remaining_seconds
    and what else the kind tells; picture: draws an encoded one (JPEG) of what it has come to, if that is wanted."""

    progress: dict[str, Any]
    picture: Callable[[], bytes] | None = None


@dataclass(frozen=True)
class Made:
    """A work whose file lies there, whole. index: its place among the job's."""

    index: int
    row: NewWork


Happening = Told | Step | Made


@dataclass
class Context:
    """What a handler works with. job: as it was taken; place, queue, gallery: of the studio; open_models: gives those
    that the worker has open; roots: folders that the owner named; there: indices of works that earlier attempts have
    made; is_shown: whether somebody wants to see what the job has come to, True once for each time that it is asked.

    A handler fills these, and they count where the job is stopped too: result: what has come of it so far; changes:
    lists of the studio that are others now, 'collections' or 'models'."""

    job: Job
    place: Place
    queue: Queue
    gallery: Gallery
    open_models: Callable[[], OpenModels]
    roots: Sequence[Path] = ()
    there: frozenset[int] = frozenset()
    is_shown: Callable[[], bool] = lambda: False
    result: dict[str, Any] = field(default_factory=dict)
    changes: set[str] = field(default_factory=set)

    @property
    def models(self) -> OpenModels:
        return self.open_models()

    @property
    def asked_at(self) -> str:
        return self.job.created_at.isoformat()

    def folder(self, parent: Path, name: str) -> Path:
        """The job's folder below one of the place's, which is the same at each attempt. It is not made."""
        return Entry(name, self.job.id, self.asked_at).folder(parent)

    @property
    def works(self) -> Path:
        """The folder of the works that the job makes."""
        return self.place.works / f"{self.job.id:06d}-{self.job.created_at:%Y%m%d%H%M%S}"

    def relative(self, path: Path) -> str:
        """A file of the studio as rows name it."""
        return path.relative_to(self.place.path).as_posix()


class Handler(Protocol):
    """Does a job; closing the generator stops it where it is, and what is done stays. Raises SfumatoError."""

    def __call__(self, asked: Any, context: Context, /) -> Generator[Happening, None, None]: ...


def told_of(text: str, **more: Any) -> Told:
    """A sentence for people."""
    said: Mapping[str, Any] = {"event": "studio.Noted", "text": text, **more}
    return Told(dict(said))
