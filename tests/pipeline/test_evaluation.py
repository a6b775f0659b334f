"""An evaluation as a stream: works as they are sampled, what was found, and the page."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sfumato import pipeline
from sfumato.errors import SfumatoError
from sfumato.pipeline.events import Began, Evaluated, PageWritten, Sampled
from sfumato.training import Run


def test_works_are_sampled_measured_and_reported(trained: Run, tmp_path: Path, names: Callable[..., list[str]]) -> None:
    events = list(pipeline.evaluate(str(trained.path), trained.path, tmp_path / "e", count=20, seed=3))
    assert names(events) == ["pipeline.Began", "pipeline.Sampled", "pipeline.Evaluated", "pipeline.PageWritten"]
    assert [event.stage for event in events if isinstance(event, Began)] == ["sampling", "evaluating"]
    done = [event.done for event in events if isinstance(event, Sampled)]
    assert done == sorted(done) and 0 < done[0] < done[-1] == 20
    (found,) = [event for event in events if isinstance(event, Evaluated)]
    assert found.headline and found.metrics[0].name == "sliced_wasserstein" and found.size == 32
    assert events[-1] == PageWritten(tmp_path / "e" / "index.html")
    assert {path.name for path in (tmp_path / "e").iterdir()} == {".sfumato.jsonl", "index.html", "evaluation.json"}


def test_one_that_is_closed_or_fails_leaves_nothing(trained: Run, tmp_path: Path) -> None:
    events = pipeline.evaluate(str(trained.path), trained.path, tmp_path / "e", count=20)
    assert next(iter(events)) == Began("sampling", "20 works")
    events.close()  # type: ignore[attr-defined]
    with pytest.raises(SfumatoError, match="1 work, and an evaluation needs 2"):
        list(pipeline.evaluate(str(trained.path), trained.path, tmp_path / "e", count=1))
    assert list(tmp_path.iterdir()) == []
