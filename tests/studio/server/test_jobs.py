"""Jobs are asked for, looked at and steered over HTTP."""

import pytest
from fastapi.testclient import TestClient

SPEC = {"kind": "generate", "model": "waves", "asked": {"seed": 7}, "count": 4}


def test_a_job_is_put_into_the_queue_as_it_was_asked(client: TestClient) -> None:
    answer = client.post("/api/jobs", json=SPEC)
    assert answer.status_code == 201
    job = answer.json()
    assert (job["kind"], job["lane"], job["state"], job["client"]) == ("generate", "make", "queued", "owner")
    assert {name: job["spec"][name] for name in SPEC} == SPEC
    assert client.get(f"/api/jobs/{job['id']}").json() == job
    assert "owner" not in job, "whose process works at it is nobody's business"


@pytest.mark.parametrize(
    ("spec", "param", "said"),
    [
        ({"kind": "generate", "model": "waves", "asked": {"stepz": 3}}, "generate.asked", "stepz"),
        ({"kind": "generate", "model": "waves", "count": 0}, "generate.count", "greater than or equal to 1"),
        ({"kind": "collect", "name": "x"}, "collect", "one of them"),
        ({"kind": "train", "name": "x"}, "train", "one of them"),
        ({"kind": "dance"}, None, "dance"),
        ({}, None, "kind"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(client: TestClient, spec: object, param: str | None, said: str) -> None:
    answer = client.post("/api/jobs", json=spec)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (422, "invalid_request_error", param)
    assert said in error["message"]


def test_a_text_may_speak_of_a_character_that_it_may_not_hold(client: TestClient) -> None:
    spoken, held = ({"kind": "collect", "name": name, "drawn": True} for name in ("a \\u0000", "a \0"))
    assert client.post("/api/jobs", json=spoken).status_code == 201
    assert client.post("/api/jobs", json=held).json()["error"]["code"] == "invalid"


def test_the_queue_is_ordered_and_emptied(client: TestClient) -> None:
    first, second = (client.post("/api/jobs", json=SPEC).json()["id"] for _ in range(2))
    moved = client.post(f"/api/jobs/{second}/move", json={"before": first})
    assert moved.status_code == 200
    queued = [job["id"] for job in client.get("/api/jobs?state=queued").json()]
    assert queued.index(second) < queued.index(first)
    assert client.post(f"/api/jobs/{first}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{first}/cancel").status_code == 409
    assert client.post(f"/api/jobs/{first}/dance").status_code == 422
    assert client.post(f"/api/jobs/{first}/retry").json()["state"] == "queued"
    assert client.post("/api/jobs/999999/cancel").status_code == 404


def test_jobs_are_found_by_state_and_kind_and_page_by_page(client: TestClient) -> None:
    ids = [client.post("/api/jobs", json=SPEC).json()["id"] for _ in range(3)]
    plan = client.post("/api/jobs", json={"kind": "plan", "collection": "waves", "minutes": 5}).json()["id"]
    assert [job["id"] for job in client.get("/api/jobs?kind=plan").json()] == [plan]
    assert [job["id"] for job in client.get(f"/api/jobs?limit=2&before={plan}").json()] == [ids[2], ids[1]]
    assert client.get("/api/jobs?state=running&state=paused").json() == []
    for query in ("limit=0", "limit=501", "state=dancing", "before=0", "before=x"):
        assert client.get(f"/api/jobs?{query}").status_code == 422
