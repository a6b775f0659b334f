"""Training sees the noise levels that it was told to, evenly; sampling goes down through the levels of the papers."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.diffusion import SCHEDULES, SIGMA_MAX, SIGMA_MIN, LogNormal
from sfumato.diffusion.noise import karras

steps_of_any_length = st.integers(1, 400)
low, high = st.floats(1e-3, 0.5), st.floats(1, 1000)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shares_of(sigma: Tensor, density: LogNormal) -> Tensor:
    """Where each level lies in the density, 0..1: the normal distribution's own function."""
    standard = (sigma.double().log() - density.mean) / density.std
    return 0.5 * (1 + torch.erf(standard / math.sqrt(2)))


@pytest.mark.parametrize("count", [1, 2, 7, 64, 1000])
def test_one_level_comes_from_each_equal_share_of_the_density(count: int) -> None:
    density = LogNormal(-0.8, 1.2)
    sigma = density.sample(count, generator())
    assert sigma.shape == (count,)
    assert sigma.dtype == torch.float32
    share = (shares_of(sigma, density).sort().values * count).floor()
    assert torch.equal(share, torch.arange(count, dtype=torch.float64))


@pytest.mark.parametrize(("mean", "deviation"), [(-0.8, 1.2), (0.3, 1.6)])
def test_log_sigma_has_the_stated_mean_deviation_and_quantiles(mean: float, deviation: float) -> None:
    log_sigma = LogNormal(mean, deviation).sample(8192, generator()).log()
    assert float(log_sigma.mean()) == pytest.approx(mean, abs=0.002)
    assert float(log_sigma.std()) == pytest.approx(deviation, rel=0.005)
    standard = ((log_sigma - mean) / deviation).sort().values
    for share, quantile in ((0.02275, -2), (0.158655, -1), (0.5, 0), (0.841345, 1), (0.97725, 2)):
        assert float(standard[round(share * 8192)]) == pytest.approx(quantile, abs=0.01)


def test_each_place_in_a_batch_sees_the_whole_density() -> None:
    log_sigma = torch.stack([LogNormal(0.0, 1.0).sample(8, generator(seed)).log() for seed in range(2000)])
    assert float(log_sigma.mean(0).abs().max()) < 0.1
    assert float((log_sigma.std(0) - 1).abs().max()) < 0.1


def test_levels_are_drawn_anew_within_their_share() -> None:
    first, second = (LogNormal(0.0, 1.0).sample(8, generator(seed)).sort().values for seed in (0, 1))
    assert not torch.allclose(first, second)


def test_levels_depend_on_the_generator_alone() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = LogNormal(-0.8).sample(16, generator(5))
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(first, LogNormal(-0.8).sample(16, generator(5)))


def test_no_level_is_infinite_or_nought_however_many_are_drawn() -> None:
    sigma = LogNormal(0.0, 1.0).sample(1_000_000, generator())
    assert 0.02 < float(sigma.min()) < float(sigma.max()) < 50


@given(st.integers(8, 1024))
def test_the_density_moves_up_by_log_2_when_the_size_doubles(size: int) -> None:
    one, double = LogNormal.for_size(size), LogNormal.for_size(2 * size)
    assert double.mean - one.mean == pytest.approx(math.log(2))
    assert double.std == one.std


def test_the_density_at_32_pixels_is_the_stated_one() -> None:
    assert LogNormal.for_size(32, mean_at_32=-0.5, std=1.4) == LogNormal(-0.5, 1.4)


@pytest.mark.parametrize("name", SCHEDULES)
@settings(max_examples=40, deadline=None)
@given(steps=steps_of_any_length, sigma_min=low, sigma_max=high)
def test_a_schedule_falls_from_the_first_level_to_0(name: str, steps: int, sigma_min: float, sigma_max: float) -> None:
    levels = SCHEDULES[name](steps, sigma_min, sigma_max)
    assert levels.shape == (steps + 1,)
    assert (levels.diff() < 0).all()
    assert float(levels[0]) == pytest.approx(sigma_max)
    assert float(levels[-1]) == 0
    if steps > 1:
        assert float(levels[-2]) == pytest.approx(sigma_min)


@pytest.mark.parametrize("name", SCHEDULES)
@settings(max_examples=20, deadline=None)
@given(steps=st.integers(3, 400), sigma_min=low, sigma_max=high)
def test_a_schedule_is_even_in_its_own_variable(name: str, steps: int, sigma_min: float, sigma_max: float) -> None:
    levels = SCHEDULES[name](steps, sigma_min, sigma_max)[:-1]
    variable = {"karras": levels ** (1 / 7), "exponential": levels.log(), "flow": levels / (1 + levels)}[name]
    moves = variable.diff()
    torch.testing.assert_close(moves, moves.mean().expand_as(moves), rtol=1e-6, atol=0)


def test_schedules_have_the_values_of_their_formulas() -> None:
    middle = {name: float(schedule(3, 0.04, 4.0)[1]) for name, schedule in SCHEDULES.items()}
    t = (4 / 5 + 0.04 / 1.04) / 2
    assert middle["karras"] == pytest.approx(((4 ** (1 / 7) + 0.04 ** (1 / 7)) / 2) ** 7)
    assert middle["exponential"] == pytest.approx(math.sqrt(4 * 0.04))
    assert middle["flow"] == pytest.approx(t / (1 - t))
    assert float(karras(3, 0.04, 4.0, rho=1.0)[1]) == pytest.approx(2.02)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_spans_the_usual_levels_unless_told_otherwise(name: str) -> None:
    levels = SCHEDULES[name](18)
    assert float(levels[0]) == pytest.approx(SIGMA_MAX)
    assert float(levels[-2]) == pytest.approx(SIGMA_MIN)
