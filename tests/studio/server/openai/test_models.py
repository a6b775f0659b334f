"""OpenAI's client lists the studio's models, and the names that the owner gave them for programs that know but one."""

import openai
import pytest


@pytest.fixture
def client(live):
    with openai.OpenAI(base_url=f"{live.url}/v1", api_key=live.token, max_retries=0, timeout=20) as found:
        yield found


def test_models_are_listed_with_what_they_can_be_asked(client):
    models = list(client.models.list())
    assert [model.id for model in models] == ["coast-1", "gpt-image-1"]
    assert models[0].owned_by == "sfumato"
    assert models[0].model_extra == {
        "name": "coast", "kind": "classes", "classes": ["waves", "stone", "red, blue"], "size": 32
    }  # fmt: skip


def test_a_model_is_found_by_its_id_its_name_and_an_alias(client):
    assert {client.models.retrieve(name).size for name in ("coast-1", "Coast", "gpt-image-1")} == {32}


def test_another_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-4o")
    assert caught.value.code == "model_not_found"
    assert "coast-1" in caught.value.message


def test_without_the_token_nothing_is_listed(live):
    stranger = openai.OpenAI(base_url=f"{live.url}/v1", api_key="sk-wrong", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError) as caught:
        stranger.models.list()
    assert caught.value.code == "invalid_api_key"
