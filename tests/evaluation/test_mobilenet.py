"""MobileNetV2 is the paper's network, and its features do not depend on how strongly it answers."""

import importlib.util
import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from sfumato.collection.drawn import draw
from sfumato.evaluation.feature_file import read_features
from sfumato.evaluation.mobilenet import MobileNetFeatures, MobileNetV2, SamePadded
from sfumato.models import as_tensor

YARDSTICK = Path(__file__).parents[3] / "shared" / "yardstick"


@pytest.fixture(scope="module")
def network() -> MobileNetV2:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MobileNetV2().eval().requires_grad_(False)


def test_it_has_as_many_numbers_as_the_paper_says(network: MobileNetV2) -> None:
    """3,504,872, of which 1,281,000 are the classifier's; of two numbers a channel, batch norms folded in leave one."""
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    biases = sum(size for name, size in sizes.items() if name.endswith("bias"))
    assert sum(sizes.values()) + biases == 3_504_872 - 1_281_000
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1280)


def test_pictures_shrink_by_32(network: MobileNetV2) -> None:
    assert network.features(torch.zeros(1, 3, 224, 224)).shape == (1, 1280, 7, 7)


@pytest.mark.parametrize(("side", "stride", "before", "after"), [(8, 2, 0, 1), (7, 2, 1, 1), (8, 1, 1, 1)])
def test_padding_is_tensorflows(side: int, stride: int, before: int, after: int) -> None:
    convolution = SamePadded(1, 1, 3, stride)
    x = torch.rand(1, 1, side, side)
    wanted = F.conv2d(F.pad(x, (before, after, before, after)), convolution.weight, convolution.bias, stride)
    assert torch.equal(convolution(x), wanted)
    assert wanted.shape[-1] == math.ceil(side / stride)


def test_each_row_has_a_mean_square_of_1(network: MobileNetV2) -> None:
    rows = MobileNetFeatures(network, side=64)(torch.rand(2, 3, 32, 32) * 2 - 1)
    assert rows.shape == (2, 1280)
    assert rows.square().mean(1).tolist() == pytest.approx([1, 1], rel=1e-5)


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
    ours = read_features(YARDSTICK / "mobilenet_v2_1.0_224.safetensors")(images)
    levels = ((images + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    theirs = yardstick.features(yardstick.MobileNetV2(), levels, 128)
    assert torch.allclose(ours.double(), theirs, atol=2e-3)
    assert (ours[0] - ours[1]).square().mean() > 0.1
