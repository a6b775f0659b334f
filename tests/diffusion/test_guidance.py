"""Guidance moves pictures as its formula says, and asks the network no more often than it has to."""

import math

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import (
    SAMPLERS,
    SCHEDULES,
    ClassCondition,
    Condition,
    Denoise,
    Denoiser,
    at_level,
    conditioned,
    guide,
    mixed,
    preconditioning,
)  # fmt: skip

MEANS = (-0.5, 0.2, 0.0)  # of class 0, of class 1, of no class
DEVIATION = 0.4
CLASSES = ClassCondition.of([0, 1, 1, -1])
EDM = preconditioning("edm")


@pytest.fixture
def denoiser(ideal) -> Denoiser:
    return ideal(EDM, MEANS, DEVIATION)


def pictures(count: int = 4, side: int = 2) -> Tensor:
    return torch.randn((count, 3, side, side), generator=torch.Generator().manual_seed(0))


def classifier_free(
    denoiser: Denoiser, condition: Condition, guidance: float, *interval: tuple[float, float]
) -> Denoise:
    return guide(conditioned(denoiser, condition), conditioned(denoiser, None), guidance, *interval)


def autoguidance(
    denoiser: Denoiser, worse: Denoiser, condition: Condition | None, guidance: float, *interval: tuple[float, float]
) -> Denoise:
    return guide(conditioned(denoiser, condition), conditioned(worse, None), guidance, *interval)


def sampled(denoise: Denoise, x: Tensor, levels: Tensor) -> Tensor:
    *_, last = SAMPLERS["dpmpp_2m"](denoise, x, levels, lambda index: torch.zeros_like(x))
    return last.x


def test_no_guidance_is_the_denoiser_of_the_class(denoiser: Denoiser) -> None:
    x = pictures()
    assert torch.equal(conditioned(denoiser, CLASSES)(x, 0.7), denoiser(x, 0.7, CLASSES))
    assert torch.equal(conditioned(denoiser, None)(x, 0.7), denoiser(x, 0.7))
    assert not torch.equal(denoiser(x, 0.7, CLASSES), denoiser(x, 0.7))


def test_guidance_of_1_is_the_plain_denoiser_with_one_evaluation(denoiser: Denoiser, ideal) -> None:
    x, worse = pictures(), ideal(EDM, MEANS, 0.9)
    plain = denoiser(x, 0.7, CLASSES)
    denoiser.network.calls = 0
    assert torch.equal(classifier_free(denoiser, CLASSES, 1.0)(x, 0.7), plain)
    assert torch.equal(autoguidance(denoiser, worse, CLASSES, 1)(x, 0.7), plain)
    assert (denoiser.network.calls, worse.network.calls) == (2, 0)


def test_guidance_of_0_is_the_other_denoiser(denoiser: Denoiser, ideal) -> None:
    x, worse = pictures(), ideal(EDM, MEANS, 0.9)
    torch.testing.assert_close(classifier_free(denoiser, CLASSES, 0.0)(x, 0.7), denoiser(x, 0.7))
    torch.testing.assert_close(autoguidance(denoiser, worse, CLASSES, 0.0)(x, 0.7), worse(x, 0.7))


def test_each_picture_may_have_a_noise_level_of_its_own(denoiser: Denoiser) -> None:
    x, levels = pictures(), [0.1, 0.7, 3.0, 20.0]
    guided = classifier_free(denoiser, CLASSES, 2.5, (0.5, 5.0))
    together = guided(x, torch.tensor(levels))  # type: ignore[arg-type]
    for index, sigma in enumerate(levels):
        one = classifier_free(denoiser, CLASSES[index : index + 1], 2.5, (0.5, 5.0))
        torch.testing.assert_close(together[index : index + 1], one(x[index : index + 1], sigma))


@pytest.mark.parametrize("chroma", [0.0, 0.3, 1.0])
def test_colour_is_guided_by_its_fraction_and_light_as_a_whole(chroma: float) -> None:
    wanted, bad = pictures(), pictures().flip(0)
    guided = guide(lambda x, sigma: wanted, lambda x, sigma: bad, 3.0, chroma=chroma)(wanted, 0.7)
    light, light_before = guided.mean(1, keepdim=True), wanted.mean(1, keepdim=True)
    torch.testing.assert_close(light, light_before + 2 * (light_before - bad.mean(1, keepdim=True)))
    colour, colour_before, colour_bad = (image - image.mean(1, keepdim=True) for image in (guided, wanted, bad))
    torch.testing.assert_close(colour, colour_before + 2 * chroma * (colour_before - colour_bad))


@pytest.mark.parametrize("contrast", [0.0, 0.3])
@pytest.mark.parametrize("middle", [None, torch.linspace(-1, 1, 48).view(4, 3, 2, 2)])
def test_contrast_is_guided_by_its_fraction(contrast: float, middle: Tensor | None) -> None:
    """A worse estimate that is paler by a half, and else wrong at right angles to what the good one has."""
    wanted = pictures()
    own = wanted - (wanted.mean((1, 2, 3), keepdim=True) if middle is None else middle)
    other = wanted.flip(0)
    other = other - (other * own).sum((1, 2, 3), keepdim=True) / own.square().sum((1, 2, 3), keepdim=True) * own
    bad = wanted - own / 2 - other
    guided = guide(lambda x, sigma: wanted, lambda x, sigma: bad, 3.0, contrast=contrast, middle=middle)(wanted, 0.7)
    torch.testing.assert_close(guided, wanted + 2 * (contrast * own / 2 + other))


def test_guidance_of_a_plain_picture_is_finite() -> None:
    plain = torch.full((2, 3, 2, 2), 0.3)
    guided = guide(lambda x, sigma: plain, lambda x, sigma: plain / 2, 3.0, contrast=0)(plain, 0.7)
    assert guided.isfinite().all()


def test_below_a_noise_level_guidance_is_another_for_each_picture(denoiser: Denoiser, ideal) -> None:
    x, worse = pictures(), ideal(EDM, MEANS, 0.9)
    good, bad = conditioned(denoiser, CLASSES), conditioned(worse, None)
    detailed = guide(good, bad, 1.5, detail=(0.75, 3.0))
    sigma = torch.tensor([0.25, 0.75, 2.0, 0.5])
    for number, level in enumerate(sigma.tolist()):
        wanted = guide(good, bad, 3.0 if level < 0.75 else 1.5)(x, level)
        torch.testing.assert_close(detailed(x, level), wanted)
        torch.testing.assert_close(detailed(x, sigma)[number], wanted[number])  # type: ignore[arg-type]
    worse.network.calls = 0
    detailed(x, sigma)  # type: ignore[arg-type]
    assert worse.network.calls == 1


def test_a_number_for_each_level() -> None:
    assert [at_level(sigma, 0.7, 1.0, 2.0) for sigma in (0.69, 0.7, 3.0)] == [1, 2, 2]
    assert at_level(torch.tensor([0.69, 0.7]), 0.7, 1.0, 2.0).tolist() == [1, 2]  # type: ignore[union-attr]


@pytest.mark.parametrize("guidance", [-1.0, 0.3, 1.5, 2.0, 7.5])
def test_the_estimate_is_linear_in_guidance(denoiser: Denoiser, ideal, guidance: float) -> None:
    x, worse = pictures(), ideal(EDM, MEANS, 0.9)
    wanted, nothing, bad = denoiser(x, 0.7, CLASSES), denoiser(x, 0.7), worse(x, 0.7)
    guided = classifier_free(denoiser, CLASSES, guidance)(x, 0.7)
    torch.testing.assert_close(guided, nothing + guidance * (wanted - nothing))
    guided = autoguidance(denoiser, worse, CLASSES, guidance)(x, 0.7)
    torch.testing.assert_close(guided, bad + guidance * (wanted - bad))


def test_outside_its_interval_guidance_costs_and_changes_nothing(denoiser: Denoiser, ideal) -> None:
    x, worse, interval = pictures(), ideal(EDM, MEANS, 0.9), (0.2, 2.0)
    free = classifier_free(denoiser, CLASSES, 3.0, interval)
    auto = autoguidance(denoiser, worse, CLASSES, 3.0, interval)
    for sigma, inside in ((0.199, False), (0.2, True), (0.7, True), (2.0, True), (2.001, False), (80.0, False)):
        plain = denoiser(x, sigma, CLASSES)
        denoiser.network.calls = worse.network.calls = 0
        assert torch.equal(free(x, sigma), plain) is not inside
        assert denoiser.network.calls == 1 + inside
        assert torch.equal(auto(x, sigma), plain) is not inside
        assert (denoiser.network.calls, worse.network.calls) == (2 + inside, inside)


def test_guidance_acts_at_every_level_unless_told_otherwise(denoiser: Denoiser) -> None:
    for sigma in (0.001, 80.0):
        x = sigma * pictures() + 0.1
        assert not torch.equal(classifier_free(denoiser, CLASSES, 3.0)(x, sigma), denoiser(x, sigma, CLASSES))


def test_a_picture_without_a_class_is_not_guided(denoiser: Denoiser) -> None:
    x = pictures()
    torch.testing.assert_close(classifier_free(denoiser, CLASSES, 3.0)(x, 0.7)[3], denoiser(x, 0.7)[3])


@pytest.mark.parametrize("guidance", [1.0, 2.0, 4.0])
def test_guidance_moves_the_mean_away_from_that_of_no_class_and_keeps_the_deviation(
    denoiser: Denoiser, guidance: float
) -> None:
    # Classes of one deviation: the guided score is that of a Gaussian at m_none + guidance * (m_class - m_none).
    x = 80 * torch.randn((2, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    result = sampled(classifier_free(denoiser, ClassCondition.of([0, 1]), guidance), x, SCHEDULES["karras"](60))
    contraction = DEVIATION / math.hypot(DEVIATION, 80)
    for picture, start, mean in zip(result, x, MEANS[:2], strict=True):
        wanted = guidance * mean
        assert float(picture.mean()) == pytest.approx(wanted + (float(start.mean()) - wanted) * contraction, abs=0.003)
        assert float(picture.std()) == pytest.approx(float(start.std()) * contraction, rel=0.005)


@pytest.mark.parametrize("guidance", [1.5, 3.0])
def test_autoguidance_narrows_what_the_worse_model_had_spread(denoiser: Denoiser, ideal, guidance: float) -> None:
    worse, x = ideal(EDM, MEANS, 0.8), 5 * pictures(1, 8)
    levels = torch.linspace(math.log(5), math.log(0.1), 161).exp()
    mean = MEANS[-1]  # of no class
    result = sampled(autoguidance(denoiser, worse, None, guidance), x, levels)
    # Both flows are linear; the guided one's distances from the mean go as their product of powers.
    good, bad = (math.sqrt((s**2 + 0.1**2) / (s**2 + 5.0**2)) for s in (DEVIATION, 0.8))
    torch.testing.assert_close(result, mean + (x - mean) * good**guidance * bad ** (1 - guidance), rtol=1e-3, atol=1e-3)
    plain = sampled(conditioned(denoiser, None), x, levels)
    assert float((result - mean).std()) < 0.9 * float((plain - mean).std())


def test_a_mixture_is_the_mean_of_its_estimates_by_each_pictures_weights(denoiser: Denoiser) -> None:
    x, weights = pictures(), torch.tensor([[1.0, 0.7, 0.5, 0.0], [0.0, 0.3, 0.5, 1.0]])
    one, other = (conditioned(denoiser, ClassCondition.of([index] * 4)) for index in (0, 1))
    wanted = weights[0].view(4, 1, 1, 1) * one(x, 0.7) + weights[1].view(4, 1, 1, 1) * other(x, 0.7)
    denoiser.network.calls = 0
    torch.testing.assert_close(mixed([one, other], weights)(x, 0.7), wanted)
    assert denoiser.network.calls == 2


def test_a_mixture_of_one_is_that_one_to_the_bit(denoiser: Denoiser) -> None:
    one = conditioned(denoiser, CLASSES)
    assert mixed([one], torch.ones((1, 4))) is one


def test_a_mixtures_pictures_lie_between_those_of_its_classes(denoiser: Denoiser) -> None:
    # For classes of one deviation the mean of the scores is that of a Gaussian at the mean of the means.
    x = 80 * torch.randn((3, 3, 32, 32), generator=torch.Generator().manual_seed(2))
    parts = [conditioned(denoiser, ClassCondition.of([index] * 3)) for index in (0, 1)]
    result = sampled(mixed(parts, torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]])), x, SCHEDULES["karras"](60))
    contraction = DEVIATION / math.hypot(DEVIATION, 80)
    for picture, start, mean in zip(result, x, (-0.5, -0.15, 0.2), strict=True):
        assert float(picture.mean()) == pytest.approx(mean + (float(start.mean()) - mean) * contraction, abs=0.003)
