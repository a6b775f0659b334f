"""A program chooses its model once, and it stays chosen; another program's choice is its own."""

import shutil

import httpx
import pytest

from sfumato.studio.server.sdapi.options import chosen_model
from sfumato.studio.server.services import Services
from sfumato.studio.server.tokens import new_token


@pytest.fixture
def client(live):
    with httpx.Client(base_url=f"{live.url}/sdapi/v1", auth=("any", live.token), timeout=20) as found:
        yield found


@pytest.fixture
def second(live, coast):
    """A newer model beside the first, for one test, in which nobody has chosen yet."""
    (live.services.place.path / "chosen-models.json").unlink(missing_ok=True)
    place = live.services.place.runs / "cliffs-2"
    shutil.copytree(coast, place / "model")
    yield "cliffs-2"
    shutil.rmtree(place)


def test_the_newest_model_is_used_until_one_is_chosen(live, client, second):
    assert client.get("/options").json()["sd_model_checkpoint"] == "cliffs-2"
    assert client.post("/options", json={"sd_model_checkpoint": "coast-1", "sd_vae": "Automatic"}).status_code == 200
    assert client.get("/options").json()["sd_model_checkpoint"] == "coast-1"
    restarted = Services(live.services.place, live.services.database)
    assert chosen_model(restarted, "owner").id == "coast-1"
    assert chosen_model(restarted, "another").id == "cliffs-2"


def test_another_programs_choice_is_its_own(live, client, second):
    token = new_token(live.services.place, "silly-tavern")
    client.post("/options", json={"sd_model_checkpoint": "coast-1"})
    other = httpx.get(f"{live.url}/sdapi/v1/options", auth=("any", token)).json()
    assert other["sd_model_checkpoint"] == "cliffs-2"


def test_for_one_request_another_model_can_be_named(live, client, second):
    client.post("/options", json={"sd_model_checkpoint": "coast-1"})
    body = {"prompt": "waves", "override_settings": {"sd_model_checkpoint": "cliffs-2"}}
    assert client.post("/txt2img", json=body).status_code == 200
    assert live.asked[-1]["model"] == "cliffs-2"
    assert client.get("/options").json()["sd_model_checkpoint"] == "coast-1"
    assert client.post("/txt2img", json={**body, "override_settings_restore_afterwards": False}).status_code == 200
    assert client.get("/options").json()["sd_model_checkpoint"] == "cliffs-2"
    client.post("/options", json={"sd_model_checkpoint": "coast-1"})


def test_a_model_that_is_not_there_cannot_be_chosen(client):
    answer = client.post("/options", json={"sd_model_checkpoint": "v1-5-pruned"})
    assert answer.status_code == 404
    assert "coast-1" in answer.json()["error"]["message"]
