from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sfumato.pipeline.events import Evaluated, Event, PageWritten
from sfumato.studio.jobs.specs import Evaluate
from sfumato.studio.workers import evaluating


def test_an_evaluation_is_of_the_run_and_leaves_a_page_and_its_verdict(
    filled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def evaluate(works: str, against: Path, place: Path, *, count: int, **_: Any) -> Iterator[Event]:
        asked.extend((Path(works), against, count))
        place.mkdir(parents=True)
        yield Evaluated(32, "plain", (), "Near.", ("It is near.",), copies=False)
        yield PageWritten(place / "index.html")

    monkeypatch.setattr(evaluating.pipeline, "evaluate", evaluate)
    job = filled.done(Evaluate(model="tiny", collection="art", count=16))
    place = filled.place
    assert asked == [place.runs / "tiny", place.collections / "art", 16], "a run knows what it held out"
    name = f"tiny-{job.id}"
    assert job.result == {
        "evaluation": name, "report": f"evaluations/{name}/index.html", "headline": "Near.",
        "sentences": ["It is near."], "copies": False,
    }  # fmt: skip
