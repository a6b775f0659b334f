"""What SillyTavern and Open WebUI show as choices has the fields that they read."""

import httpx
import pytest


@pytest.fixture
def client(live):
    with httpx.Client(base_url=f"{live.url}/sdapi/v1", auth=("any", live.token), timeout=20) as found:
        yield found


def test_models_have_a_title_a_name_and_no_place_on_the_disk(live, client):
    (model,) = client.get("/sd-models").json()
    assert (model["title"], model["model_name"], model["filename"]) == ("coast-1", "coast", "coast-1")
    assert model["sha256"].startswith(model["hash"])
    assert str(live.services.place.path) not in client.get("/sd-models").text


def test_samplers_and_schedulers_have_names_and_lead_to_ours(client):
    assert [each["name"] for each in client.get("/samplers").json()][:3] == ["Automatic", "Euler", "Euler a"]
    assert [each["name"] for each in client.get("/schedulers").json()] == [
        "automatic", "karras", "exponential", "flow"
    ]  # fmt: skip


def test_lists_of_what_there_is_not_are_empty(client):
    assert client.get("/sd-vae").json() == client.get("/latent-upscale-modes").json() == []
    assert [each["name"] for each in client.get("/upscalers").json()] == ["None"]
