"""Weights are read from safetensors alone, and only into what they fit."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.weights import check_fit, digest, opened_weights, shapes_of


def read_weights(path):
    with opened_weights(path, 10_000) as file:
        return file.tensors()


def test_weights_come_back_as_they_were(tmp_path):
    tensors = {"a": torch.randn(3, 4), "b": torch.randn(2).bfloat16()}
    save_file(tensors, tmp_path / "w.safetensors")
    read = read_weights(tmp_path / "w.safetensors")
    assert all(torch.equal(read[name], tensors[name]) and read[name].dtype == tensors[name].dtype for name in tensors)


@pytest.mark.parametrize("cut", [0, 4, 20, 60])
def test_a_damaged_file_is_one_sentence(tmp_path, cut):
    save_file({"a": torch.zeros(3, 4)}, tmp_path / "w.safetensors")
    whole = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(whole[:cut])
    with pytest.raises(SfumatoError, match=r"w\.safetensors: cannot be read as safetensors .*get the file again"):
        read_weights(tmp_path / "w.safetensors")


def test_a_pickle_by_that_name_is_not_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("exploded").touch, ())

    torch.save({"a": Bomb()}, tmp_path / "model.safetensors")
    with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
        read_weights(tmp_path / "model.safetensors")
    assert not (tmp_path / "exploded").exists()


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(SfumatoError, match=r"holds no w\.safetensors"):
        read_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("bias"), "lacks 'bias'"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), "holds 'extra'"),
        (lambda tensors: tensors.update(weight=torch.zeros(2, 5)), "'weight' as 2 x 5 in place of 2 x 4"),
    ],
)
def test_weights_that_do_not_fit_are_named(change, said):
    module = nn.Linear(4, 2)
    tensors = {"weight": torch.ones(2, 4), "bias": torch.ones(2)}
    change(tensors)
    with pytest.raises(SfumatoError, match=said):
        check_fit(shapes_of(module.state_dict()), shapes_of(tensors), "here")


def test_a_digest_is_the_sha256_of_the_file(tmp_path):
    (tmp_path / "f").write_bytes(b"sfumato")
    assert digest(tmp_path / "f") == hashlib.sha256(b"sfumato").hexdigest()
