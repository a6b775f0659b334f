"""A patch of the picture becomes a token and comes back at its own place, and the parts do what their formulas say."""

import math

import pytest
import torch
from torch import Tensor

from sfumato.networks import TransformerConfig, build_network
from sfumato.networks.transformer import (
    MOST_TOKENS,
    Conditioning,
    Transformer,
    TransformerBlock,
    attention,
    modulate,
)


def without_blocks(size: int = 16, patch: int = 4) -> Transformer:
    """Fresh blocks pass their tokens on, so with a last layer each patch is a function of itself and its place."""
    torch.manual_seed(0)
    network = build_network(TransformerConfig(patch=patch, width=24, depth=1, heads=2), size, 0, in_channels=3)
    torch.nn.init.normal_(network.output.weight)
    return network


def changed_patches(network: Transformer, before: Tensor, after: Tensor) -> Tensor:
    c_noise = torch.zeros(1)
    with torch.no_grad():
        change = (network(after, c_noise) - network(before, c_noise)).abs().amax(1)
    patch = network.patch
    return change.unflatten(2, (-1, patch)).unflatten(1, (-1, patch)).amax((2, 4))[0] > 1e-5


@pytest.mark.parametrize("place", [(0, 0), (0, 3), (3, 0), (2, 1)])
def test_a_patch_stays_at_its_place(place: tuple[int, int]) -> None:
    network, x = without_blocks(), torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    row, column = place
    changed = x.clone()
    changed[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].square_()
    expected = torch.zeros(4, 4, dtype=torch.bool)
    expected[row, column] = True
    assert torch.equal(changed_patches(network, x, changed), expected)


def test_the_pixels_of_a_patch_keep_their_order() -> None:
    network, x = without_blocks(), torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        # Neither weights nor place: what is left of the network is the way in, a layer norm and the way out.
        network.embed, network.output = torch.nn.Identity(), torch.nn.Identity()
        network.final = torch.nn.Linear(24, 96)
        torch.nn.init.zeros_(network.final.weight)
        torch.nn.init.zeros_(network.final.bias)
        network.position = torch.nn.Parameter(torch.zeros(1, 16, 48))
        network.blocks = torch.nn.ModuleList()
        answer = network(x, torch.zeros(2))
    patches = x.unfold(2, 4, 4).unfold(3, 4, 4)
    variance, mean = torch.var_mean(patches, (1, 4, 5), correction=0, keepdim=True)
    expected = (patches - mean) / variance.sqrt()
    torch.testing.assert_close(answer.unfold(2, 4, 4).unfold(3, 4, 4), expected, rtol=1e-3, atol=1e-3)


def test_equal_patches_at_different_places_are_told_apart() -> None:
    with torch.no_grad():
        answer = without_blocks()(torch.zeros(1, 3, 16, 16), torch.zeros(1))
    patches = answer.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 1, 4, 5).reshape(16, -1)
    assert float((torch.cdist(patches, patches) + 100 * torch.eye(16)).min()) > 0.5


def test_the_usual_transformer_has_the_size_that_it_is_said_to_have() -> None:
    count = sum(
        parameter.numel() for parameter in build_network(TransformerConfig(), 32, 5, in_channels=3).parameters()
    )
    assert count == pytest.approx(3.0e6, rel=0.1)


# The parts


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def by_the_formula(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = q.double(), k.double(), v.double()
    return (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1) @ v


def test_attention_is_softmax_of_scaled_products() -> None:
    q, k, v = (2 * numbers(2, 3, 10, 8, seed=seed) for seed in range(3))
    torch.testing.assert_close(attention(q, k, v).double(), by_the_formula(q, k, v), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tokens", [10, MOST_TOKENS, MOST_TOKENS + 1])
def test_attention_in_bfloat16_is_the_same_but_for_its_rounding(tokens: int) -> None:
    q, k, v = (numbers(2, 3, tokens, 8, seed=seed).bfloat16() for seed in range(3))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = attention(q, k, v)
    torch.testing.assert_close(mixed.double(), by_the_formula(q, k, v), rtol=0.02, atol=0.03)


def test_attention_on_a_cpu_stays_in_float32_where_its_input_is() -> None:
    q, k, v = (2 * numbers(2, 3, 10, 8, seed=seed) for seed in range(3))
    plain = attention(q, k, v)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(attention(q, k, v), plain)


def test_modulate_normalises_the_last_axis_then_scales_and_shifts() -> None:
    h, scale, shift = 3 * numbers(4, 7, 16) + 5, numbers(4, 1, 16, seed=1), numbers(4, 1, 16, seed=2)
    normal = (h - h.mean(-1, keepdim=True)) / h.std(-1, correction=0, keepdim=True)
    torch.testing.assert_close(modulate(h, scale, shift), normal * (1 + scale) + shift, rtol=1e-4, atol=1e-4)


def test_a_fresh_block_passes_its_tokens_on() -> None:
    tokens = numbers(2, 9, 24)
    assert torch.equal(TransformerBlock(24, 2)(tokens, numbers(2, 6, 24, seed=1)), tokens)


def test_a_closed_gate_shuts_its_half_of_the_block(stirred) -> None:
    block, tokens = stirred(TransformerBlock(24, 2)), numbers(2, 9, 24)
    with torch.no_grad():
        block.table.zero_()
        modulation = torch.zeros(2, 6, 24)
        half_open = block(tokens, modulation.index_fill(1, torch.tensor(2), -1.0))
        shut = block(tokens, modulation.index_fill(1, torch.tensor([2, 5]), -1.0))
    assert torch.equal(shut, tokens)
    assert not torch.allclose(half_open, tokens)
    # With attention shut, a token knows nothing of the others.
    alone = block(tokens[:, :1], modulation.index_fill(1, torch.tensor(2), -1.0))
    torch.testing.assert_close(alone, half_open[:, :1], rtol=1e-4, atol=1e-5)


def test_each_half_of_the_block_has_its_own_scale_shift_and_gate(stirred) -> None:
    block, tokens, modulation = stirred(TransformerBlock(24, 2)), numbers(2, 9, 24), 0.5 * numbers(2, 6, 24, seed=1)
    with torch.no_grad():
        block.table.zero_()
        for shut, open_half in ((2, (3, 4, 5)), (5, (0, 1, 2))):
            modulation[:, [2, 5]] = 0.5
            modulation[:, shut] = -1.0
            expected = block(tokens, modulation)
            for part in {0, 1, 3, 4} | set(open_half):
                changed = modulation.clone()
                changed[:, part] += 0.3
                assert torch.equal(block(tokens, changed), expected) is (part not in open_half)


def test_the_blocks_table_is_added_to_the_shared_modulation(stirred) -> None:
    block, tokens, modulation = stirred(TransformerBlock(24, 2)), numbers(2, 9, 24), numbers(2, 6, 24, seed=1)
    with torch.no_grad():
        expected = block(tokens, modulation)
        shared = modulation + block.table
        block.table.zero_()
        torch.testing.assert_close(block(tokens, shared), expected)
    assert not torch.allclose(block(tokens, modulation), expected)


def test_tokens_can_change_places(stirred) -> None:
    block, tokens, modulation = stirred(TransformerBlock(24, 2)), numbers(2, 9, 24), numbers(2, 6, 24, seed=1)
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        block(tokens[:, order], modulation), block(tokens, modulation)[:, order], rtol=1e-4, atol=1e-5
    )


def test_no_condition_is_no_class_and_every_class_has_its_own_vector() -> None:
    torch.manual_seed(0)
    conditioning, c_noise = Conditioning(16, 3), torch.full((4,), -0.3)
    vectors = conditioning(c_noise, torch.arange(4))
    assert torch.equal(conditioning(c_noise, None), vectors[:1].expand(4, 16))
    distances = torch.cdist(vectors, vectors) + torch.eye(4)
    assert float(distances.detach().min()) > 0.1
    with pytest.raises(IndexError):
        conditioning(c_noise, torch.tensor([0, 1, 2, 4]))


def test_neighbouring_noise_levels_are_told_apart_over_the_whole_range() -> None:
    torch.manual_seed(0)
    conditioning = Conditioning(16, 3)
    c_noise = torch.linspace(math.log(0.002) / 4, math.log(80) / 4, 200)
    with torch.no_grad():
        vectors = conditioning(c_noise, None)
    distances = torch.cdist(vectors, vectors)
    moves = distances.diagonal(1)
    assert float(moves.min()) > 0.005
    # Smooth enough to be learned, and no level looks like one that is far away.
    assert float(moves.max()) < 0.5
    far = (torch.arange(200)[:, None] - torch.arange(200)).abs() > 20
    assert float(distances[far].min()) > 0.05
