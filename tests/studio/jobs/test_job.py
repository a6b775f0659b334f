"""What the page is told of a job."""

import pytest

from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Collect, Generate, OfWork, Sign, Spec, Train, Verify


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        (Train(name="Küste", collection="c"), "Küste"),
        (Collect(name="drawn", drawn=True), "drawn"),
        (Generate(model="m", asked={"label": "waves"}), "waves"),
        (Generate(model="m", asked={"prompt": "a calm sea"}), "a calm sea"),
        (Generate(model="m"), ""),
        (Sign(work=1), ""),
        (Verify(picture=OfWork(work=1)), ""),
    ],
)
def test_a_job_is_called_by_the_words_that_people_gave_it(queue: Queue, spec: Spec, title: str) -> None:
    job = queue.add(spec)
    assert job.title == job.to_json()["title"] == title
    assert job.asked == spec


def test_who_works_at_a_job_is_not_told(queue: Queue) -> None:
    queue.add(Sign(work=1))
    claim = queue.claim("files", "host:12:345")
    assert claim is not None
    said = queue.job(claim.job.id).to_json()
    assert set(said) == {
        *("id", "kind", "lane", "title", "state", "priority", "position", "attempt", "control", "reason"),
        *("progress", "result", "spec", "client", "created_at", "started_at", "finished_at"),
    }
    assert "host:12:345" not in str(said)
