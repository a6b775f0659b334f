"""Events are plain values: they cross a process, and are JSON."""

import json
import math
import pickle
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass
from pathlib import Path
from typing import get_args

import pytest

from sfumato import pipeline
from sfumato.collection import Fetched, Origin, Written
from sfumato.evaluation import Metric
from sfumato.pipeline.events import (
    Began,
    ContenderBegan,
    Drew,
    Evaluated,
    Event,
    PageWritten,
    Planned,
    Represented,
    Sampled,
    TrainingBegan,
    passed_on,
    record,
)

# What the pipeline of `streamed` does not yield.
OTHERS: tuple[Event, ...] = (
    Written(1, 2),
    Fetched(Path("art"), Origin("hf:owner/art", "3", None)),
    Drew(Path("art"), 10, ("flow", "waves")),
    Planned("unet, 32 px"),
    ContenderBegan(1, 3, "gan", 10.0),
    Sampled(1.5, 16),
    Evaluated(
        32, "plain", (Metric("kid", 1.0, None, 2, 3, 4, 0.1, None, (0.0, 1.0)),), "Near", ("One.",), copies=False
    ),
    Represented("Half is one class", ("One.", "Two.")),
    PageWritten(Path("index.html")),
)


def is_plain(value: object) -> bool:
    """Whether it is made of texts, numbers, paths, sequences and mappings alone."""
    if is_dataclass(value):
        return all(is_plain(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return all(is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, tuple | list):
        return all(map(is_plain, value))
    return value is None or isinstance(value, str | int | float | Path)


def test_every_event_is_a_plain_value_that_pickles_and_is_json(streamed: tuple[Path, list[Event]]) -> None:
    events = [*streamed[1], *OTHERS]
    for event in events:
        assert is_plain(event), event
        assert pickle.loads(pickle.dumps(event)) == event
        found = json.loads(json.dumps(record(event), allow_nan=False))
        assert found == record(event)
        assert found.keys() - {"event"} == asdict(event).keys()
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(event, fields(event)[0].name, None)


def test_no_kind_of_event_was_forgotten(streamed: tuple[Path, list[Event]]) -> None:
    met = {type(event) for event in (*streamed[1], *OTHERS)}
    # Of these there need be none: a remark, a file left out, and what training no longer says itself.
    rare = {"Noted", "Rejected", "Planned"}
    assert not {kind.__name__ for kind in get_args(Event) if kind not in met} - rare


def test_a_record_tells_events_of_one_name_apart() -> None:
    assert record(Began("measuring", "measuring this machine")) == {
        "event": "pipeline.Began",
        "stage": "measuring",
        "text": "measuring this machine",
    }
    began = record(TrainingBegan(Path("a/run"), Path("a/run/model"), "denoising"))
    assert (began["run"], began["model"]) == ("a/run", "a/run/model")
    assert record(Sampled(1.5, 16))["done"] == 1.5


def test_what_is_no_number_is_null_in_json() -> None:
    for value in (math.nan, math.inf, -math.inf):
        found = record(Evaluated(32, "plain", (Metric("kid", value, None, 2, 3, 4),), "", (), copies=False))
        assert found["metrics"][0]["works"] is None
        json.dumps(found, allow_nan=False)


def test_what_passes_events_on_returns_the_last_and_closes_them() -> None:
    closed = []

    def events() -> Iterator[Event]:
        try:
            yield Began("collecting", "Collecting")
            yield PageWritten(Path("a"))
        finally:
            closed.append(True)

    def outer() -> Iterator[Event]:
        last = yield from passed_on(events(), PageWritten)
        yield Drew(last.page, 1, ())

    assert list(outer())[-1] == Drew(Path("a"), 1, ())
    stream = outer()
    next(stream)
    closed.clear()
    stream.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_the_package_hands_out_its_pipelines() -> None:
    assert all(callable(getattr(pipeline, name)) for name in pipeline.__all__ if name != "Event")
