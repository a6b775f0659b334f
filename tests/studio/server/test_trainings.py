"""The page sees a training as far as it is, by the job that works on it and by the files that it writes."""

import json
from dataclasses import asdict

import pytest

from sfumato.studio.entries import Entry
from sfumato.studio.jobs.specs import Distill, Train

RUN = "sea-studies-1"


@pytest.fixture(scope="module")
def place(trained):
    return trained


def test_a_training_is_told_with_its_numbers_its_snapshots_and_its_model(client):
    (training,) = client.get("/api/trainings").json()
    assert (training["id"], training["name"], training["state"]) == (RUN, "Sea studies", "finished")
    assert (training["step"], training["steps"], training["pictures"]) == (12, 12, 48)
    assert training["model"] == RUN
    assert training["loss"] > 0
    assert training["held_out_loss"] > 0
    assert [snapshot["step"] for snapshot in training["snapshots"]] == sorted(
        snapshot["step"] for snapshot in training["snapshots"]
    )
    picture = client.get(training["snapshots"][0]["picture"])
    assert picture.headers["content-type"] == "image/png"
    again = client.get(training["snapshots"][0]["picture"], headers={"If-None-Match": picture.headers["etag"]})
    assert again.status_code == 304
    assert client.get(f"/api/trainings/{RUN}").json() == training


def test_its_losses_are_columns_of_one_length(client):
    log = client.get(f"/api/trainings/{RUN}/log").json()
    assert log["steps"][-1] == 12
    assert len(log["steps"]) == len(log["seconds"]) == len(log["loss"]) > 2
    held_out = log["held_out"]
    assert len({len(held_out[name]) for name in ("steps", "seconds", "training", "held_out")}) == 1


def test_its_evolution_is_an_animation(client):
    answer = client.get(f"/api/trainings/{RUN}/evolution")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.content[8:12] == b"WEBP"


def test_the_last_job_that_worked_on_it_says_how_it_stands(client, services, place):
    first = services.queue.add(Train(collection="sea", name="Sea studies"))
    noted = place.runs / f"{RUN}.json"
    before = noted.read_text()
    try:
        made_by = Entry("Sea studies", first.id, first.created_at.isoformat())
        noted.write_text(json.dumps(asdict(made_by)))
        said = client.get(f"/api/trainings/{RUN}").json()
        assert (said["job"], said["state"], said["collection"]) == (first.id, "queued", "sea")
        services.queue.add(Distill(run=RUN))  # a student's job is not the teacher's
        assert client.get(f"/api/trainings/{RUN}").json()["job"] == first.id
        more = services.queue.add(Train(run=RUN, minutes=1))
        services.queue.control(more.id, "pause")
        said = client.get(f"/api/trainings/{RUN}").json()
        assert (said["job"], said["state"]) == (more.id, "paused")
    finally:
        noted.write_text(before)


@pytest.mark.parametrize("path", ["other", f"{RUN}/snapshots/7000", f"{RUN}/snapshots/-1", "..%2f..", "other/log"])
def test_what_is_not_there_is_not_found(client, path):
    assert client.get(f"/api/trainings/{path}").status_code in (400, 404, 422)
