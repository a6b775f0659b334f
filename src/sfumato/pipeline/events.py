"""What a pipeline yields: the events of collecting, preparing and training as they are, and what stands between them.

All are small frozen values without tensors or open files: they can be pickled, and `record` makes JSON of them.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from sfumato.collection import CollectEvent, FetchEvent
from sfumato.dataset import PrepareEvent
from sfumato.evaluation import Metric
from sfumato.training import Event as TrainingEvent

Stage = Literal["fetching", "drawing", "collecting", "preparing", "encoding", "measuring", "sampling", "evaluating"]


@dataclass(frozen=True)
class Began:
    """A stage that takes a while has begun; `text` says to people what it is. The next event that is not the stage's
    own, or the next stage, ends it."""

    stage: Stage
    text: str


@dataclass(frozen=True)
class Drew:
    """The program's own pictures of these classes are in `folder`."""

    folder: Path
    pictures: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Planned:
    """What will be trained, for people; disk_bytes: the most that the run will take on the disk, None where that is
    not said."""

    sentence: str
    disk_bytes: int | None = None


@dataclass(frozen=True)
class ContenderBegan:
    """The `number`-th `of` those that are compared is trained next, for `minutes`."""

    number: int
    of: int
    kind: str
    minutes: float


@dataclass(frozen=True)
class TrainingBegan:
    """The events of a training follow, `Finished` the last. begins_with: what works of its model do, see
    `ModelConfig`; terms: what the licences of the pictures ask for, in one line, '' where that is not known; prompt: of
    a model that reads text, what to ask it for."""

    run: Path
    model: Path
    begins_with: str
    terms: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class Sampled:
    """How many of `total` works are done; one that is half done counts as a half."""

    done: float
    total: int


@dataclass(frozen=True)
class Evaluated:
    """What an evaluation found, for people. size: of the pictures, in pixels; features: that were compared; sentences:
    the verdict; copies: whether more works are near copies than chance explains."""

    size: int
    features: str
    metrics: tuple[Metric, ...]
    headline: str
    sentences: tuple[str, ...]
    copies: bool


@dataclass(frozen=True)
class Represented:
    """What a report on a collection found, for people. sentences: what limits it, and what may be said of works."""

    headline: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class PageWritten:
    """The last event of what ends with a page to open in a browser."""

    page: Path


Event = (
    CollectEvent
    | FetchEvent
    | PrepareEvent
    | TrainingEvent
    | Began
    | Drew
    | Planned
    | ContenderBegan
    | TrainingBegan
    | Sampled
    | Evaluated
    | Represented
    | PageWritten
)
Last = TypeVar("Last")


def record(event: Event) -> dict[str, Any]:
    """An event as JSON has it: its room and name under 'event' ('training.Trained'), and its fields.

    Paths are text; numbers that are not finite, which JSON does not know, are None.
    """
    room = type(event).__module__.split(".")[1]
    return {"event": f"{room}.{type(event).__name__}", **_jsonable(asdict(event))}


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _jsonable(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(part) for part in value]
    if isinstance(value, Path):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def passed_on(events: Iterator[Any], kind: type[Last]) -> Generator[Event, None, Last]:
    """Yields the events, and returns the last one, which is of this kind. Closing it closes ``events``."""
    last: Any = None
    with closing(events):  # type: ignore[type-var]
        for last in events:
            yield last
    assert isinstance(last, kind)  # of events that did not raise
    return last
