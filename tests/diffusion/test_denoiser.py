"""Every preconditioning is the algebra that its paper gives, and every one makes the same ideal denoiser."""

import math
from statistics import fmean
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import (
    ClassCondition,
    Condition,
    Denoiser,
    LogNormal,
    PictureCondition,
    PreconditioningName,
    ResidualDenoiser,
    preconditioning,
)
from sfumato.networks import TransformerConfig, UNetConfig, build_network

NAMES = get_args(PreconditioningName)
SIGMAS = torch.tensor([0.01, 0.05, 0.3, 1.0, 4.0, 80.0], dtype=torch.float64)


class Recorder(nn.Module):
    """A network that keeps what it was given."""

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None) -> Tensor:
        self.given = (x, c_noise, condition)
        return torch.zeros_like(x)


def pictures(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def per_picture(sigma: Tensor) -> Tensor:
    return sigma.view(-1, 1, 1, 1)


@pytest.mark.parametrize("sigma_data", [0.3, 0.5, 1.0])
def test_edm_gives_input_target_and_effective_weight_of_one(sigma_data: float) -> None:
    edm = preconditioning("edm", sigma_data)
    c_skip, c_out, c_in = edm.scalings(SIGMAS)
    target_variance = ((1 - c_skip) ** 2 * sigma_data**2 + c_skip**2 * SIGMAS**2) / c_out**2
    ones = torch.ones_like(SIGMAS)
    torch.testing.assert_close(c_in**2 * (sigma_data**2 + SIGMAS**2), ones)
    torch.testing.assert_close(target_variance, ones)
    torch.testing.assert_close(edm.weight(SIGMAS) * c_out**2, ones)


@pytest.mark.parametrize("change", [0.99, 1.01])
def test_edm_has_the_skip_that_amplifies_the_networks_errors_least(change: float) -> None:
    c_skip, c_out, _ = preconditioning("edm", 0.5).scalings(SIGMAS)
    needed = ((1 - change * c_skip) ** 2 * 0.5**2 + (change * c_skip) ** 2 * SIGMAS**2).sqrt()
    assert (needed > c_out).all()


@pytest.mark.parametrize("sigma", [0.05, 0.5, 20.0])
def test_edm_has_unit_variance_on_sampled_data(sigma: float) -> None:
    x0, noise = 0.5 * pictures(200_000, seed=1), pictures(200_000, seed=2)
    x = x0 + sigma * noise
    c_skip, c_out, c_in = preconditioning("edm", 0.5).scalings(torch.tensor(sigma))
    assert float((c_in * x).std()) == pytest.approx(1, abs=0.01)
    assert float(((x0 - c_skip * x) / c_out).std()) == pytest.approx(1, abs=0.01)


def targets(x0: Tensor, noise: Tensor, sigma: Tensor) -> dict[str, Tensor]:
    """What each network predicts, by its paper's own definition."""
    alpha = 1 / (1 + sigma**2).sqrt()
    return {
        "edm": (x0 - 0.25 / (sigma**2 + 0.25) * (x0 + sigma * noise)) * (sigma**2 + 0.25).sqrt() / (sigma * 0.5),
        "v": alpha * noise - alpha * sigma * x0,
        "epsilon": noise,
        "flow": x0,
        "direct": x0,
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_networks_exact_target_becomes_the_clean_picture(name: PreconditioningName) -> None:
    x0, noise, sigma = pictures(6, 3, 2, 2, seed=1).double(), pictures(6, 3, 2, 2, seed=2).double(), per_picture(SIGMAS)
    c_skip, c_out, _ = preconditioning(name).scalings(sigma)
    denoised = c_skip * (x0 + sigma * noise) + c_out * targets(x0, noise, sigma)[name]
    torch.testing.assert_close(denoised, x0, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["edm", "v", "epsilon"])
def test_the_weighted_loss_is_the_plain_loss_of_the_networks_own_target(name: PreconditioningName) -> None:
    x0, noise, sigma = pictures(6, 3, 2, 2, seed=1).double(), pictures(6, 3, 2, 2, seed=2).double(), per_picture(SIGMAS)
    prediction = pictures(6, 3, 2, 2, seed=3).double()
    c_skip, c_out, _ = preconditioning(name).scalings(sigma)
    denoised = c_skip * (x0 + sigma * noise) + c_out * prediction
    weighted = preconditioning(name).weight(sigma) * (denoised - x0) ** 2
    torch.testing.assert_close(weighted, (prediction - targets(x0, noise, sigma)[name]) ** 2, rtol=1e-7, atol=1e-9)


def test_the_loss_of_flow_is_that_of_the_velocity_and_bounded_for_the_cleanest() -> None:
    x0, noise, sigma = pictures(6, 3, 2, 2, seed=1).double(), pictures(6, 3, 2, 2, seed=2).double(), per_picture(SIGMAS)
    t = sigma / (1 + sigma)
    x_t, prediction = (1 - t) * x0 + t * noise, pictures(6, 3, 2, 2, seed=3).double()
    velocity = (x_t - prediction) / t.clamp_min(0.05)
    true_velocity = (x_t - x0) / t.clamp_min(0.05)
    weighted = preconditioning("flow").weight(sigma) * (prediction - x0) ** 2
    torch.testing.assert_close(weighted, (velocity - true_velocity) ** 2)
    torch.testing.assert_close(true_velocity[2:], (noise - x0)[2:])
    assert float(preconditioning("flow").weight(torch.tensor(1e-6))) == pytest.approx(400)


@pytest.mark.parametrize("name", NAMES)
def test_each_network_sees_its_papers_own_noisy_picture_and_noise_level(name: PreconditioningName) -> None:
    x0, noise, sigma = pictures(6, 3, 2, 2, seed=1), pictures(6, 3, 2, 2, seed=2), per_picture(SIGMAS.float())
    condition = ClassCondition.of(range(6))
    denoiser = Denoiser(Recorder(), preconditioning(name))
    denoiser(x0 + sigma * noise, sigma.flatten(), condition)
    seen, c_noise, inputs = denoiser.network.given
    alpha, t = 1 / (1 + sigma**2).sqrt(), sigma / (1 + sigma)
    expected = {
        "edm": (x0 + sigma * noise) / (sigma**2 + 0.25).sqrt(),
        "v": alpha * x0 + (1 - alpha**2).clamp_min(0).sqrt() * noise,
        "epsilon": alpha * x0 + (1 - alpha**2).clamp_min(0).sqrt() * noise,
        "flow": (1 - t) * x0 + t * noise,
        "direct": x0 / sigma + noise,
    }[name]
    torch.testing.assert_close(seen, expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(c_noise, sigma.flatten().log() / 4)
    assert inputs is condition.rows


@pytest.mark.parametrize("name", NAMES)
def test_with_the_ideal_network_the_denoiser_is_the_ideal_one(name: PreconditioningName, ideal) -> None:
    x = 3 * pictures(5, 3, 2, 2)
    for sigma in (0.05, 0.7, 30.0):
        denoised = ideal(preconditioning(name), (0.4,), 0.6)(x, sigma)
        torch.testing.assert_close(denoised, 0.4 + (x - 0.4) * 0.36 / (0.36 + sigma**2), rtol=1e-4, atol=1e-4)


def test_sigma_data_is_used() -> None:
    assert preconditioning("edm", 0.3) != preconditioning("edm", 0.5)


def tiny_denoiser(kind: str = "transformer", name: PreconditioningName = "edm", size: int = 16) -> Denoiser:
    torch.manual_seed(0)
    config = {
        "transformer": TransformerConfig(patch=4, width=48, depth=2, heads=2),
        "unet": UNetConfig(patch=2, channels=(16,), blocks=1, width=48, depth=1, heads=2),
    }[kind]
    return Denoiser(build_network(config, size, 4, in_channels=3), preconditioning(name))


def stirred_denoiser(name: PreconditioningName = "edm") -> Denoiser:
    """Fresh networks end in zeros; this one's c_out depends on everything."""
    denoiser = tiny_denoiser(name=name)
    with torch.no_grad():
        for parameter in denoiser.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return denoiser


@pytest.mark.parametrize("name", NAMES)
def test_no_condition_and_no_class_are_the_same(name: PreconditioningName) -> None:
    denoiser, x = stirred_denoiser(name), pictures(3, 3, 16, 16)
    nothing = denoiser(x, 0.7)
    assert torch.equal(nothing, denoiser(x, 0.7, ClassCondition.of([-1] * 3)))
    assert not torch.allclose(nothing, denoiser(x, 0.7, ClassCondition.of([0] * 3)))


@pytest.mark.parametrize("name", NAMES)
def test_a_noise_level_is_a_number_or_one_a_picture(name: PreconditioningName) -> None:
    denoiser, x = stirred_denoiser(name), pictures(3, 3, 16, 16)
    everywhere = denoiser(x, 0.7)
    assert torch.equal(everywhere, denoiser(x, torch.tensor(0.7)))
    assert torch.equal(everywhere, denoiser(x, torch.full((3,), 0.7)))
    mixed = denoiser(x, torch.tensor([0.1, 0.7, 5.0]))
    torch.testing.assert_close(mixed[1], everywhere[1])
    torch.testing.assert_close(mixed[2], denoiser(x, 5.0)[2])
    assert not torch.allclose(mixed[0], everywhere[0])


@pytest.mark.parametrize("name", NAMES)
def test_the_estimate_is_float32_where_the_network_computes_in_bfloat16(name: PreconditioningName) -> None:
    denoiser, x = stirred_denoiser(name), pictures(3, 3, 16, 16)
    sigma = torch.tensor([0.02, 0.7, 20.0])
    with torch.no_grad():
        exact = denoiser(x, sigma)
        with torch.autocast("cpu", torch.bfloat16):
            assert denoiser.network(x, sigma, None).dtype == torch.bfloat16
            denoised = denoiser(x, sigma)
        assert denoiser(x.double(), sigma.double()).dtype == torch.float32
    assert denoised.dtype == exact.dtype == torch.float32
    # The noisy picture itself must not pass through bfloat16: only the network's part may be coarse, which for
    # all but flow is next to nothing at little noise, far under bfloat16's steps.
    _, c_out, _ = denoiser.preconditioning.scalings(per_picture(sigma))
    assert float(((denoised - exact) / c_out).abs().max()) < 0.1
    assert not torch.equal(denoised, exact)


def four_drawn_pictures(size: int = 16) -> Tensor:
    """A disc, stripes, a gradient and a frame. [4, 3, size, size] in -1..1."""
    y, x = torch.meshgrid(*2 * [torch.linspace(-1, 1, size)], indexing="ij")
    grey = torch.stack((x**2 + y**2 < 0.4, (x * 2 * math.pi).sin() > 0, (x + y) / 2, torch.maximum(x, y).abs() > 0.7))
    tints = torch.tensor([[1, 0.2, -0.6], [-0.3, 0.9, 0.4], [0.8, 0.8, -0.9], [-0.7, 0.3, 1]])
    return (grey.float() * 2 - 1)[:, None] * tints[:, :, None, None]


@pytest.mark.parametrize("kind", ["transformer", "unet"])
def test_a_tiny_network_learns_four_pictures_by_heart(kind: str) -> None:
    denoiser, drawn = tiny_denoiser(kind), four_drawn_pictures()
    generator = torch.Generator().manual_seed(0)
    which, steps = torch.arange(4).repeat(4), 300
    optimiser = torch.optim.Adam(denoiser.parameters(), lr=4e-3)
    anneal = torch.optim.lr_scheduler.LinearLR(optimiser, 1, 0.01, steps)
    losses = []
    for _ in range(steps):
        sigma = LogNormal(0.0).sample(len(which), generator)
        noisy = drawn[which] + per_picture(sigma) * torch.randn(drawn[which].shape, generator=generator)
        error = (denoiser(noisy, sigma, ClassCondition.of(which)) - drawn[which]) ** 2
        loss = (per_picture(denoiser.preconditioning.weight(sigma)) * error).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        anneal.step()
        losses.append(float(loss.detach()))
    assert fmean(losses[-20:]) < fmean(losses[:3]) / 5
    # From noise in which nothing can be seen, the class alone says which picture it was.
    with torch.no_grad():
        denoised = denoiser(40 * pictures(4, 3, 16, 16), 40.0, ClassCondition.of(range(4)))
    assert float(((denoised - drawn) ** 2).mean()) < 0.1 * float((drawn**2).mean())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "direct"])
def test_a_residual_denoiser_takes_noise_out_of_what_lies_beyond_the_reference(name: PreconditioningName) -> None:
    """Where that is Gaussian, it is the reference and the part of the rest that is no noise: 'ideal' in closed form."""
    deviation, sigma = 0.2, 0.3
    made = preconditioning(name, deviation)
    c_skip, c_out, c_in = (float(number) for number in made.scalings(torch.tensor(sigma)))

    class Ideal(nn.Module):
        def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None) -> Tensor:
            beyond = x / c_in
            return (beyond * deviation**2 / (deviation**2 + sigma**2) - c_skip * beyond) / c_out

    reference, noisy = pictures(2, 3, 8, 8), pictures(2, 3, 8, 8, seed=1)
    wanted = reference + (noisy - reference) * deviation**2 / (deviation**2 + sigma**2)
    torch.testing.assert_close(ResidualDenoiser(Ideal(), made)(noisy, sigma, PictureCondition(reference)), wanted)


@pytest.mark.parametrize("condition", [None, PictureCondition(torch.zeros(2, 3, 4, 4)), ClassCondition.of([0, 0])])
def test_a_residual_denoiser_needs_a_picture_of_the_same_shape(condition: Condition | None) -> None:
    denoiser = ResidualDenoiser(Recorder(), preconditioning("edm"))
    with pytest.raises(ValueError, match="the condition has to be a picture of the same shape"):
        denoiser(pictures(2, 3, 8, 8), 1.0, condition)
