"""The events of a pipeline as a job tells them: milestones, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from sfumato.collection import LeftOut, Read, Scanned, Written
from sfumato.dataset import Prepared
from sfumato.pipeline import Event, record
from sfumato.pipeline.events import Began, Sampled
from sfumato.studio.workers.handling import Happening, Step, Told
from sfumato.studio.workers.previews import of_file
from sfumato.training import Pictured, Trained

TRAINED_SECONDS: Final = 5.0  # between two steps of a training that stay in the journal


def followed(events: Iterator[Event]) -> Generator[Happening, None, Event | None]:
    """Returns the last event; closing it closes ``events``. What is left out is counted where the collection is, and
    not told file by file."""
    last: Event | None = None
    stage, began, next_told = "", time.monotonic(), 0.0
    with closing(events):  # type: ignore[type-var]
        for last in events:
            match last:
                case Began():
                    stage, began = last.stage, time.monotonic()
                    yield Told(record(last))
                    yield Step({"stage": stage, "text": last.text})
                case Scanned():
                    yield Told(record(last))
                case Read() | Prepared() | Written():
                    yield _counted(stage or "collecting", last.done, last.total, "picture", began)
                case Sampled():
                    yield _counted("sampling", last.done, last.total, "work", began)
                case LeftOut():
                    continue
                case Trained():
                    yield _trained(last)
                    if (now := time.monotonic()) >= next_told:
                        next_told = now + TRAINED_SECONDS
                        yield Told(record(last))
                case Pictured():
                    yield Told(record(last))
                    yield Step({"stage": "training", "snapshot": last.step}, partial(of_file, Path(last.path)))
                case _:
                    yield Told(record(last))
    return last


def _counted(stage: str, done: float, total: int, unit: str, began: float) -> Step:
    seconds = time.monotonic() - began
    remaining = None if done <= 0 else round(seconds / done * (total - done), 1)
    return Step({"stage": stage, "done": done, "total": total, "unit": unit, "remaining_seconds": remaining})


def _trained(event: Trained) -> Step:
    said: dict[str, Any] = {
        "stage": "training",
        "done": event.step,
        "total": event.steps,
        "unit": "step",
        "step": event.step,
        "steps": event.steps,
        "pictures": event.pictures,
        "loss": event.loss,
        "pictures_per_second": round(event.pictures_per_second, 2),
        "elapsed_seconds": round(event.elapsed_seconds, 2),
        "remaining_seconds": round(event.remaining_seconds, 2),
    }
    return Step(said)
