"""Reports of collections as jobs."""

from typing import Any

from sfumato.studio.jobs.specs import Report


def test_a_report_is_written_and_takes_the_place_of_the_one_before(filled: Any) -> None:
    page = filled.place.reports / "art" / "index.html"
    for _ in range(2):
        job = filled.done(Report(collection="art"))
        assert job.state == "finished", job.reason
        assert job.result == {"collection": "art"}
        assert filled.events(job, "collections"), "the page shows the new report"
    assert "<html" in page.read_text()


def test_of_a_collection_that_is_gone_it_is_said(studio: Any) -> None:
    job = studio.done(Report(collection="gone-1"))
    assert (job.state, job.reason) == ("failed", "there is no collection 'gone-1' here; choose one of the list")
