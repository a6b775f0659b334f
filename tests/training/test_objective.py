import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import Denoiser, LogNormal, preconditioning
from sfumato.training.objective import Denoising


class Watched(nn.Module):
    """A network that answers zero and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))
        self.conditions: list[Tensor] = []

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor) -> Tensor:
        self.conditions.append(condition)
        return self.scale * x


def objective(name: str = "edm", dropout: float = 0.1, density: LogNormal | None = None) -> Denoising:
    return Denoising(Denoiser(Watched(), preconditioning(name)), density or LogNormal(-0.8), dropout)


def losses(of: Denoising, seed: int = 0, count: int = 16) -> Tensor:
    images = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(9)) * 2 - 1
    return of.losses(images, torch.arange(count) % 3, torch.Generator().manual_seed(seed))


def test_a_network_that_answers_zero_has_the_loss_of_the_formula() -> None:
    # One noise level only. EDM with F = 0: D = skip * (x0 + sigma noise), weight = (s^2 + d^2) / (s d)^2.
    sigma, data = 0.5, 0.5
    of = objective(density=LogNormal(float(torch.tensor(sigma).log()), 1e-9))
    images = torch.zeros(64, 3, 16, 16)
    result = of.losses(images, torch.zeros(64, dtype=torch.long), torch.Generator().manual_seed(0))
    skip = data**2 / (sigma**2 + data**2)
    weight = (sigma**2 + data**2) / (sigma * data) ** 2
    assert result.shape == (64,)
    assert result.mean().item() == pytest.approx(weight * (skip * sigma) ** 2, rel=0.02)


@pytest.mark.parametrize("name", ["edm", "v", "epsilon", "flow"])
def test_every_preconditioning_gives_finite_losses_with_gradients(name: str) -> None:
    of = objective(name)
    losses(of).mean().backward()
    assert torch.isfinite(losses(of)).all()
    assert torch.isfinite(of.module.network.scale.grad)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_a_class_is_hidden_as_often_as_was_asked(share: float) -> None:
    of = objective(dropout=share)
    losses(of, count=4000)
    (condition,) = of.module.network.conditions
    hidden = condition == -1
    assert hidden.double().mean().item() == pytest.approx(share, abs=0.02)
    assert torch.equal(condition[~hidden], (torch.arange(4000) % 3)[~hidden])


def test_all_randomness_comes_from_the_generator() -> None:
    first = losses(objective())
    torch.manual_seed(12345)
    before = torch.get_rng_state()
    assert torch.equal(first, losses(objective()))
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(first, losses(objective(), seed=1))
