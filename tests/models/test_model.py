"""A model comes back from its directory as it was, and what is wrong with one is said in one sentence."""

import hashlib
import json
import os
import struct
import time
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


def test_who_may_read_one_file_of_a_model_may_read_all(saved):
    assert len({path.stat().st_mode for path in saved.iterdir()}) == 1


def test_before_a_model_is_saved_it_makes_no_works(new_model, tmp_path):
    model = new_model(3)
    model.weights_digest = ""
    with pytest.raises(SfumatoError, match="was never saved"):
        model.generate(1)
    model.save_pretrained(tmp_path / "m")
    assert model.generate(1)


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
    Model.from_pretrained(saved).early_denoiser()
    assert torch.equal(torch.rand(3), expected)


def test_early_weights_make_another_denoiser(model):
    x, sigma = torch.randn(2, 3, 32, 32), 1.0
    assert not torch.equal(model.early_denoiser()(x, sigma), model.denoiser(x, sigma))


def test_a_model_without_early_weights_says_what_lacks(new_model):
    model = new_model()
    model.early = {}
    with pytest.raises(SfumatoError, match="no early weights"):
        model.early_denoiser()


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


BILLION = 10**9


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": BILLION}, "size: input should be less than or equal to 1024"),
        ({"factor": BILLION}, "factor: input should be"),
        *(
            ({"network": {"kind": "unet", name: BILLION}}, f"network.unet.{name}: input should be")
            for name in ("width", "depth", "heads", "patch", "blocks")
        ),
        ({"network": {"kind": "unet", "channels": [BILLION]}}, "channels.0: input should be"),
        ({"network": {"kind": "unet", "channels": [8] * 100_000}}, "channels: tuple should have at most 6"),
        ({"network": {"kind": "transformer", "width": 4096, "depth": 64, "heads": 64}}, "13,.* million parameters"),
        ({"network": {"kind": "generator", "width": 4096}, "size": 1024}, "million parameters|a diffusion model needs"),
        ({"size": 1024, "network": {"kind": "transformer", "patch": 1, "width": 1, "heads": 1}}, "sees 1,048,576"),
        ({"classes": ["x"] * 200_000, "class_shares": [1] * 200_000}, "classes: tuple should have at most 100000"),
        ({"classes": ["x", "y"], "class_shares": [1e308, 1e308]}, "class_shares.0: input should be"),
        ({"sigma_data": 1e300}, "sigma_data: input should be"),
        ({"generation": {"sigma_max": 1e300}}, "generation.sigma_max: input should be"),
        ({"generation": {"steps": BILLION}}, "generation.steps: input should be"),
        ({"descends_from": ["x"] * 5000}, "descends_from: tuple should have at most 1000"),
    ],
)
def test_a_configuration_without_bounds_is_refused_before_anything_is_built(saved, changes, said):
    rewrite(saved, **changes)
    refused_soon(saved, said)


def refused_soon(directory, said):
    began = time.process_time()
    with pytest.raises(SfumatoError, match=said) as caught:
        Model.from_pretrained(directory)
    assert time.process_time() - began < 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"a":' * 100_000, "9" * 100_000, '{"size":' + "9" * 100_000 + "}"])
def test_a_configuration_that_nests_or_counts_without_end_is_one_sentence(saved, text):
    (saved / "config.json").write_text(text, "utf-8")
    refused_soon(saved, "config.json")


def test_a_configuration_of_a_gigabyte_is_not_read(saved):
    os.truncate(saved / "config.json", 1 << 30)
    refused_soon(saved, r"config\.json: cannot be read \(has 1,073,741,824 bytes, and 16,777,216 are the most\)")


def header(entries, length=None):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (header({"a": {"dtype": "F32", "shape": [10**10], "data_offsets": [0, 4 * 10**10]}}), 40 * 10**9 + 100),
        (header({}, length=2**63), 0),
        (header({}, length=90 << 20), 100 << 20),
        (header({}, length=30 << 20), 0),
        (header({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 16]}}) + bytes(16), 0),
        (header({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8]}}) + bytes(16), 0),
        (header({"a": {"dtype": "F32", "shape": [4], "data_offsets": [8, 24]}}) + bytes(24), 0),
        (b"\x00" * 8, 0),
    ],
)
def test_weights_that_lie_about_their_size_are_not_read(saved, data, size):
    (saved / "model.safetensors").write_bytes(data)
    if size:
        os.truncate(saved / "model.safetensors", size)  # a sparse file, of which nothing is on the disk
    refused_soon(saved, r"model\.safetensors: cannot be read as safetensors \(.*\); get the file again")


def test_sound_weights_that_go_on_without_end_are_not_read(saved):
    os.truncate(saved / "model.safetensors", 40 << 30)
    refused_soon(saved, r"it has 42,950 MB, and what its config\.json says has \d+ at most")


def test_weights_of_another_kind_of_number_are_named(saved):
    tensors = load_file(saved / "model.safetensors")
    name = sorted(tensors)[0]
    tensors[name] = tensors[name].to(torch.complex64)
    save_file(tensors, saved / "model.safetensors")
    refused_soon(saved, "numbers of the kind C64, which no weights of ours are")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "circle", "device", "directory"])
def test_what_is_no_file_is_not_waited_for(saved, name, kind):
    (saved / name).unlink()
    if kind == "pipe":
        os.mkfifo(saved / name)
    elif kind == "directory":
        (saved / name).mkdir()
    else:
        (saved / name).symlink_to("/dev/zero" if kind == "device" else saved / name)
    refused_soon(saved, f"holds no {name}")


def test_a_card_without_end_is_left_out(saved):
    (saved / "README.md").unlink()
    (saved / "README.md").symlink_to("/dev/zero")
    assert Model.from_pretrained(saved).card == ""


def test_weights_of_other_shapes_are_named(new_model, saved):
    other = new_model(network={"kind": "unet", "channels": [16], "width": 16, "depth": 1, "heads": 1})
    tensors = weights_of(other)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, saved / "model.safetensors")
    with pytest.raises(SfumatoError, match=r"model\.safetensors: unlike what config.json asks for, it holds '.*' as"):
        Model.from_pretrained(saved)


def test_early_weights_of_other_shapes_are_said(saved):
    tensors = load_file(saved / "model.safetensors")
    name = next(name for name in tensors if name.startswith("early."))
    tensors[name] = torch.zeros(1, 2, 3)
    save_file(tensors, saved / "model.safetensors")
    with pytest.raises(
        SfumatoError, match=r"model\.safetensors: the early weights: unlike .*, it holds '.*' as 1 x 2 x 3 in"
    ):
        Model.from_pretrained(saved)


def test_every_step_of_a_trajectory_is_given(model):
    steps = list(model.trajectory(2, seed=1))
    assert [step.step for step in steps] == list(range(1, steps[0].steps + 1))
    assert all([picture.size for picture in step.previews] == [(32, 32)] * 2 for step in steps)
    assert [len(step.works) for step in steps] == [*[0] * (len(steps) - 1), 2]
    sigmas = [step.sigma for step in steps]
    assert sigmas == sorted(sigmas, reverse=True)
    assert sigmas[-1] == 0


def test_in_words_a_model_is_one_line(model, saved):
    assert repr(model) == "Model('tiny': 2 classes, 32 x 32 px, 0.015 million parameters, on cpu, in memory)"
    assert repr(Model.from_pretrained(saved, device="cpu")).endswith(f"on cpu, from {str(saved)!r})")


def test_a_model_goes_where_it_is_told(saved):
    for device in ("auto", "cpu"):
        assert Model.from_pretrained(saved, device=device).device.type in ("cpu", "cuda", "mps")
    with pytest.raises(SfumatoError, match="device 'tpu': unknown"):
        Model.from_pretrained(saved, device="tpu")


@pytest.mark.parametrize("kind", ["a directory", "a link that leads nowhere"])
def test_an_index_that_cannot_be_read_is_not_taken_for_none(saved, kind):
    """Works would be let out that nobody has compared."""
    if kind == "a directory":
        (saved / "likeness.safetensors").mkdir()
    elif os.name == "nt":
        pytest.skip("links need rights there")
    else:
        (saved / "likeness.safetensors").symlink_to("nowhere")
    with pytest.raises(SfumatoError, match=r"likeness.safetensors: .*get the model again, or train again"):
        Model.from_pretrained(saved)
