"""A model comes back from its directory as it was, and what is wrong with one is said in one sentence."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import sfumato
from sfumato.errors import SfumatoError
from sfumato.models import Model


def weights_of(model):
    return model.denoiser.network.state_dict()


def rewrite(directory: Path, **changes):
    config = json.loads((directory / "config.json").read_text("utf-8"))
    (directory / "config.json").write_text(json.dumps(config | changes), "utf-8")


def test_a_model_comes_back_to_the_bit(model, saved):
    loaded = Model.from_pretrained(saved)
    assert loaded.config == model.config
    assert loaded.card == model.card
    for ours, theirs in ((weights_of(model), weights_of(loaded)), (model.early, loaded.early)):
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not loaded.denoiser.training
    assert not any(parameter.requires_grad for parameter in loaded.denoiser.parameters())


def test_a_model_that_was_loaded_and_saved_has_the_same_files(saved, tmp_path):
    again = Model.from_pretrained(saved).save_pretrained(tmp_path / "again")
    assert {path.name for path in again.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    for path in saved.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_the_digest_is_that_of_the_file(new_model, tmp_path):
    model = new_model(3)
    directory = model.save_pretrained(tmp_path / "m")
    expected = hashlib.sha256((directory / "model.safetensors").read_bytes()).hexdigest()
    assert model.weights_digest == expected == Model.from_pretrained(directory).weights_digest


def test_the_api_for_beginners_works_as_written(saved, tmp_path):
    works = sfumato.Model.from_pretrained(saved).generate(2, seed=7)
    works[0].save(tmp_path / "work.png")
    assert len(works) == 2
    assert works[0].image.size == (32, 32)


def test_a_run_is_a_model_wherever_one_is_asked_for(model, tmp_path):
    model.save_pretrained(tmp_path / "run" / "model")
    assert Model.from_pretrained(tmp_path / "run").weights_digest == model.weights_digest


def test_loading_leaves_the_random_numbers_alone(saved):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Model.from_pretrained(saved).worse()
    assert torch.equal(torch.rand(3), expected)


def test_early_weights_make_another_denoiser(model):
    x, sigma = torch.randn(2, 3, 32, 32), 1.0
    assert not torch.equal(model.worse()(x, sigma), model.denoiser(x, sigma))


def test_a_model_without_early_weights_says_what_lacks(new_model):
    model = new_model()
    model.early = {}
    with pytest.raises(SfumatoError, match="no early weights"):
        model.worse()


def test_nothing_is_saved_over_what_is_there(model, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place in ("full", "file"):
        with pytest.raises(SfumatoError, match="is there already"):
            model.save_pretrained(tmp_path / place)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    assert model.save_pretrained(tmp_path / "empty") == tmp_path / "empty"


def test_a_card_of_odd_bytes_does_not_hide_a_model(saved):
    (saved / "README.md").write_bytes(b"\xff\xfe caf\xe9")
    assert "caf" in Model.from_pretrained(saved).card
    (saved / "README.md").unlink()
    assert Model.from_pretrained(saved).card == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "invalid JSON"),
        ("{", "invalid JSON"),
        ("[]", "object"),
        ('{"architectures": ["BertModel"], "model_type": "bert"}', "not a sfumato model's"),
        (b"\xff\xfe\x00", "config.json"),
    ],
)
def test_a_configuration_of_another_program_is_one_sentence(saved, text, said):
    (saved / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SfumatoError, match=said) as caught:
        Model.from_pretrained(saved)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "sfumato-model-9"}, "a newer sfumato"),
        ({"mood": "blue"}, "mood"),
        ({"size": 30}, "30"),
        ({"size": 64}, "do not belong together"),
        ({"classes": ["a"]}, "class_shares"),
        ({"classes": ["a"], "class_shares": [1.0]}, "do not belong together"),
    ],
)
def test_a_configuration_that_was_changed_is_one_sentence(saved, changes, said):
    rewrite(saved, **changes)
    with pytest.raises(SfumatoError, match=said) as caught:
        Model.from_pretrained(saved)
    assert "\n" not in str(caught.value)


def test_weights_of_other_shapes_are_named(new_model, saved):
    other = new_model(network={"kind": "unet", "channels": [16], "width": 16, "depth": 1, "heads": 1})
    tensors = weights_of(other)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, saved / "model.safetensors")
    with pytest.raises(SfumatoError, match=r"model\.safetensors: '.*' is .* but config.json asks for"):
        Model.from_pretrained(saved)


def test_early_weights_of_other_shapes_are_said(saved):
    tensors = load_file(saved / "model.safetensors")
    name = next(name for name in tensors if name.startswith("early."))
    tensors[name] = torch.zeros(1, 2, 3)
    save_file(tensors, saved / "model.safetensors")
    with pytest.raises(SfumatoError, match=r"model\.safetensors: the early weights: '.*' is 1 x 2 x 3 but"):
        Model.from_pretrained(saved)


def test_every_step_of_a_trajectory_is_given(model):
    steps = list(model.trajectory(2, seed=1))
    assert [step.step for step in steps] == list(range(1, steps[0].steps + 1))
    assert all(step.noisy.shape == step.clean.shape == (2, 3, 32, 32) for step in steps)
    sigmas = [step.sigma for step in steps]
    assert sigmas == sorted(sigmas, reverse=True)
    assert sigmas[-1] == 0
