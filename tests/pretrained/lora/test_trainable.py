"""A LoRA begins at the base to the bit, comes out the same from the same seed, and leaves the base as it was."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.trainable import (
    add_trainable_lora,
    load_lora_tensors,
    lora_tensors,
    remove_trainable_lora,
    target_layers,
)

pytest.importorskip("peft")


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.to_q, self.to_k = nn.Linear(8, 8, bias=False), nn.Linear(8, 8)
        self.to_out = nn.ModuleList([nn.Linear(8, 8), nn.Dropout(0.0)])
        self.conv = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """x: [N, 8, H, W]"""
        rows = self.conv(x).movedim(1, -1)
        out: Tensor = self.to_out[0](self.to_q(rows) * self.to_k(rows))
        return out.movedim(-1, 1)


@pytest.fixture
def network() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nn.Sequential(Block(), Block()).eval().requires_grad_(False)


NOISE = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(1))


def test_the_start_equals_the_base_to_the_bit_and_only_the_lora_is_trained(network: nn.Module) -> None:
    base, state = network(NOISE), torch.random.get_rng_state()
    parameters = add_trainable_lora(network, rank=3, alpha=6, targets=("to_q", "to_out.0", "conv"), seed=5)
    assert torch.equal(state, torch.random.get_rng_state()), "the global generator has been drawn from"
    assert torch.equal(network(NOISE), base)
    assert {name for name, each in network.named_parameters() if each.requires_grad} == {
        name.replace(".weight", ".trained.weight") for name in parameters
    }
    assert list(parameters) == sorted(parameters)
    assert parameters["1.to_out.0.lora_A.weight"].shape == (3, 8)
    assert parameters["0.conv.lora_A.weight"].shape == (3, 8, 3, 3)
    assert parameters["0.conv.lora_B.weight"].shape == (8, 3, 1, 1)


def test_a_change_is_alpha_over_rank_times_b_a(network: nn.Module) -> None:
    parameters = add_trainable_lora(network, rank=3, alpha=6, targets=("1.to_q",))
    down, up = parameters.values()
    with torch.no_grad():
        up.copy_(torch.ones_like(up))
    layer, rows = network.get_submodule("1.to_q"), torch.ones(1, 8)
    wanted = rows @ (layer.base_layer.weight + 6 / 3 * up @ down).T
    assert torch.allclose(layer(rows), wanted, atol=1e-6)


def test_each_layer_has_numbers_of_its_own_from_seed_and_name(network: nn.Module) -> None:
    few = {name: each.clone() for name, each in add_trainable_lora(network, 2, 2, ("to_q",), seed=5).items()}
    remove_trainable_lora(network)
    more = add_trainable_lora(network, 2, 2, ("to_q", "to_k"), seed=5)
    assert all(torch.equal(more[name], each) for name, each in few.items())
    assert not torch.equal(more["0.to_q.lora_A.weight"], more["1.to_q.lora_A.weight"])
    assert more["0.to_q.lora_A.weight"].abs().max() <= 8**-0.5
    remove_trainable_lora(network)
    other = add_trainable_lora(network, 2, 2, ("to_q",), seed=6)
    assert not torch.equal(other["0.to_q.lora_A.weight"], few["0.to_q.lora_A.weight"])


def test_it_is_read_put_back_and_taken_off_to_the_bit(network: nn.Module) -> None:
    base, weights = network(NOISE), {name: each.clone() for name, each in network.state_dict().items()}
    optimiser = torch.optim.SGD(add_trainable_lora(network, 2, 1, seed=5).values(), lr=0.1)
    for _ in range(2):
        network(NOISE).square().mean().backward()
        optimiser.step()
    trained, tensors = network(NOISE), lora_tensors(network)
    assert not torch.equal(trained, base)
    remove_trainable_lora(network)
    assert torch.equal(network(NOISE), base)
    assert lora_tensors(network) == {}
    assert network.state_dict().keys() == weights.keys()
    assert all(torch.equal(each, weights[name]) for name, each in network.state_dict().items())
    add_trainable_lora(network, 2, 1, seed=6)
    load_lora_tensors(network, tensors)
    assert torch.equal(network(NOISE), trained)
    with pytest.raises(SfumatoError, match=r"does not fit the layers.*lacks '0\.to_k\.lora_A\.weight'"):
        load_lora_tensors(network, {name: each for name, each in tensors.items() if "0.to_k" not in name})


def test_a_base_in_half_precision_is_trained_in_single(network: nn.Module) -> None:
    network.to(torch.bfloat16)
    base = network(NOISE.bfloat16())
    parameters = add_trainable_lora(network, 2, 2)
    assert {each.dtype for each in parameters.values()} == {torch.float32}
    out = network(NOISE.bfloat16())
    assert out.dtype == torch.bfloat16 and torch.equal(out, base)


@pytest.mark.parametrize("family", ["sdxl", "flux"])
def test_a_whole_network_begins_at_itself_and_is_itself_again(family: str, tiny_of: Callable[[str], Any]) -> None:
    pytest.importorskip("diffusers")
    one = tiny_of(family)
    base, names = one.answer(), list(one.network.state_dict())
    add_trainable_lora(one.network, 4, 2)
    assert torch.equal(one.answer(), base)
    remove_trainable_lora(one.network)
    assert torch.equal(one.answer(), base) and list(one.network.state_dict()) == names


@pytest.mark.parametrize(
    ("rank", "alpha", "said"),
    [(0, 1.0, "rank of 1 or more"), (2, 0.0, "alpha cannot be 0"), (2, float("nan"), "alpha cannot be nan")],
)
def test_rank_and_alpha_must_be_positive(network: nn.Module, rank: int, alpha: float, said: str) -> None:
    with pytest.raises(SfumatoError, match=said):
        add_trainable_lora(network, rank, alpha)


def test_only_whole_parts_of_a_name_are_compared(network: nn.Module) -> None:
    assert sorted(target_layers(network, ("q", "to_out.0", "0.to_k"))) == ["0.to_k", "0.to_out.0", "1.to_out.0"]
    with pytest.raises(SfumatoError, match="the Sequential has no layers that end with to_v, o_q"):
        add_trainable_lora(network, 2, 2, targets=("to_v", "o_q"))


def test_two_at_a_time_are_refused(network: nn.Module) -> None:
    add_trainable_lora(network, 2, 2)
    with pytest.raises(SfumatoError, match="bears a LoRA already"):
        add_trainable_lora(network, 2, 2)
