"""Fine levels see what is near, the coarsest sees the whole picture, and each level halves the side."""

import pytest
import torch
from torch import Tensor, nn

from sfumato.networks import TransformerConfig, UNetConfig, build_network
from sfumato.networks.unet import Bottleneck, ConvolutionBlock, Level


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Silent(nn.Module):
    """An inner level that answers with nothing, and keeps what it was given."""

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        self.given = x
        return torch.zeros_like(x)


def test_fresh_blocks_pass_their_input_on() -> None:
    x, vector = numbers(2, 12, 6, 6), numbers(2, 12, seed=1)
    assert torch.equal(ConvolutionBlock(12, 12)(x, vector), x)
    bottleneck = Bottleneck(6, 12, 2, 2)
    place = bottleneck.position.unflatten(1, (6, 6)).permute(0, 3, 1, 2)
    torch.testing.assert_close(bottleneck(x, vector), x + place)


def test_a_convolution_block_sees_five_pixels_and_its_condition(stirred) -> None:
    block, vector = stirred(ConvolutionBlock(8, 12)), numbers(1, 12, seed=1)
    x = numbers(1, 8, 11, 11).requires_grad_()
    answer = block(x, vector)
    answer[0, :, 5, 5].sum().backward()
    seen = x.grad[0].abs().amax(0) > 0
    expected = torch.zeros(11, 11, dtype=torch.bool)
    expected[3:8, 3:8] = True
    assert torch.equal(seen, expected)
    assert not torch.allclose(block(x, -vector), answer)


def test_a_level_halves_the_side_for_the_one_below_and_adds_what_came_in(stirred) -> None:
    inner = Silent()
    level = stirred(Level(8, 20, 1, 12, inner))
    x, vector = numbers(2, 8, 6, 6), numbers(2, 12, seed=1)
    with torch.no_grad():
        level.up.bias.zero_()
        answer = level(x, vector)
        expected = level.after[0](level.before[0](x, vector), vector)
    assert inner.given.shape == (2, 20, 3, 3)
    torch.testing.assert_close(answer, expected)


def test_the_coarsest_level_lies_below_the_last_of_the_channels() -> None:
    config = UNetConfig(patch=2, channels=(8, 12, 16), blocks=2, width=24, depth=3, heads=2)
    network = build_network(config, 64, 3, in_channels=3)
    bottleneck = next(module for module in network.modules() if isinstance(module, Bottleneck))
    assert config.size_multiple == 16
    assert bottleneck.position.shape == (1, (64 // 16) ** 2, 24)
    assert len(bottleneck.blocks) == 3
    levels = [module for module in network.modules() if isinstance(module, Level)]
    assert [level.down.in_channels for level in levels] == [8, 12, 16]
    assert [len(level.before) + len(level.after) for level in levels] == [4, 4, 4]


def test_the_bottleneck_keeps_each_pixel_at_its_place(stirred) -> None:
    torch.manual_seed(0)
    bottleneck = Bottleneck(4, 24, 1, 2)
    x, vector = numbers(1, 24, 4, 4), numbers(1, 24, seed=1)
    changed = x.clone()
    changed[0, :, 1, 3] += 1
    with torch.no_grad():
        places = (bottleneck(changed, vector) - bottleneck(x, vector)).abs().amax(1)[0] > 1e-6
    assert places.nonzero().tolist() == [[1, 3]]


def test_a_reference_is_seen_at_its_place_and_there_are_no_classes() -> None:
    torch.manual_seed(0)
    config = UNetConfig(patch=1, channels=(8,), blocks=1, width=24, depth=1, heads=2)
    network = build_network(config, 16, 5, in_channels=3, reference=3)
    assert network.conditioning.classes.num_embeddings == 1
    nn.init.normal_(network.output.weight)
    nn.init.zeros_(network.levels.up.weight)
    x, reference = numbers(1, 3, 16, 16), numbers(1, 3, 16, 16, seed=1).requires_grad_()
    made = network(x, torch.zeros(1), reference)
    assert made.shape == x.shape
    made[0, :, 6, 9].sum().backward()
    assert (reference.grad[0].abs().amax(0) > 0).nonzero().amin(0).tolist() == [4, 7]


def test_no_other_network_can_see_a_reference() -> None:
    with pytest.raises(ValueError, match="a network of kind transformer cannot see a picture beside the noisy one"):
        build_network(TransformerConfig(), 32, 0, in_channels=3, reference=3)


@pytest.mark.parametrize("patch", [1, 2, 4])
def test_a_fresh_network_with_a_last_layer_keeps_patches_at_their_places(patch: int) -> None:
    """The way through the levels is shut here: what is left are two convolutions of 3 x 3 cells."""
    torch.manual_seed(0)
    network = build_network(
        UNetConfig(patch=patch, channels=(8,), blocks=1, width=24, depth=1, heads=2), 16 * patch, 0, in_channels=3
    )
    nn.init.normal_(network.output.weight)
    nn.init.zeros_(network.levels.up.weight)
    x = numbers(1, 3, 16 * patch, 16 * patch).requires_grad_()
    network(x, torch.zeros(1))[0, :, 6 * patch, 9 * patch].sum().backward()
    seen = (x.grad[0].abs().amax(0) > 0).nonzero()
    assert seen.amin(0).tolist() == [4 * patch, 7 * patch]
    assert seen.amax(0).tolist() == [9 * patch - 1, 12 * patch - 1]
