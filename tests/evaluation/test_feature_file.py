"""A feature network is read from safetensors, and every wrong file is one sentence."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.evaluation.feature_file import read_features
from sfumato.evaluation.mobilenet import MobileNetFeatures, MobileNetV2


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {name: tensor.half() for name, tensor in MobileNetV2().state_dict().items()}


def saved(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> Path:
    save_file(tensors, path, metadata=metadata)
    return path


def test_a_file_without_a_description_is_known_by_its_tensors(tensors, tmp_path):
    features = read_features(saved(tmp_path / "net.safetensors", tensors))
    assert isinstance(features, MobileNetFeatures)
    assert features.name == "MobileNetV2 at 128 px"
    assert len(features.digest) == 64
    assert torch.equal(features.network.features[0][0].weight, tensors["features.0.0.weight"].float())
    assert features(torch.zeros(1, 3, 32, 32)).shape == (1, 1280)


def test_a_description_stands_in_the_file_or_beside_it(tensors, tmp_path):
    description = json.dumps({"kind": "mobilenet_v2", "side": 64})
    inside = saved(tmp_path / "inside.safetensors", tensors, {"sfumato": description})
    beside = saved(tmp_path / "beside.safetensors", tensors)
    beside.with_suffix(".json").write_text(description)
    for path in (inside, beside):
        assert read_features(path).name == "MobileNetV2 at 64 px"


def test_wrong_tensors_are_said(tensors, tmp_path):
    fewer = {name: tensor for name, tensor in tensors.items() if name != "features.0.0.bias"}
    other = {**tensors, "features.0.0.bias": torch.zeros(33)}
    more = {**tensors, "classifier.weight": torch.zeros(2)}
    for changed, said in (
        (fewer, "lacks 'features.0.0.bias'"),
        (other, "holds 'features.0.0.bias' as 33 in place of 32"),
        (more, "holds 'classifier.weight', which that network has not"),
    ):
        with pytest.raises(SfumatoError, match=f"is no MobileNetV2 with folded batch norms: it {said}"):
            read_features(saved(tmp_path / "net.safetensors", changed))


def test_what_is_no_such_file_is_said(tensors, tmp_path):
    with pytest.raises(SfumatoError, match="no such file"):
        read_features(tmp_path / "nowhere.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(SfumatoError, match="cannot be read as safetensors"):
        read_features(tmp_path / "text.safetensors")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"kind": "inception"}', "kind: input should be 'mobilenet_v2'"),
        ('{"side": 8}', "side: input should be greater than or equal to 32"),
        ('{"wurst": 1}', "wurst: extra inputs are not permitted"),
        ("{", "cannot be read as JSON|invalid json"),
    ],
)
def test_a_wrong_description_is_said(text, said, tensors, tmp_path):
    inside = saved(tmp_path / "inside.safetensors", tensors, {"sfumato": text})
    beside = saved(tmp_path / "beside.safetensors", tensors)
    beside.with_suffix(".json").write_text(text)
    for path in (inside, beside):
        with pytest.raises(SfumatoError, match=said):
            read_features(path)
