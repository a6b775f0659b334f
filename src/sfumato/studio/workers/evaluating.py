"""A model measured against the pictures that were learned from."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

from sfumato import pipeline
from sfumato.devices import device_named
from sfumato.pipeline import Event
from sfumato.pipeline.events import Evaluated, PageWritten
from sfumato.studio.jobs.specs import Evaluate
from sfumato.studio.model_folders import model_folder
from sfumato.studio.workers.handling import Context, Happening
from sfumato.studio.workers.pipelines import followed
from sfumato.training import is_run


def evaluate(asked: Evaluate, context: Context) -> Generator[Happening, None, None]:
    """Its page lies in the studio's folder of evaluations; the result says what it found."""
    model = model_folder(context.place, asked.model, context.roots)
    # A run knows which pictures it held out.
    works = model.parent if is_run(model.parent) else model
    place = context.folder(context.place.evaluations, asked.model)
    against = context.place.collections / asked.collection
    events = pipeline.evaluate(str(works), against, place, count=asked.count, device=device_named("auto"), force=True)
    context.result["evaluation"] = place.name
    yield from followed(_noting(events, context))


def _noting(events: Iterator[Event], context: Context) -> Iterator[Event]:
    """The same events, of which the result takes what was found."""
    with closing(events):  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Evaluated):
                said = {"headline": event.headline, "sentences": list(event.sentences), "copies": event.copies}
                context.result |= said
            elif isinstance(event, PageWritten):
                context.result["report"] = context.relative(event.page)
            yield event
