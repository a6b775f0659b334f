"""A patch of the picture becomes a token and comes back at its own place."""

import pytest
import torch
from torch import Tensor

from sfumato.networks import TransformerConfig, build_network
from sfumato.networks.transformer import Transformer


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
