"""The server tells models apart by the files beside their weights, as torch would, and without it."""

import json
import shutil
import subprocess
import sys

import pytest

from sfumato.models import Model
from sfumato.studio.models import NoSuchModelError, card_of, model_of, models_of
from sfumato.studio.place import Place

RUN = "sea-studies-1"


def test_a_runs_model_is_listed_as_it_is_when_it_is_opened(trained):
    (model,) = models_of(trained)
    opened = Model.from_pretrained(model.path, device="cpu")
    assert (model.id, model.run, model.name, model.kind) == (RUN, RUN, "Sea studies", "classes")
    assert model.classes == opened.config.classes
    assert model.shares == opened.config.class_shares
    assert model.size == opened.config.size
    assert model.digest == opened.weights_digest
    assert model.settings == opened.config.generation.model_dump()
    assert model.samples_freely is opened.config.samples_freely is True
    assert "# " in card_of(model)
    assert not card_of(model).startswith("---")


def test_models_in_the_owners_folders_have_ids_of_their_own(trained, tmp_path):
    shutil.copytree(trained.runs / RUN, tmp_path / "Old Works" / "run")
    (model,) = models_of(Place(tmp_path / "nowhere"), [tmp_path])
    assert model.id.startswith("run-")
    assert (model.run, model.path) == (None, (tmp_path / "Old Works" / "run" / "model"))
    assert model_of(model.id, Place(tmp_path / "nowhere"), [tmp_path]) == model


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"classes": [], "class_shares": []}, "unconditional"),
        ({"begins_with": "reference", "factor": 2}, "upscaler"),
        ({"begins_with": "picture", "preconditioning": "direct"}, "autoencoder"),
        ({"preconditioning": "direct", "answer": "sample"}, "gan"),
        ({"network": {"kind": "pretrained"}, "classes": []}, "text"),
    ],
)
def test_kinds_are_told_by_the_configuration(trained, tmp_path, changes, kind):
    shutil.copytree(trained.runs / RUN / "model", tmp_path / "runs" / "other" / "model")
    file = tmp_path / "runs" / "other" / "model" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    (model,) = models_of(Place(tmp_path))
    assert model.kind == kind
    assert model.makes_works is (kind not in ("upscaler", "autoencoder"))


def test_a_model_with_a_critic_chooses(trained, tmp_path):
    shutil.copytree(trained.runs / RUN / "model", tmp_path / "runs" / "other" / "model")
    file = tmp_path / "runs" / "other" / "model" / "config.json"
    config = json.loads(file.read_text())
    assert not model_of(models_of(Place(tmp_path))[0].id, Place(tmp_path)).chooses
    file.write_text(json.dumps(config | {"critic": {"weights": [0.0] * 189}}))
    (model,) = models_of(Place(tmp_path))
    assert model.chooses


def test_a_pipeline_of_diffusers_reads_text(tmp_path):
    (tmp_path / "sd").mkdir()
    (tmp_path / "sd" / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    (model,) = models_of(Place(tmp_path / "nowhere"), [tmp_path])
    assert (model.kind, model.name, model.classes, model.digest) == ("text", "sd", (), "")


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"format": "another-1"}', '{"format": "sfumato-adapter-1"}'])
def test_what_cannot_be_read_is_no_model(trained, tmp_path, damage):
    shutil.copytree(trained.runs / RUN / "model", tmp_path / "runs" / "other" / "model")
    (tmp_path / "runs" / "other" / "model" / "config.json").write_text(damage)
    assert models_of(Place(tmp_path)) == []
    with pytest.raises(NoSuchModelError, match="'other' cannot be read"):
        model_of("other", Place(tmp_path))


@pytest.mark.parametrize("id", ["../sea-studies-1", "sea-studies-2", "", "a/b", "x" * 100])
def test_no_other_id_leads_anywhere(trained, id):
    with pytest.raises(NoSuchModelError):
        model_of(id, trained)


def test_neither_models_nor_trainings_are_read_with_torch():
    program = "import sys, sfumato.studio.models, sfumato.studio.runs; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
