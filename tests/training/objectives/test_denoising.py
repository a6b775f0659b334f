import math

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import ClassCondition, Condition, Denoiser, LogNormal, preconditioning
from sfumato.features.vgg import PerceptualLoss, VGGFeatures
from sfumato.networks import UNetConfig
from sfumato.training import resolve
from sfumato.training.objectives import Denoising

TINY = UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1)


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
    return of(images, ClassCondition.of(torch.arange(count) % 3), torch.Generator().manual_seed(seed)).total


def test_a_network_that_answers_zero_has_the_loss_of_the_formula() -> None:
    # One noise level only. EDM with F = 0: D = skip * (x0 + sigma noise), weight = (s^2 + d^2) / (s d)^2.
    sigma, data = 0.5, 0.5
    of = objective(density=LogNormal(float(torch.tensor(sigma).log()), 1e-9))
    images = torch.zeros(64, 3, 16, 16)
    result = of(images, ClassCondition.of([0] * 64), torch.Generator().manual_seed(0)).total
    skip = data**2 / (sigma**2 + data**2)
    weight = (sigma**2 + data**2) / (sigma * data) ** 2
    assert result.shape == (64,)
    assert result.mean().item() == pytest.approx(weight * (skip * sigma) ** 2, rel=0.02)


@pytest.mark.parametrize("name", ["edm", "v", "epsilon", "flow"])
def test_every_preconditioning_gives_finite_losses_with_gradients(name: str) -> None:
    of = objective(name)
    losses(of).mean().backward()
    assert torch.isfinite(losses(of)).all()
    assert torch.isfinite(of.denoiser.network.scale.grad)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_a_class_is_hidden_as_often_as_was_asked(share: float) -> None:
    of = objective(dropout=share)
    losses(of, count=4000)
    (condition,) = of.denoiser.network.conditions
    hidden = condition == 0
    assert hidden.double().mean().item() == pytest.approx(share, abs=0.02)
    assert torch.equal(condition[~hidden], (torch.arange(4000) % 3 + 1)[~hidden])


def test_all_randomness_comes_from_the_generator() -> None:
    first = losses(objective())
    torch.manual_seed(12345)
    before = torch.get_rng_state()
    assert torch.equal(first, losses(objective()))
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(first, losses(objective(), seed=1))


@pytest.fixture(scope="module")
def perceptual() -> PerceptualLoss:
    torch.manual_seed(1)
    return PerceptualLoss(VGGFeatures())


def test_the_perceptual_part_is_of_the_pictures_with_little_noise(perceptual: PerceptualLoss) -> None:
    plain = Denoising(Denoiser(Watched(), preconditioning("edm")), LogNormal(-0.8))
    felt = Denoising(plain.denoiser, LogNormal(-0.8), perceptual=perceptual, perceptual_weight=2.0)
    images = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(9)) * 2 - 1
    condition = ClassCondition.of([0] * 16)
    generators = [torch.Generator().manual_seed(3) for _ in range(3)]
    one, other = (of(images, condition, generator) for of, generator in zip((plain, felt), generators, strict=False))
    sigma = plain.density.sample(16, generators[2])
    part = other.parts["perceptual"]
    assert ((part > 0) == (sigma < 0.5)).all()
    assert 0 < int((part > 0).sum()) < 16
    torch.testing.assert_close(other.total, one.total + 2 * part)


def test_a_denoiser_without_error_has_no_perceptual_part(perceptual: PerceptualLoss) -> None:
    class Perfect(Denoiser):
        def forward(self, x: Tensor, sigma: Tensor | float, condition: Condition | None = None) -> Tensor:
            return images

    images = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(9)) * 2 - 1
    of = Denoising(Perfect(Watched(), preconditioning("edm")), LogNormal(-3.0), perceptual=perceptual)
    assert of(images, ClassCondition.of([0] * 4), torch.Generator().manual_seed(0)).total.abs().max() == 0


def test_the_averaged_denoiser_is_measured_without_hiding_classes() -> None:
    of = objective(dropout=1.0)
    averaged = Denoiser(Watched(), preconditioning("edm"))
    condition = ClassCondition.of(torch.arange(5) % 3)
    loss = of.validation_loss(averaged, torch.zeros(5, 3, 8, 8), condition, torch.Generator().manual_seed(0))
    assert not loss.requires_grad
    assert averaged.network.conditions[0].tolist() == [1, 2, 3, 1, 2]
    assert not of.denoiser.network.conditions


@pytest.mark.parametrize(
    ("size", "chosen", "at_32"),
    [(32, {}, -0.9), (48, {}, -0.9), (64, {}, -1.8), (256, {}, -1.8), (64, {"noise_mean": -1.2}, -1.2)],
)
def test_larger_pictures_are_shown_with_less_noise_than_their_size_would_say(
    size: int, chosen: dict[str, float], at_32: float
) -> None:
    settings = resolve({"network": TINY}, {"size": size, "objective": chosen})
    density = settings.build_objective(classes=0).density  # type: ignore[attr-defined]
    assert density == LogNormal(at_32 + math.log(size / 32), 1.3)
