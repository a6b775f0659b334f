from typing import Any

import pytest

from sfumato.pipeline import evaluation
from sfumato.studio.jobs.specs import Evaluate


def test_an_evaluation_leaves_a_page_and_its_verdict(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "compared_count", lambda count, dataset: count)
    job = filled.done(Evaluate(model="tiny", collection="art", count=16))
    assert job.state == "finished", job.reason
    assert (filled.place.path / job.result["report"]).is_file()
    assert job.result["evaluation"] == f"tiny-{job.id}"
    assert job.result["headline"]
    assert job.result["sentences"]
