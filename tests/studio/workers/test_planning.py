from typing import Any

import pytest

from sfumato.studio.jobs.specs import Plan
from sfumato.studio.workers import planning
from sfumato.training import plan as module


def test_a_plan_is_a_sentence_and_the_machine_is_measured_once(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measure(make: Any, settings: Any, *_: Any, **__: Any) -> module.Speed:
        measured.append(settings.network.kind)
        return module.Speed(0.1, "float32")

    monkeypatch.setattr(module, "measure", measure)
    monkeypatch.setattr(planning, "_measured", {})
    result = filled.done(Plan(collection="art", minutes=0.1)).result
    assert "32 px" in result["sentence"]
    assert (result["size"], result["pictures"]) == (32, 20)
    assert 0 < result["held_out"] < 20
    count = len(measured)
    longer = filled.done(Plan(collection="art", minutes=0.2)).result
    assert longer["sentence"] != result["sentence"]
    assert len(measured) == count > 0
    assert list(filled.place.runs.iterdir()) == [filled.place.runs / "tiny"], "nothing is written"


def test_too_few_pictures_are_said(filled: Any) -> None:
    assert "choose a smaller size" in filled.done(Plan(collection="art", minutes=1, size=64)).reason
