"""Inception v3 is the published network: its numbers, names and shapes, and how its blocks are joined."""

import pytest
import torch
import torch.nn.functional as F

from sfumato.features.inception import (
    AT_A_TIME,
    EPSILON,
    Block,
    Convolution,
    InceptionFeatures,
    InceptionV3,
    Step,
    middle,
)


@pytest.fixture(scope="module")
def network() -> InceptionV3:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return InceptionV3().eval().requires_grad_(False)


def test_it_has_as_many_numbers_as_the_published_one(network: InceptionV3) -> None:
    """torchvision's has 27,161,264 with both classifiers, of which 3,326,696 and 2,049,000 are theirs."""
    assert sum(parameter.numel() for parameter in network.parameters()) == 27_161_264 - 3_326_696 - 2_049_000


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Conv2d_1a_3x3.conv.weight", (32, 3, 3, 3)),
        ("Conv2d_4a_3x3.bn.running_var", (192,)),
        ("Mixed_5b.branch_pool.conv.weight", (32, 192, 1, 1)),
        ("Mixed_5d.branch5x5_2.conv.weight", (64, 48, 5, 5)),
        ("Mixed_6a.branch3x3dbl_3.conv.weight", (96, 96, 3, 3)),
        ("Mixed_6b.branch7x7_2.conv.weight", (128, 128, 1, 7)),
        ("Mixed_6e.branch7x7dbl_2.conv.weight", (192, 192, 7, 1)),
        ("Mixed_7a.branch7x7x3_4.conv.weight", (192, 192, 3, 3)),
        ("Mixed_7b.branch3x3_2a.conv.weight", (384, 384, 1, 3)),
        ("Mixed_7c.branch3x3dbl_3b.conv.weight", (384, 384, 3, 1)),
        ("Mixed_7c.branch1x1.conv.weight", (320, 2048, 1, 1)),
    ],
)
def test_tensors_are_named_and_shaped_as_the_published_ones(network: InceptionV3, name: str, shape: tuple) -> None:
    assert network.state_dict()[name].shape == shape


def test_maps_shrink_as_in_the_papers_table(network: InceptionV3) -> None:
    sizes = {}
    hooks = [
        module.register_forward_hook(lambda module, _, y, name=name: sizes.update({name: tuple(y.shape[1:])}))
        for name, module in network.named_children()
    ]
    assert network(torch.zeros(1, 3, 299, 299)).shape == (1, 2048)
    for hook in hooks:
        hook.remove()
    assert sizes["Conv2d_1a_3x3"] == (32, 149, 149) and sizes["Conv2d_2b_3x3"] == (64, 147, 147)
    assert sizes["Conv2d_4a_3x3"] == (192, 71, 71)
    assert sizes["Mixed_5b"] == (256, 35, 35) and sizes["Mixed_5d"] == (288, 35, 35)
    assert sizes["Mixed_6a"] == sizes["Mixed_6e"] == (768, 17, 17)
    assert sizes["Mixed_7a"] == (1280, 8, 8) and sizes["Mixed_7c"] == (2048, 8, 8)


def test_without_weights_the_features_are_the_last_norms_biases_in_their_order() -> None:
    network = InceptionV3().eval().requires_grad_(False)
    for name, parameter in network.named_parameters():
        if name.endswith("conv.weight"):
            parameter.zero_()
    pictures = torch.rand(2, 3, 75, 75) * 2 - 1
    assert network(pictures).abs().max() == 0
    ends = ("branch1x1", "branch3x3_2a", "branch3x3_2b", "branch3x3dbl_3a", "branch3x3dbl_3b", "branch_pool")
    last = [network.get_submodule(f"Mixed_7c.{name}.bn") for name in ends]
    for place, norm in enumerate(last):
        norm.bias.fill_(place - 1.0)  # the first is below 0, which rectified is 0
    wanted = torch.cat([norm.bias.clamp_min(0) for norm in last]).expand(2, -1)
    assert torch.allclose(network(pictures), wanted, atol=1e-5)


def test_a_norm_has_the_published_epsilon() -> None:
    convolution = Convolution(1, 1, (1, 1)).eval().requires_grad_(False)
    convolution.conv.weight.fill_(1)
    convolution.bn.running_mean.fill_(0.5)
    convolution.bn.running_var.fill_(0)
    assert EPSILON == 0.001
    assert convolution(torch.full((1, 1, 2, 2), 0.6)).flatten().tolist() == pytest.approx([0.1 / 0.001**0.5] * 4)


def test_paths_run_side_by_side_and_means_count_the_padding() -> None:
    block = Block(1, [(Step("one", 1),), (Step("mean"), Step("two", 1))]).eval().requires_grad_(False)
    for convolution in (block.one, block.two):
        convolution.conv.weight.fill_(1)
    x = torch.rand(1, 1, 5, 5)
    both = block(x) * (1 + EPSILON) ** 0.5
    assert torch.allclose(both[:, :1], x)
    assert torch.allclose(both[:, 1:], F.avg_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1))


def test_paths_that_begin_alike_share_their_beginning() -> None:
    start = Step("start", 2)
    block = Block(1, [(start, Step("left", 3, (1, 3))), (start, Step("right", 4, (3, 1)))])
    assert len([name for name in block.state_dict() if name.startswith("start.conv")]) == 1
    calls = []
    block.start.register_forward_hook(lambda *_: calls.append(1))
    assert block(torch.rand(1, 1, 5, 5)).shape == (1, 7, 5, 5)
    assert len(calls) == 1 and block.outputs == 7


def test_a_block_of_long_filters_keeps_the_size() -> None:
    assert Block(8, middle(2))(torch.rand(1, 8, 9, 9)).shape == (1, 768, 9, 9)


def test_pictures_are_seen_between_minus_1_and_1_at_the_side() -> None:
    class Shown(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.anything = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    pictures = torch.linspace(-1, 1, AT_A_TIME + 3).view(-1, 1, 1, 1).expand(-1, 3, 32, 32)
    seen = InceptionFeatures(Shown(), side=80)(pictures)
    assert seen.shape == (AT_A_TIME + 3, 3, 80, 80)
    assert torch.allclose(seen, pictures[:, :, :1, :1].expand(-1, -1, 80, 80), atol=1e-5)
    assert InceptionFeatures(Shown()).name == "Inception v3 at 299 px"
