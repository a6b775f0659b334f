"""The page is told of models all that it shows, and their cards as text."""

from pathlib import Path

import pytest

from sfumato.studio.models import StudioModel
from sfumato.studio.server.models import summary_of

RUN = "sea-studies-1"


@pytest.fixture(scope="module")
def place(trained):
    return trained


def test_a_model_is_told_with_its_classes_and_its_settings(client):
    (model,) = client.get("/api/models").json()
    assert (model["id"], model["run"], model["name"], model["kind"]) == (RUN, RUN, "Sea studies", "classes")
    assert model["classes"] == ["circles", "flow", "glass", "planes", "waves"]
    assert model["settings"]["steps"] == 16
    assert len(model["digest"]) == 64
    assert client.get(f"/api/models/{RUN}").json() == model


@pytest.mark.parametrize(
    ("licences", "licence", "terms"),
    [
        (
            {"CC0-1.0": 20},
            "CC0-1.0",
            ["free of conditions"],
        ),
        ({"CC0-1.0": 1, "own": 1}, "", ["collector's own", "free of conditions"]),
        (None, "", []),
    ],
)
def test_its_licence_is_that_of_all_its_pictures(licences, licence, terms):
    config = {"learned_from": [{"collection": "0" * 64, "licences": licences}]}
    said = summary_of(StudioModel("m", Path("m"), "", config, None, 0))
    assert said.licence == licence
    assert len(said.terms) == len(terms)
    assert all(words in sentence for words, sentence in zip(terms, said.terms, strict=True))


def test_it_is_in_the_answer_that_the_page_begins_with(client):
    said = client.get("/api/state").json()
    assert [model["id"] for model in said["models"]] == [RUN]
    assert [training["id"] for training in said["trainings"]] == [RUN]


def test_the_card_is_text_and_no_markup(client):
    answer = client.get(f"/api/models/{RUN}/card")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("# ")


def test_the_longest_side_is_that_of_the_policy(client, monkeypatch, tmp_path):
    assert client.get(f"/api/models/{RUN}").json()["largest"] is None
    (tmp_path / "policy.toml").write_text("longest_side = 512\n")
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    assert client.get(f"/api/models/{RUN}").json()["largest"] == 512


@pytest.mark.parametrize("id", ["other", "..%2Fruns", "%2e%2e", "a%00b"])
def test_no_other_id_leads_anywhere(client, id):
    for path in (f"/api/models/{id}", f"/api/models/{id}/card"):
        assert client.get(path).status_code in (400, 404)
