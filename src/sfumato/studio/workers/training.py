"""Trainings: a new run, further minutes of one, and a student of one; each goes on where it was left."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from sfumato import pipeline
from sfumato.devices import device_named
from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.pipeline import Event
from sfumato.pretrained.opening import is_pipeline
from sfumato.studio.entries import is_id
from sfumato.studio.jobs.specs import Distill, Train
from sfumato.studio.model_folders import is_model, model_folder
from sfumato.studio.workers.handling import Context, Happening
from sfumato.studio.workers.pipelines import followed
from sfumato.training import is_run, layered, parse_choices, preset, resolve, staged
from sfumato.training import upscaler as upscaler_choices
from sfumato.training.adapting_plan import ADAPTING
from sfumato.training.run import LATEST

SMALLEST, LARGEST = 32, 1024  # pixels


def train(asked: Train, context: Context) -> Generator[Happening, None, None]:
    """A training on a collection, or further minutes of one."""
    if asked.run is not None:
        place = existing_run(context, asked.run)
        more = 0.0 if _is_extended(place, context) else asked.minutes
        yield from _trained(place, context, pipeline.resume(place, more_minutes=more, **_usual(context)))
        return
    place = context.folder(context.place.runs, asked.name)
    if is_run(place):
        yield from _trained(place, context, pipeline.resume(place, **_usual(context)))
        return
    assert asked.collection is not None, "a job is on a run or a collection"
    art = context.place.collections / asked.collection
    weights_from = "" if asked.model is None else str(model_folder(context.place, asked.model, context.roots))
    events = pipeline.train_on(
        art, place, choices_of(asked, weights_from), weights_from=weights_from, **_usual(context)
    )
    yield from _trained(place, context, events)


def distill(asked: Distill, context: Context) -> Generator[Happening, None, None]:
    """A student of a run's model."""
    teacher, place = existing_run(context, asked.run), context.folder(context.place.runs, asked.name)
    if is_run(place):
        events = pipeline.resume(place, **_usual(context))
    else:
        events = pipeline.distill(teacher, place, {"minutes": asked.minutes}, steps=asked.steps, **_usual(context))
    yield from _trained(place, context, events)


def existing_run(context: Context, id: str) -> Path:
    """Raises SfumatoError where there is no such run."""
    place = context.place.runs / id
    if not is_id(id) or not is_run(place):
        raise SfumatoError(f"there is no training '{id}' any more; choose one of the list")
    return place


def choices_of(asked: Train, weights_from: str = "") -> dict[str, Any]:
    """The settings of a training that were chosen; the rest is planned. Raises SfumatoError for what does not go
    together or is out of range."""
    base: Mapping[str, Any] = layered(preset(asked.preset))
    if asked.upscaler is not None:
        if asked.preset != "auto":
            raise SfumatoError(f"an upscaler has settings of its own; leave out the preset '{asked.preset}'")
        base = layered(upscaler_choices(asked.upscaler))
    if asked.adapt and weights_from and is_pipeline(local_path(weights_from)):
        base = layered(ADAPTING)
    settings = [f"{name}={_as_toml(value)}" for name, value in asked.settings.items()]
    chosen = layered(
        base,
        {"minutes": asked.minutes},
        parse_choices([*settings, *(["adapter={}"] if asked.adapt else [])]),  # a number of steps among them wins
        {name: value for name, value in (("size", asked.size), ("seed", asked.seed)) if value is not None},
        {"pixel_art": True} if asked.pixel_art else {},
    )
    size = chosen.get("size", SMALLEST)
    if size % 8 or not SMALLEST <= size <= LARGEST:
        raise SfumatoError(f"size {size}: a multiple of 8 from {SMALLEST} to {LARGEST} is needed")
    resolve(chosen if weights_from else staged(chosen))
    return dict(chosen)


def _as_toml(value: str | int | float | bool) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _usual(context: Context) -> dict[str, Any]:
    return {"device": device_named("auto"), "is_shown": context.is_shown}


def _trained(place: Path, context: Context, events: Iterator[Event]) -> Generator[Happening, None, None]:
    context.result["run"] = place.name
    try:
        yield from followed(events)
    finally:  # a training that is stopped leaves a model too
        if is_model(place / "model"):
            context.result["model"] = place.name
            context.changes.add("models")


def _is_extended(place: Path, context: Context) -> bool:
    """Whether an attempt before this one has given the run its further minutes: the checkpoint that follows at once is
    newer than the first attempt, and until then nobody else could be at work in the run."""
    began = context.job.started_at
    if context.job.attempt <= 1 or began is None:
        return False
    try:
        return (place / LATEST).stat().st_mtime > began.timestamp()
    except OSError:
        return False
