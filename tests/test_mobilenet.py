"""MobileNetV2 is the paper's network, and its features do not depend on how strongly it answers."""

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_tensor

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
_SPECIFICATION = importlib.util.spec_from_file_location("mobilenet_under_test", BENCHMARKS / "mobilenet.py")
assert _SPECIFICATION and _SPECIFICATION.loader
mobilenet = importlib.util.module_from_spec(_SPECIFICATION)
_SPECIFICATION.loader.exec_module(mobilenet)
YARDSTICK = Path(__file__).parents[2] / "shared" / "yardstick"


@pytest.fixture(scope="module")
def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return mobilenet.MobileNetV2().eval().requires_grad_(False)


def test_it_has_as_many_numbers_as_the_paper_says(network: nn.Module) -> None:
    """3,504,872, of which 1,281,000 are the classifier's; of two numbers a channel, batch norms folded in leave one."""
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    biases = sum(size for name, size in sizes.items() if name.endswith("bias"))
    assert sum(sizes.values()) + biases == 3_504_872 - 1_281_000
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1280)


def test_pictures_shrink_by_32(network: nn.Module) -> None:
    assert network.features(torch.zeros(1, 3, 224, 224)).shape == (1, 1280, 7, 7)


@pytest.mark.parametrize(("side", "stride", "before", "after"), [(8, 2, 0, 1), (7, 2, 1, 1), (8, 1, 1, 1)])
def test_padding_is_tensorflows(side: int, stride: int, before: int, after: int) -> None:
    convolution = mobilenet.SamePadded(1, 1, 3, stride)
    x = torch.rand(1, 1, side, side)
    wanted = F.conv2d(F.pad(x, (before, after, before, after)), convolution.weight, convolution.bias, stride)
    assert torch.equal(convolution(x), wanted)
    assert wanted.shape[-1] == math.ceil(side / stride)


def test_each_row_has_a_mean_square_of_1(network: nn.Module) -> None:
    rows = mobilenet.MobileNetFeatures(network, side=64)(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert rows.shape == (2, 1280)
    assert rows.square().mean(1).tolist() == pytest.approx([1, 1], rel=1e-5)


@pytest.fixture(scope="module")
def tensors() -> dict[str, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {name: tensor.half() for name, tensor in mobilenet.MobileNetV2().state_dict().items()}


def test_it_is_read_from_a_file_at_128_pixels_or_as_a_description_says(
    tensors: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "net.safetensors"
    save_file(tensors, path)
    features = mobilenet.read_mobilenet(path)
    assert features.name == "MobileNetV2 at 128 px"
    assert len(features.digest) == 64
    assert torch.equal(features.network.features[0][0].weight, tensors["features.0.0.weight"].float())
    assert features(torch.zeros(1, 3, 32, 32)).shape == (1, 1280)
    path.with_suffix(".json").write_text('{"side": 64}')
    assert mobilenet.read_mobilenet(path).name == "MobileNetV2 at 64 px"


def test_wrong_tensors_are_said(tensors: dict[str, Tensor], tmp_path: Path) -> None:
    fewer = {name: tensor for name, tensor in tensors.items() if name != "features.0.0.bias"}
    other = {**tensors, "features.0.0.bias": torch.zeros(33)}
    more = {**tensors, "classifier.weight": torch.zeros(2)}
    for changed, said in (
        (fewer, "lacks 'features.0.0.bias'"),
        (other, "holds 'features.0.0.bias' as 33 in place of 32"),
        (more, "holds 'classifier.weight', which does not belong there"),
    ):
        save_file(changed, tmp_path / "net.safetensors")
        with pytest.raises(SfumatoError, match=f"is no MobileNetV2 with folded batch norms: it {said}"):
            mobilenet.read_mobilenet(tmp_path / "net.safetensors")


@pytest.fixture(scope="module")
def yardstick() -> Any:
    if not (YARDSTICK / "yardstick.py").is_file():
        pytest.skip("the published weights are not beside this repository")
    specification = importlib.util.spec_from_file_location("yardstick", YARDSTICK / "yardstick.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_with_the_published_weights_it_agrees_with_another_program(yardstick: Any) -> None:
    pictures = [draw(name, seed, 32) for name in ("flow", "glass") for seed in range(2)]
    images = torch.stack([as_tensor(picture, 32) for picture in pictures])
    ours = mobilenet.read_mobilenet(YARDSTICK / "mobilenet_v2_1.0_224.safetensors")(images)
    levels = ((images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    theirs = yardstick.features(yardstick.MobileNetV2(), levels, 128)
    assert torch.allclose(ours.double(), theirs, atol=2e-3)
    assert (ours[0] - ours[1]).square().mean() > 0.1
