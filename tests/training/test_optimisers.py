import copy
from collections.abc import Callable
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from sfumato.networks import TransformerConfig, UNetConfig, build_network
from sfumato.training.optimisers import Muon, Optimiser, OptimiserConfig, is_hidden_matrix, orthogonalised

NETWORKS = {
    "unet": UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
    "transformer": TransformerConfig(patch=4, width=16, depth=1, heads=1),
}


def optimiser(module: nn.Module, kind: Literal["muon", "adamw"] = "muon") -> Optimiser:
    return OptimiserConfig(kind=kind, learning_rate=0.02, matrix_learning_rate=0.02).build(module)


def by_muon(steps: Optimiser) -> set[str]:
    """The names of the parameters that Muon moves."""
    groups = [group for one in steps.optimisers if isinstance(one, Muon) for group in one.param_groups]
    return {name for group in groups for name in group["param_names"]}


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 10**6))
def test_all_directions_get_about_the_same_length(rows: int, columns: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    count = min(rows, columns)
    left = torch.linalg.qr(torch.randn(rows, rows, generator=generator))[0][:, :count]
    right = torch.linalg.qr(torch.randn(columns, columns, generator=generator))[0][:, :count]
    values = torch.linspace(1.0, 0.1, count) * 7
    matrix = (left * values) @ right.T
    result = orthogonalised(matrix[None])[0]
    assert result.shape == matrix.shape
    # In the singular vectors of what came in, it is nearly diagonal, with entries of about one.
    inner = left.T @ result @ right
    assert ((inner.diagonal() > 0.6) & (inner.diagonal() < 1.3)).all()
    assert (inner - torch.diag(inner.diagonal())).abs().max() < 0.1
    singular = torch.linalg.svdvals(result)[:count]
    assert ((singular > 0.6) & (singular < 1.3)).all()


def test_a_stack_of_matrices_equals_one_at_a_time() -> None:
    matrices = torch.randn(5, 12, 20, generator=torch.Generator().manual_seed(3))
    alone = torch.stack([orthogonalised(matrix[None])[0] for matrix in matrices])
    torch.testing.assert_close(orthogonalised(matrices), alone, atol=0.02, rtol=0)


def test_a_gradient_of_zeros_moves_nothing() -> None:
    assert torch.equal(orthogonalised(torch.zeros(1, 4, 6)), torch.zeros(1, 4, 6))


class Regression(nn.Module):
    """y = (x A^T + b) B^T, whose best values are known; A is a hidden matrix, the rest is not."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.hidden = nn.Linear(6, 6)
        self.output = nn.Linear(6, 3)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
        self.inputs = torch.randn(64, 6, generator=generator)
        self.targets = self.inputs @ torch.randn(6, 3, generator=generator)

    def loss(self) -> Tensor:
        return (self.output(self.hidden(self.inputs)) - self.targets).square().mean()


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_it_reaches_the_minimum_of_least_squares(kind: Literal["muon", "adamw"]) -> None:
    module = Regression()
    steps = optimiser(module, kind)
    assert by_muon(steps) == ({"hidden.weight"} if kind == "muon" else set())
    first = module.loss().item()
    for step in range(600):
        module.loss().backward()
        steps.step(1 - step / 600)
    assert first > 1
    assert module.loss().item() < 1e-3
    assert all(parameter.grad is None for parameter in module.parameters())


def test_the_factor_scales_every_movement() -> None:
    def moved(factor: float) -> list[Tensor]:
        module = Regression()
        before = [parameter.detach().clone() for parameter in module.parameters()]
        module.loss().backward()
        optimiser(module).step(factor)
        return [after.detach() - start for after, start in zip(module.parameters(), before, strict=True)]

    for whole, half, none in zip(moved(1.0), moved(0.5), moved(0.0), strict=True):
        torch.testing.assert_close(half, whole / 2, atol=1e-6, rtol=1e-3)
        assert not none.any()


@pytest.fixture(params=NETWORKS)
def make(request: pytest.FixtureRequest) -> Callable[[], nn.Module]:
    def network() -> nn.Module:
        torch.manual_seed(0)
        return build_network(NETWORKS[request.param], 32, 3, in_channels=3)

    return network


def train_a_little(network: nn.Module, steps: Optimiser, numbers: range) -> None:
    for number in numbers:
        generator = torch.Generator().manual_seed(number)
        x = torch.randn(2, 3, 32, 32, generator=generator)
        (network(x, torch.zeros(2), torch.tensor([0, 2])) - x).square().mean().backward()
        steps.step(1.0)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_what_is_stored_and_loaded_goes_on_to_the_bit(
    make: Callable[[], nn.Module], kind: Literal["muon", "adamw"]
) -> None:
    one, other = make(), make()
    ours = optimiser(one, kind)
    train_a_little(one, ours, range(3))
    # As on the disk: in the plain order of rows, whatever the order in memory was.
    stored = {name: tensor.detach().clone().contiguous() for name, tensor in ours.state().items()}
    other.load_state_dict({name: tensor.clone().contiguous() for name, tensor in one.state_dict().items()})
    theirs = optimiser(other, kind)
    theirs.load(stored)
    train_a_little(one, ours, range(3, 6))
    train_a_little(other, theirs, range(3, 6))
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name
    assert all(torch.equal(tensor, theirs.state()[name]) for name, tensor in ours.state().items())


def test_a_state_from_before_the_first_step_takes_the_optimiser_back_to_it(make: Callable[[], nn.Module]) -> None:
    network = make()
    steps = optimiser(network)
    fresh = {name: tensor.clone() for name, tensor in steps.state().items()}
    train_a_little(network, steps, range(2))
    assert steps.state()
    steps.load(fresh)
    assert steps.state() == fresh == {}


def test_the_state_of_another_network_or_optimiser_is_refused(make: Callable[[], nn.Module]) -> None:
    network = make()
    steps = optimiser(network)
    train_a_little(network, steps, range(1))
    with pytest.raises(KeyError, match="there is no parameter"):
        optimiser(Regression()).load(steps.state())
    with pytest.raises(KeyError, match="was moved by another optimiser"):
        optimiser(network, "adamw").load(steps.state())


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_each_is_one_of_torchs_optimisers_whose_own_state_goes_and_comes(kind: Literal["muon", "adamw"]) -> None:
    one, other = Regression(), Regression()
    ours, theirs = optimiser(one, kind), optimiser(other, kind)
    one.loss().backward()
    ours.step(1.0)
    other.load_state_dict(one.state_dict())
    for mine, its in zip(ours.optimisers, theirs.optimisers, strict=True):
        assert isinstance(mine, torch.optim.Optimizer)
        its.load_state_dict(copy.deepcopy(mine.state_dict()))
    for module, steps in ((one, ours), (other, theirs)):
        module.loss().backward()
        steps.step(0.5)
    assert all(torch.equal(mine, its) for mine, its in zip(one.parameters(), other.parameters(), strict=True))


def test_muon_alone_is_used_as_any_optimiser_of_torchs() -> None:
    module = Regression()
    muon = Muon([module.hidden.weight], lr=0.02)
    rates = torch.optim.lr_scheduler.LinearLR(muon, 1.0, 0.0, total_iters=5)
    before, losses = module.hidden.weight.detach().clone(), []

    def closure() -> float:
        muon.zero_grad()
        loss = module.loss()
        loss.backward()
        return loss.item()

    for _ in range(5):
        losses.append(muon.step(closure))
        rates.step()
    assert losses[-1] < losses[0]
    assert muon.param_groups[0]["lr"] == 0
    assert not torch.equal(before, module.hidden.weight)
    assert muon.state[module.hidden.weight].keys() == {"momentum_buffer"}


def test_hidden_matrices_are_the_blocks_own_and_nothing_at_either_end(make: Callable[[], nn.Module]) -> None:
    named = dict(make().named_parameters())
    hidden = {name for name, parameter in named.items() if is_hidden_matrix(name, parameter)}
    assert all(named[name].ndim >= 2 for name in hidden)
    ends = [name for name in named if name.split(".")[0] in ("embed", "output", "position", "final", "conditioning")]
    assert ends
    assert not hidden & set(ends)
    for layer in ("qkv", "merge", "expand", "contract"):
        assert any(name.endswith(f"{layer}.weight") for name in hidden), layer
    assert not any(part in name for name in hidden for part in ("table", "modulation", "position"))


def test_convolutions_of_the_unet_count_as_matrices() -> None:
    named = dict(build_network(NETWORKS["unet"], 32, 3, in_channels=3).named_parameters())
    hidden = {name for name, parameter in named.items() if is_hidden_matrix(name, parameter)}
    assert {"levels.before.0.first.weight", "levels.before.0.second.weight", "levels.down.weight"} <= hidden


def test_a_matrix_that_took_no_part_in_the_loss_is_named() -> None:
    with pytest.raises(ValueError, match=r"hidden\.weight took no part"):
        optimiser(Regression()).step(1.0)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_a_part_may_learn_faster_than_the_rest(kind: Literal["muon", "adamw"]) -> None:
    torch.manual_seed(0)
    both = nn.ModuleDict({"student": nn.Linear(6, 6), "critic": nn.Linear(6, 6)})
    both["critic"].load_state_dict(both["student"].state_dict())
    before = both["student"].weight.detach().clone(), both["student"].bias.detach().clone()
    config = OptimiserConfig(kind=kind, learning_rate=0.001, matrix_learning_rate=0.001)
    steps = config.build(both, {"critic": 5.0})
    x = torch.randn(8, 6)
    sum(part(x).square().mean() for part in both.values()).backward()
    steps.step(1.0)
    for name, was in zip(("weight", "bias"), before, strict=True):
        moved, far = (getattr(both[part], name).detach() - was for part in ("student", "critic"))
        assert torch.allclose(far, 5 * moved, rtol=1e-3, atol=1e-6)
        assert moved.abs().max() > 1e-4
