"""A picture comes back from its noise exactly, and what another class makes of it is known in closed form."""

import inspect
import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, ClassCondition, Denoise, Step, conditioned, preconditioning
from sfumato.diffusion.inversion import invert, restore

LEVELS = SCHEDULES["karras"](25)
GREY = 2 / 255  # one level of 256


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pictures() -> Tensor:
    """Of the mixture ``two`` below, with a few that it would never make."""
    drawn = torch.where(
        normal(4, 3, 6, 5) > 0.25, -1 + 0.3 * normal(4, 3, 6, 5, seed=1), 0.8 + 0.5 * normal(4, 3, 6, 5)
    )
    drawn[0, :, 0] = torch.tensor([-2.5, 0.0, 0.1, 3.0, 1.0])
    return drawn


@pytest.fixture
def two(mixture):
    return mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6))


@pytest.fixture
def other(mixture):
    return mixture((-0.4, 1.0), (0.2, 0.3), (0.5, 0.5))


def rounded(denoise: Denoise) -> Denoise:
    """As a network answers under bfloat16: three digits of the estimate are left."""
    return lambda x, sigma: denoise(x, sigma).bfloat16().to(x.dtype)


def finished(steps) -> Step:
    *_, last = steps
    return last


# There and back


@pytest.mark.parametrize("levels", [LEVELS, SCHEDULES["flow"](7), SCHEDULES["exponential"](3)[1:], LEVELS[-2:]])
@pytest.mark.parametrize("precision", ["float64", "float32", "rounded to bfloat16"])
def test_the_picture_comes_back_bit_for_bit(precision: str, levels: Tensor, two) -> None:
    p, noise = pictures(), normal(4, 3, 6, 5, seed=2)
    if precision != "float64":
        p, noise = p.float(), noise.float()
    denoise = rounded(two) if precision == "rounded to bfloat16" else two
    back = finished(restore(denoise, p, invert(denoise, p, levels, noise)))
    assert back.sigma == 0
    assert back.x.dtype == p.dtype
    assert torch.equal(back.x, p)


def test_a_real_network_gives_the_picture_back_too(ideal) -> None:
    denoiser = ideal(preconditioning("edm"), (-0.5, 0.2, 0.0), 0.4)
    denoise = conditioned(denoiser, ClassCondition.of([0, 1, 1, -1]))
    p, noise = pictures().float(), normal(4, 3, 6, 5, seed=2).float()
    found = list(invert(denoise, p, LEVELS, noise))
    assert torch.equal(finished(restore(denoise, p, found)).x, p)
    changed = conditioned(denoiser, ClassCondition.of([1, 1, 1, -1]))
    result = finished(restore(changed, p, found)).x
    assert not torch.allclose(result[0], p[0], atol=0.5)
    assert torch.equal(result[1:], p[1:])  # what is asked of one picture touches no other


def test_on_the_way_down_every_level_is_met_as_on_the_way_up(two) -> None:
    p, noise = pictures(), normal(4, 3, 6, 5, seed=2)
    found = list(invert(two, p, LEVELS, noise))
    for step, up in zip(restore(two, p, found), reversed(found), strict=True):
        assert torch.equal(step.denoised, up.denoised)
        if step.sigma > 0:
            assert torch.equal(step.x, found[len(found) - 2 - step.index].x)


# The noise


def test_the_way_up_is_of_second_order(mixture) -> None:
    mean, deviation, low = 0.3, 0.7, 0.2
    gaussian, p = mixture((mean,), (deviation,)), torch.tensor([[-1.0], [0.1], [2.0]], dtype=torch.float64)
    exact = mean + (p - mean) * math.sqrt((deviation**2 + 25) / (deviation**2 + low**2))
    errors = []
    for steps in (40, 80, 160):
        levels = torch.linspace(math.log(5.0), math.log(low), steps + 1, dtype=torch.float64).exp()
        last = finished(invert(gaussian, p, torch.cat((levels, levels.new_zeros(1))), torch.zeros_like(p)))
        errors.append(float((last.x - exact).abs().max()))
    assert all(math.log2(coarse / fine) == pytest.approx(2, abs=0.15) for coarse, fine in pairwise(errors))


@pytest.mark.parametrize("answers", ["exact", "rounded to bfloat16"])
def test_the_noise_of_the_datas_own_pictures_is_standard_normal(answers: str, two) -> None:
    denoise = two if answers == "exact" else rounded(two)
    p = torch.where(torch.rand(20_000, generator=torch.Generator().manual_seed(3)) < 0.4, 0.0, 1.0).double()
    p = torch.where(p == 0, -1 + 0.3 * normal(20_000), 0.8 + 0.5 * normal(20_000))
    noise = finished(invert(denoise, p, LEVELS, normal(20_000, seed=4))).x / 80
    assert float(noise.mean()) == pytest.approx(0, abs=0.02)
    assert float(noise.std()) == pytest.approx(1, abs=0.03)
    assert float((noise.sort().values - normal(20_000, seed=5).sort().values)[200:-200].abs().max()) < 0.15


def test_flat_pictures_need_the_noise_that_is_put_in_them(mixture) -> None:
    flat, p = mixture((0.3,), (0.0,)), torch.full((20_000,), 0.3, dtype=torch.float64)
    assert float(finished(invert(flat, p, LEVELS, normal(20_000))).x.std()) / 80 == pytest.approx(1, abs=0.02)
    assert float(finished(invert(flat, p, LEVELS, torch.zeros_like(p))).x.std()) < 1e-9


def test_a_sampler_makes_nearly_the_same_picture_of_the_noise_alone(two) -> None:
    p = pictures()[1:]
    top = finished(invert(two, p, LEVELS, torch.zeros_like(p))).x
    again = finished(SAMPLERS["dpmpp_2m"](two, top, LEVELS, lambda index: top)).x
    assert 0 < float((again - p).square().mean().sqrt()) < 4 * GREY


# Another class


@pytest.mark.parametrize("answers", ["exact", "rounded to bfloat16"])
def test_another_class_makes_of_the_picture_what_the_closed_form_says(answers: str, mixture) -> None:
    ours, others = mixture((0.3,), (0.4,)), mixture((-0.2,), (0.25,))
    p = 0.3 + 0.4 * normal(1000)
    if answers == "rounded to bfloat16":
        ours, others = rounded(ours), rounded(others)
    result = finished(restore(others, p, invert(ours, p, LEVELS, torch.zeros_like(p)))).x
    # The flow of Gaussian data is linear: distances from the mean go as the deviation.
    error = result - (-0.2 + (p - 0.3) * (0.25 / 0.4))
    assert float(error.square().mean().sqrt()) < 0.5 * GREY


def test_the_way_there_becomes_exact_with_more_levels(two, other) -> None:
    p = normal(200)

    def edited(steps: int) -> Tensor:
        return finished(restore(other, p, invert(two, p, SCHEDULES["karras"](steps), torch.zeros_like(p)))).x

    exact = edited(1600)
    errors = [float((edited(steps) - exact).abs().median()) for steps in (25, 50, 100)]
    assert errors[0] < 2 * GREY
    assert all(fine < coarse / 2 for coarse, fine in pairwise(errors))


def test_fewer_levels_leave_more_of_the_picture_standing(two, other) -> None:
    p, noise = pictures(), normal(4, 3, 6, 5, seed=2)

    def change(levels: Tensor) -> float:
        return float((finished(restore(other, p, invert(two, p, levels, noise))).x - p).abs().mean())

    assert 0 < change(LEVELS[20:]) < change(LEVELS[14:]) / 2 < change(LEVELS) / 2


# The contract


def test_each_evaluates_once_a_level_and_not_before_it_is_asked(two) -> None:
    asked: list[float] = []

    def counted(x: Tensor, sigma: float) -> Tensor:
        assert isinstance(sigma, float)
        asked.append(sigma)
        return two(x, sigma)

    p, noise = pictures(), normal(4, 3, 6, 5, seed=2)
    up = invert(counted, p, LEVELS, noise)
    assert inspect.isgenerator(up)
    assert asked == []
    found = list(up)
    assert asked == LEVELS[:-1].flip(0).tolist()
    asked.clear()
    down = restore(counted, p, found)
    assert inspect.isgenerator(down)
    assert asked == []
    next(down)
    assert asked == [80.0]
    list(down)
    assert asked == LEVELS[:-1].tolist()


def test_each_step_says_where_it_is_and_what_it_saw(two, other) -> None:
    p, noise = pictures(), normal(4, 3, 6, 5, seed=2)
    before = p.clone()
    found = list(invert(two, p, LEVELS, noise))
    assert [step.index for step in found] == list(range(25))
    assert [step.sigma for step in found] == LEVELS[:-1].flip(0).tolist()
    assert torch.equal(found[0].x, p + LEVELS[-2] * noise)
    for step in found:
        assert step.steps == 25
        assert torch.equal(step.denoised, two(step.x, step.sigma))
    steps, x = list(restore(other, p, found)), found[-1].x
    assert [step.index for step in steps] == list(range(25))
    assert [step.sigma for step in steps] == LEVELS[1:].tolist()
    for step in steps:
        assert step.steps == 25
        torch.testing.assert_close(step.denoised, other(x, float(LEVELS[step.index])))
        x = step.x
    assert torch.equal(p, before)
