"""Who comes in: the owner by a key that counts once and a cookie, programs by their tokens."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from sfumato.studio.place import Place
from sfumato.studio.server.guard import HEADERS
from sfumato.studio.server.services import Services
from sfumato.studio.server.tokens import new_token

BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}


def test_a_key_opens_the_page_once_and_leaves_a_cookie_that_no_script_reads(
    app: FastAPI, stranger: TestClient, services: Services
) -> None:
    key = services.tokens.new_key()
    answer = stranger.get(f"/enter?key={key}", headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert re.fullmatch(
        r"sfumato-8411=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000", answer.headers["set-cookie"]
    )
    assert services.tokens.owner not in answer.headers["set-cookie"]
    assert stranger.get("/api/jobs").status_code == 200, "the cookie is kept"
    other = TestClient(app, base_url=str(stranger.base_url))
    assert other.get(f"/enter?key={key}", headers=BROWSER).status_code == 401
    assert "sfumato studio" in other.get(f"/enter?key={key}", headers=BROWSER).text
    assert other.get("/api/jobs").status_code == 401


def test_the_used_link_still_opens_the_page_in_the_browser_that_used_it(
    stranger: TestClient, services: Services
) -> None:
    key = services.tokens.new_key()
    for _ in range(2):
        assert stranger.get(f"/enter?key={key}", headers=BROWSER, follow_redirects=False).status_code == 303


def test_a_link_that_is_looked_at_beforehand_is_not_used_up(stranger: TestClient, services: Services) -> None:
    key = services.tokens.new_key()
    assert stranger.head(f"/enter?key={key}").status_code == 405
    assert stranger.get(f"/enter?key={key}", headers={"Sec-Purpose": "prefetch;prerender"}).status_code == 405
    assert stranger.get(f"/enter?key={key}", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("path", ["/", "/app.js", "/api/jobs", "/api/state", "/openapi.json", "/v1/models", "/none"])
def test_nothing_is_answered_without_a_token(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_every_answer_says_what_a_browser_may_do_with_it(client: TestClient, stranger: TestClient) -> None:
    for answer in (client.get("/api/jobs"), client.get("/none"), stranger.get("/api/jobs")):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value


def test_a_program_has_its_own_jobs_and_no_others(client: TestClient, program: TestClient) -> None:
    own = program.post("/api/jobs", json={"kind": "generate", "model": "waves"}).json()
    others = [client.post("/api/jobs", json={"kind": "generate", "model": "waves"}).json() for _ in range(3)][-1]
    assert own["client"] == "open-webui"
    assert [job["id"] for job in program.get("/api/jobs?limit=1").json()] == [own["id"]]
    assert {others["id"], own["id"]} <= {job["id"] for job in client.get("/api/jobs").json()}
    assert program.get(f"/api/jobs/{others['id']}").status_code == 404
    assert program.post(f"/api/jobs/{others['id']}/cancel").status_code == 404
    assert program.get(f"/api/jobs/{own['id']}").status_code == 200
    assert program.post(f"/api/jobs/{own['id']}/cancel").json()["state"] == "cancelled"


@pytest.mark.parametrize("path", ["/", "/api/state", "/api/uploads", "/api/keys", "/openapi.json", "/api/works"])
def test_a_program_opens_no_page_and_nothing_of_the_owners(program: TestClient, path: str) -> None:
    for answer in (program.get(path), program.post(path)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "owner_only")


def test_a_token_that_is_taken_away_counts_no_more(program: TestClient, place: Place) -> None:
    assert program.get("/api/jobs").status_code == 200
    new_token(place, "open-webui")
    assert program.get("/api/jobs").status_code == 401


def test_a_new_key_is_the_owners_to_make(client: TestClient, program: TestClient, stranger: TestClient) -> None:
    assert program.post("/api/keys").status_code == 403
    assert stranger.post("/api/keys").status_code == 401
    entry = client.post("/api/keys").json()["path"]
    assert stranger.get(entry, follow_redirects=False).status_code == 303
