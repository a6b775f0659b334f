"""A device is what torch has, or one sentence."""

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.models.devices import device_named


def test_the_processor_is_always_there():
    assert device_named("cpu") == torch.device("cpu")
    assert device_named("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("name", ["", "gpu", "tpu", "cpu:x", "cpu:", "CUDA", "meta", "cuda-1"])
def test_a_device_of_no_known_name_is_one_sentence(name):
    with pytest.raises(SfumatoError, match="unknown; choose cpu"):
        device_named(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_one_sentence(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(SfumatoError, match="choose auto"):
        device_named(name)
    assert device_named("auto") == torch.device("cpu")


def test_a_number_beyond_the_last_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_named("auto") == torch.device("cuda")
    assert device_named("cuda:1") == torch.device("cuda:1")
    with pytest.raises(SfumatoError, match="has 2 of that kind"):
        device_named("cuda:2")
