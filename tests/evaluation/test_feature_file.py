"""A feature network is read from safetensors, and every wrong file is one sentence."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sfumato.errors import SfumatoError
from sfumato.evaluation.feature_file import KINDS, read_features
from sfumato.evaluation.inception import InceptionFeatures, InceptionV3
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
        ('{"kind": "inception"}', "kind: input should be 'mobilenet_v2' or 'inception_v3'"),
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


def inception(seed: int = 0) -> dict[str, torch.Tensor]:
    """Numbers of the network as torchvision and timm name them, with a classifier and what batch norms count."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tensors = {name: tensor.half() for name, tensor in InceptionV3().state_dict().items()}
    tensors["fc.weight"], tensors["fc.bias"] = torch.zeros(10, 2048), torch.zeros(10)
    tensors["AuxLogits.fc.bias"] = torch.zeros(10)
    tensors["Conv2d_1a_3x3.bn.num_batches_tracked"] = torch.tensor(7)
    return tensors


def test_inception_is_known_by_its_tensors_and_needs_no_classifier(tmp_path):
    tensors = inception()
    path = saved(tmp_path / "model.safetensors", tensors)
    features = read_features(path)
    assert isinstance(features, InceptionFeatures)
    assert (features.name, len(features.digest)) == ("Inception v3 at 299 px", 64)
    weight = features.network.get_submodule("Mixed_7c.branch1x1.conv").weight
    assert torch.equal(weight, tensors["Mixed_7c.branch1x1.conv.weight"].float())
    path.with_suffix(".json").write_text('{"kind": "inception_v3", "side": 80}')
    small = read_features(path)
    assert small.name == "Inception v3 at 80 px"
    rows = small(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert rows.shape == (2, 2048) and rows.isfinite().all() and rows.abs().max() > 0


def test_tensors_that_are_not_inceptions_are_said(tmp_path):
    name = "Conv2d_1a_3x3.bn.bias"
    for tensors, said in (
        ({"Conv2d_1a_3x3.conv.weight": torch.zeros(32, 3, 3, 3)}, f"lacks '{name}'"),
        ({name: torch.zeros(33)}, f"holds '{name}' as 33 in place of 32"),
        ({name: torch.zeros(32), "Conv2d_0": torch.zeros(1)}, "holds 'Conv2d_0', which that network has not"),
    ):
        with pytest.raises(SfumatoError, match=f"is no Inception v3: it {said}"):
            read_features(saved(tmp_path / "net.safetensors", tensors))


def test_a_side_that_is_too_small_for_a_network_is_said(tmp_path):
    described = {"sfumato": '{"kind": "inception_v3", "side": 64}'}
    with pytest.raises(SfumatoError, match="a side of 64, and Inception v3 sees nothing below 75"):
        read_features(saved(tmp_path / "net.safetensors", {"any": torch.zeros(1)}, described))


def test_every_kind_sees_its_smallest_picture():
    for kind in KINDS.values():
        with torch.random.fork_rng():
            features = kind.features(kind.network(), side=kind.smallest)
        assert features(torch.zeros(1, 3, 32, 32)).shape[0] == 1
        assert kind.smallest <= kind.side
