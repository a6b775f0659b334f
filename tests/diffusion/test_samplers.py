"""Samplers against closed forms: for data whose ideal denoiser is known, what must come out is known as well."""

import dataclasses
import inspect
import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, Noise, Step
from sfumato.diffusion.samplers import DISTILLED

DETERMINISTIC = ("euler", "heun", "dpmpp_2m")
STOCHASTIC = ("dpmpp_2m_sde", "euler_ancestral")


def no_noise(index: int) -> Tensor:
    raise AssertionError("a deterministic sampler asked for noise")


def normal(shape: torch.Size, seed: int = 0) -> Noise:
    """Noise of a step: a function of the seed and the step's index alone."""
    return lambda index: torch.randn(
        shape, generator=torch.Generator().manual_seed(1000 * seed + index), dtype=torch.float64
    )


def finish(name: str, denoise, x: Tensor, sigmas: Tensor, noise: Noise | None = None) -> Tensor:
    *_, last = SAMPLERS[name](denoise, x, sigmas, noise or (no_noise if name in DETERMINISTIC else normal(x.shape)))
    return last.x


def evenly_normal(count: int) -> Tensor:
    """[count, 1]: the quantiles of a standard normal, a sample without chance."""
    return math.sqrt(2) * torch.erfinv(2 * (torch.arange(count, dtype=torch.float64) + 0.5) / count - 1)[:, None]


def even_levels(steps: int) -> Tensor:
    return torch.linspace(math.log(5.0), math.log(0.2), steps + 1, dtype=torch.float64).exp()


def uneven_levels(steps: int) -> Tensor:
    """Every other step is three times as long in log sigma: a multistep formula has to know its steps' lengths."""
    moves = torch.tensor([1.0, 3.0], dtype=torch.float64).repeat(steps // 2)
    moves = moves * math.log(0.2 / 5.0) / moves.sum()
    return 5.0 * torch.cat((torch.zeros(1, dtype=torch.float64), moves.cumsum(0))).exp()


# Order of convergence of the differential equation, between two positive levels


@pytest.mark.parametrize("levels", [even_levels, uneven_levels])
@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("dpmpp_2m", 2)])
def test_the_error_shrinks_with_the_samplers_order(name: str, order: int, levels, mixture) -> None:
    mean, deviation = 0.3, 0.7
    x = torch.tensor([[-6.0], [0.1], [4.0]], dtype=torch.float64)
    # For Gaussian data the flow is linear: distances from the mean go as the deviation of x at each level.
    exact = mean + (x - mean) * math.sqrt((deviation**2 + 0.2**2) / (deviation**2 + 5.0**2))
    gaussian = mixture((mean,), (deviation,))
    errors = [float((finish(name, gaussian, x, levels(steps)) - exact).abs().max()) for steps in (40, 80, 160, 320)]
    orders = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]
    assert orders[-1] == pytest.approx(order, abs=0.1)
    assert min(orders) > order - 0.25


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("dpmpp_2m", 2)])
def test_the_order_holds_where_the_flow_is_curved(name: str, order: int, mixture) -> None:
    two = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6))
    x = torch.tensor([[-4.0], [0.5], [3.0]], dtype=torch.float64)
    exact = finish("heun", two, x, even_levels(4000))
    errors = [float((finish(name, two, x, even_levels(steps)) - exact).abs().max()) for steps in (80, 160, 320)]
    assert math.log2(errors[-2] / errors[-1]) == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("name", SAMPLERS)
def test_data_of_a_single_point_are_reached_in_any_number_of_steps(name: str, mixture) -> None:
    point = mixture((0.3,), (0.0,))
    x = 80 * evenly_normal(5)
    for steps in (1, 2, 5):
        assert torch.allclose(finish(name, point, x, SCHEDULES["karras"](steps)), torch.full_like(x, 0.3))


# The distribution that comes out

STEPS = {"euler": 300, "heun": 40, "dpmpp_2m": 60, "dpmpp_2m_sde": 100, "euler_ancestral": 500}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_gaussian_comes_out_with_its_mean_and_deviation(name: str, mixture) -> None:
    x = 80 * evenly_normal(20_000)
    result = finish(name, mixture((0.4,), (0.6,)), x, SCHEDULES["karras"](STEPS[name]))
    assert float(result.mean()) == pytest.approx(0.4, abs=0.015)
    assert float(result.std()) == pytest.approx(0.6, abs=0.01)
    standard = ((result - 0.4) / 0.6).flatten().sort().values
    assert float((standard - evenly_normal(20_000).flatten())[200:-200].abs().max()) < 0.06


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_both_modes_of_a_mixture_come_out_as_they_are(name: str, schedule: str, mixture) -> None:
    means, deviations, shares = (-1.0, 0.9), (0.15, 0.25), (0.3, 0.7)
    # Even in flow time, most steps are spent at levels under 1: the way down from 80 takes a few giant ones.
    sigma_max = 10.0 if schedule == "flow" else 80.0
    levels = SCHEDULES[schedule](STEPS[name], 0.01, sigma_max)
    start = sigma_max * evenly_normal(20_000) + 0.33  # at sigma_max the mixture's own mean still shows
    result = finish(name, mixture(means, deviations, shares), start, levels)
    for mode, mean, deviation, share in zip((result < 0, result > 0), means, deviations, shares, strict=True):
        assert float(mode.double().mean()) == pytest.approx(share, abs=0.012)
        assert float(result[mode].mean()) == pytest.approx(mean, abs=0.012)
        assert float(result[mode].std()) == pytest.approx(deviation, abs=0.008)


def variance_error(name: str, steps: int, mixture) -> float:
    """How far the variance that a stochastic sampler reaches is from the data's, without chance.

    For Gaussian data of mean 0 a sampler is a linear function of its start and of each step's noise; each row here
    follows one of these, so that the sum of squares is the variance.
    """
    deviation, levels = 0.7, even_levels(steps)
    x = torch.zeros(steps + 1, 1, dtype=torch.float64)
    x[0] = math.sqrt(deviation**2 + float(levels[0]) ** 2)

    def unit(index: int) -> Tensor:
        return torch.eye(steps + 1, dtype=torch.float64)[:, index + 1, None]

    result = finish(name, mixture((0.0,), (deviation,)), x, levels, unit)
    return float(result.square().sum()) - (deviation**2 + float(levels[-1]) ** 2)


@pytest.mark.parametrize(("name", "order"), [("dpmpp_2m_sde", 2), ("euler_ancestral", 1)])
def test_a_stochastic_samplers_variance_becomes_exact_with_its_order(name: str, order: int, mixture) -> None:
    errors = [abs(variance_error(name, steps, mixture)) for steps in (80, 160, 320)]
    assert math.log2(errors[-2] / errors[-1]) == pytest.approx(order, abs=0.15)


# Each algorithm is the paper's


def test_euler_is_ddim(mixture) -> None:
    denoise, levels = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), SCHEDULES["karras"](12)
    x = 80 * evenly_normal(9)
    abar = 1 / (1 + levels**2)
    z = abar[0].sqrt() * x  # DDPM's noisy picture: sqrt(abar) x0 + sqrt(1 - abar) noise
    for index, step in enumerate(SAMPLERS["euler"](denoise, x, levels, no_noise)):
        x0 = denoise(z / abar[index].sqrt(), float(levels[index]))
        epsilon = (z - abar[index].sqrt() * x0) / (1 - abar[index]).sqrt()
        z = abar[index + 1].sqrt() * x0 + (1 - abar[index + 1]).sqrt() * epsilon
        torch.testing.assert_close(step.x, z / abar[index + 1].sqrt())


def test_euler_ancestral_is_ddpm(mixture) -> None:
    denoise, levels = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), SCHEDULES["karras"](12)
    x = 80 * evenly_normal(9)
    noise = normal(x.shape, seed=3)
    abar = 1 / (1 + levels**2)
    z = abar[0].sqrt() * x
    for index, step in enumerate(SAMPLERS["euler_ancestral"](denoise, x, levels, noise)):
        now, then = abar[index], abar[index + 1]
        beta = 1 - now / then
        x0 = denoise(z / now.sqrt(), float(levels[index]))
        # Ho et al. 2020, eq. 7: the mean and the variance of q(x_(t-1) | x_t, x0).
        mean = then.sqrt() * beta / (1 - now) * x0 + (now / then).sqrt() * (1 - then) / (1 - now) * z
        z = mean + ((1 - then) / (1 - now) * beta).sqrt() * noise(index)
        torch.testing.assert_close(step.x, z / then.sqrt())


def test_2m_extrapolates_as_in_its_paper(mixture) -> None:
    denoise, levels = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), uneven_levels(12)
    x = 5 * evenly_normal(9)
    steps = list(SAMPLERS["dpmpp_2m"](denoise, x, levels, no_noise))
    lambdas = -levels.log()  # half the log of the signal-to-noise ratio
    for previous, step in pairwise(steps):
        index = step.index
        h, last_h = lambdas[index + 1] - lambdas[index], lambdas[index] - lambdas[index - 1]
        r = last_h / h
        estimate = (1 + 1 / (2 * r)) * step.denoised - 1 / (2 * r) * previous.denoised
        expected = levels[index + 1] / levels[index] * previous.x - torch.expm1(-h) * estimate
        torch.testing.assert_close(step.x, expected)


# The contract of every sampler


class Counted:
    """A denoiser that keeps the levels at which it was asked."""

    def __init__(self, denoise) -> None:
        self.denoise, self.levels = denoise, []

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        assert isinstance(sigma, float)
        self.levels.append(sigma)
        return self.denoise(x, sigma)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_step_to_0_gives_the_estimate_itself(name: str, mixture) -> None:
    x = 80 * evenly_normal(7)
    *_, last = SAMPLERS[name](mixture((0.4,), (0.6,)), x, SCHEDULES["karras"](8), normal(x.shape))
    assert last.sigma == 0
    torch.testing.assert_close(last.x, last.denoised, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_it_evaluates_once_a_step_and_heun_twice_but_for_the_last(name: str, mixture) -> None:
    levels, x = SCHEDULES["karras"](8), 80 * evenly_normal(7)
    counted = Counted(mixture((0.4,), (0.6,)))
    finish(name, counted, x, levels)
    once = levels[:-1].tolist()
    twice = [level for pair in zip(once, [*once[1:], None], strict=True) for level in pair if level is not None]
    assert counted.levels == (twice if name == "heun" else once)


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_step_says_where_it_is_and_what_it_saw(name: str, mixture) -> None:
    levels, start = SCHEDULES["karras"](8), 80 * evenly_normal(7)
    denoise, x, original = mixture((0.4,), (0.6,)), start.clone(), start.clone()
    steps = list(SAMPLERS[name](denoise, x, levels, normal(x.shape)))
    assert [step.index for step in steps] == list(range(8))
    assert {step.steps for step in steps} == {8}
    assert [step.sigma for step in steps] == levels[1:].tolist()
    for step in steps:  # earlier steps are left as they were, so that a trajectory can be kept
        assert step.x.shape == start.shape
        torch.testing.assert_close(step.denoised, denoise(x, float(levels[step.index])), rtol=0, atol=0)
        x = step.x
    assert torch.equal(start, original)


def test_a_step_cannot_be_changed() -> None:
    step = Step(0, 1, 0.0, torch.zeros(1), torch.zeros(1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        step.sigma = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("name", SAMPLERS)
def test_nothing_is_computed_before_it_is_asked_for(name: str, mixture) -> None:
    levels, x = SCHEDULES["karras"](8), 80 * evenly_normal(7)
    counted = Counted(mixture((0.4,), (0.6,)))
    steps = SAMPLERS[name](counted, x, levels, normal(x.shape))
    assert inspect.isgenerator(steps)
    assert counted.levels == []
    for _ in range(3):
        next(steps)
    steps.close()
    assert len(counted.levels) == (6 if name == "heun" else 3)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_chance_comes_from_the_noise_of_each_step_alone(name: str, mixture) -> None:
    denoise, levels, x = mixture((0.4,), (0.6,)), SCHEDULES["karras"](8), 80 * evenly_normal(7)
    asked = []

    def noise(index: int) -> Tensor:
        asked.append(index)
        return normal(x.shape)(index)

    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = finish(name, denoise, x, levels, noise)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(first, finish(name, denoise, x, levels, normal(x.shape)))
    assert not torch.allclose(first, finish(name, denoise, x, levels, normal(x.shape, seed=1)))
    assert asked == list(range(7))  # once a step; none for the step to 0


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_deterministic_sampler_asks_for_no_noise(name: str, mixture) -> None:
    levels, x = SCHEDULES["karras"](8), 80 * evenly_normal(7)
    *_, last = SAMPLERS[name](mixture((0.4,), (0.6,)), x, levels, no_noise)
    assert last.sigma == 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_pictures_in_float32_stay_so_and_come_out_the_same(name: str, mixture) -> None:
    denoise, levels = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), SCHEDULES["karras"](18)
    x = 80 * evenly_normal(48).view(2, 3, 2, 4)
    noise = normal(x.shape)
    exact = finish(name, denoise, x, levels, noise)
    single = finish(name, denoise, x.float(), levels, lambda index: noise(index).float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=1e-3, atol=1e-3)


def test_every_sampler_is_tested_here() -> None:
    assert set(SAMPLERS) == {*DETERMINISTIC, *STOCHASTIC} == set(STEPS)


@pytest.mark.parametrize(("name", "fresh"), [("consistency", [7, 2, 0.5]), ("consistency_denoised", [7, 2, 0])])
def test_a_student_keeps_nothing_of_the_noise_before(name: str, fresh: list[float]) -> None:
    levels = torch.tensor([20.0, 7.0, 2.0, 0.5, 0.0], dtype=torch.float64)
    noise = normal((2, 3, 4, 4))
    answers = [torch.full((2, 3, 4, 4), value, dtype=torch.float64) for value in (0.1, 0.2, 0.3, 0.4)]
    seen: list[tuple[Tensor, float]] = []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        seen.append((x, sigma))
        return answers[len(seen) - 1]

    steps = list(DISTILLED[name](denoise, 20 * noise(-1), levels, noise))
    assert [sigma for _, sigma in seen] == [20.0, 7.0, 2.0, 0.5]
    for index, level in enumerate(fresh):
        torch.testing.assert_close(seen[index + 1][0], answers[index] + level * noise(index))
    assert torch.equal(steps[-1].x, answers[-1])
    assert [step.sigma for step in steps] == [7.0, 2.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("name", "looks", "drawn"),
    [("consistency", 1, 0), ("consistency", 3, 2), ("consistency_denoised", 1, 0), ("consistency_denoised", 3, 1)],
)
def test_a_student_draws_no_more_noise_than_it_needs(name: str, looks: int, drawn: int) -> None:
    levels = torch.tensor([20.0, 2.0, 0.3, 0.0][-looks - 1 :], dtype=torch.float64)
    asked: list[int] = []

    def noise(index: int) -> Tensor:
        asked.append(index)
        return torch.zeros(1, 3, 4, 4)

    steps = list(DISTILLED[name](lambda x, sigma: x / 2, torch.ones(1, 3, 4, 4), levels, noise))
    assert torch.equal(steps[-1].x, torch.full((1, 3, 4, 4), 0.5**looks))
    assert asked == list(range(drawn))
