"""A pipeline's run of a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfumato import pipeline
from sfumato.training import Run


@pytest.fixture(scope="session")
def streamed(
    tiny_art: Path, tiny_settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[pipeline.Event]]:
    """A trained run, and the events of its pipeline from pictures to model. Read it, but do not change it."""
    place = tmp_path_factory.mktemp("streamed") / "run"
    return place, list(pipeline.train_on(tiny_art, place, {**tiny_settings, "snapshots": 2}))


@pytest.fixture(scope="session")
def trained(streamed: tuple[Path, list[pipeline.Event]]) -> Run:
    return Run.open(streamed[0])


@pytest.fixture(scope="session")
def names() -> Callable[[list[pipeline.Event]], list[str]]:
    """The kinds of events in their order, each once: 'collection.Read', 'training.Trained'."""
    return lambda events: list(dict.fromkeys(pipeline.record(event)["event"] for event in events))
