"""Inpainting against closed forms: of a Gaussian, what is made given what is known has a known mean and variance."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from sfumato.diffusion.inpainting import continued, inpaint, kept
from sfumato.diffusion.noise import karras
from sfumato.diffusion.samplers import SAMPLERS, Denoise, Noise, Step
from sfumato.errors import SfumatoError

DEVIATION = 0.2  # so that of no row much is clipped


class Gaussian:
    """Rows of pixels [N, 1, 1, W] of mean 0 and this covariance [W, W]; called as D(x, sigma), their ideal denoiser."""

    def __init__(self, covariance: Tensor) -> None:
        self.covariance = covariance
        self.variances, self.axes = torch.linalg.eigh(covariance)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return (x @ self.axes * (self.variances / (self.variances + sigma**2))) @ self.axes.T

    def given(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """Of the pixels that are not ``known`` [W]: their mean is the first times the known, their covariance."""
        across = self.covariance[~known][:, known]
        mean = across @ torch.linalg.inv(self.covariance[known][:, known])
        return mean, self.covariance[~known][:, ~known] - mean @ across.T


def chain(length: int, correlation: float) -> Gaussian:
    """Standard deviation 0.2, and ``correlation`` to the power of their distance between two pixels."""
    place = torch.arange(length, dtype=torch.float64)
    return Gaussian(DEVIATION**2 * correlation ** (place[:, None] - place).abs())


def row(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 1, 1, -1)


def normal(shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Noise:
    def noise(index: int) -> Tensor:
        return torch.randn(shape, generator=torch.Generator().manual_seed(1000 + index), dtype=dtype)

    return noise


def paint(
    name: str,
    denoise: Denoise,
    picture: Tensor,
    mask: Tensor,
    *,
    steps: int = 8,
    repeats: int = 1,
    nudges: int = 1,
    count: int = 2,
) -> Iterator[Step]:
    shape = (count, *picture.shape[1:])
    sigmas, noise = karras(steps, 0.03, 40.0), normal(shape, picture.dtype)
    x = noise(-1) * sigmas[0].to(picture.dtype)
    return inpaint(
        denoise,
        x,
        sigmas,
        noise,
        sampler=SAMPLERS[name],
        picture=picture,
        mask=mask,
        repeats=repeats,
        nudges=nudges,
    )


def finish(*args: object, **settings: int) -> Tensor:
    """The last step, with what is to be kept put back. args: of ``paint``, the picture and the mask last."""
    *_, last = paint(*args, **settings)  # type: ignore[arg-type]
    return kept(last.x, *args[2:])  # type: ignore[arg-type]


def continuations(gaussian: Gaussian, mask: Tensor, *, nudges: int, repeats: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Rows of the Gaussian, [N, W], made anew where the mask is 1: the rows, and of what was made its linear dependence
    on what is known, [made, known], and its variance apart from that, [made]."""
    known, shape = mask.flatten() == 0, (4000, 1, 1, mask.shape[-1])
    pictures = normal(shape)(-2) @ torch.linalg.cholesky(gaussian.covariance).T
    rows = finish("dpmpp_2m_sde", gaussian, pictures, mask, steps=24, nudges=nudges, repeats=repeats, count=4000)[
        :, 0, 0
    ]
    mean = torch.linalg.lstsq(rows[:, known], rows[:, ~known]).solution.T
    return rows, mean, (rows[:, ~known] - rows[:, known] @ mean.T).var(0)


PAIR = row([0.0, 1.0])
HALF = row([0.0] * 8 + [1.0] * 8)
CORNER = torch.zeros(1, 1, 4, 6)
CORNER[..., 1:, 2:] = 1


def picture_of(count: int) -> Tensor:
    """[count, 3, 4, 6] in -1..1."""
    return torch.rand((count, 3, 4, 6), generator=torch.Generator().manual_seed(0)) * 2 - 1


# What is made fits what is known


@pytest.mark.parametrize("name", SAMPLERS)
def test_of_two_pixels_the_second_follows_the_first(name: str) -> None:
    pictures, gaussian = DEVIATION * normal((4000, 1, 1, 2))(-2), chain(2, 0.9)
    made = finish(name, gaussian, pictures, PAIR, steps=48, count=4000)[:, 0, 0]
    known, other = made.T
    mean = float(known @ other / (known @ known))
    assert mean == pytest.approx(0.9, abs=0.05)
    assert float((other - mean * known).std()) == pytest.approx(DEVIATION * math.sqrt(1 - 0.9**2), rel=0.2)


def test_of_many_pixels_the_conditional_mean_and_variance_are_met_with_a_few_nudges() -> None:
    gaussian = chain(16, 0.8)
    mean, covariance = gaussian.given(HALF.flatten() == 0)
    errors = []
    for nudges in (0, 1, 3):
        _, found, variance = continuations(gaussian, HALF, nudges=nudges)
        errors.append(float((found - mean)[:, 7].abs().max()))  # on the known pixel that is nearest
    assert errors[2] < 0.3 * errors[0] and errors[1] < 0.6 * errors[0]
    torch.testing.assert_close(found[:3, 7], mean[:3, 7], atol=0.06, rtol=0)
    torch.testing.assert_close(variance, covariance.diag(), atol=0.0, rtol=0.2)


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_denoiser_is_asked_of_nothing_that_it_has_not_learned(name: str) -> None:
    """The known pixels are at every level the picture under as much noise as there is, but for a nudge."""
    picture, seen = torch.zeros(1, 1, 64, 64, dtype=torch.float64), []
    mask = (torch.arange(64) >= 32).double().expand(1, 1, 64, 64)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        seen.append(float(x[..., :32].std()) / sigma)
        return x / (1 + sigma**2)

    for nudges, most in ((0, 0.1), (2, 0.3)):
        seen.clear()
        list(paint(name, denoise, picture, mask, steps=12, nudges=nudges, count=1))
        assert 1 - most < min(seen) <= max(seen) < 1 + most


def test_a_row_is_continued_without_a_seam() -> None:
    rows, _, _ = continuations(chain(16, 0.8), HALF, nudges=1, repeats=2)
    gradients = rows.diff(dim=1).square().mean(0)
    assert 0.8 < float(gradients[7] / gradients[8:].mean()) < 1.25
    assert 0.8 < float(gradients[7] / gradients[:7].mean()) < 1.25
    assert float(rows[:, 8:].square().mean()) == pytest.approx(DEVIATION**2, rel=0.15)


def test_of_two_modes_the_known_pixels_choose() -> None:
    """Pictures that are about 0.8 everywhere or about -0.8 everywhere: the made half is of the known half's kind."""

    def two_modes(x: Tensor, sigma: float) -> Tensor:
        variance = 0.2**2 + sigma**2
        mean = 0.8 * torch.tanh(0.8 * x.sum((1, 2, 3), keepdim=True) / variance)
        return mean + (x - mean) * 0.2**2 / variance

    sign = torch.tensor([1.0, -1.0]).repeat(100).view(-1, 1, 1, 1)
    picture = (0.8 * sign + 0.2 * normal((200, 3, 2, 2), torch.float32)(5)).clamp(-1, 1)
    mask = torch.tensor([0.0, 1.0]).expand(1, 1, 2, 2)
    made = finish("dpmpp_2m_sde", two_modes, picture, mask, steps=16, count=200)[..., 1]
    assert (made.mean((1, 2)) * sign.flatten() > 0.5).all()
    assert float((made - 0.8 * sign[..., 0]).std()) == pytest.approx(0.2, rel=0.15)


# What is known is kept


@pytest.mark.parametrize("name", SAMPLERS)
def test_known_pixels_are_the_pictures_own_to_the_last_bit(name: str, mixture) -> None:
    denoise, picture = mixture((-0.5, 0.4), (0.2, 0.1), (0.4, 0.6)), picture_of(2)
    steps = list(paint(name, denoise, picture, CORNER, repeats=2, nudges=2))
    known = CORNER.expand_as(picture) == 0
    made = kept(steps[-1].x, picture, CORNER)
    assert torch.equal(made[known], picture[known])
    assert not torch.isclose(made[~known], picture[~known]).any()
    for step in steps:
        assert torch.equal(step.denoised[known], picture[known])


def test_what_the_mask_covers_is_not_looked_at(mixture) -> None:
    denoise, picture = mixture((0.1,), (0.3,)), picture_of(2)
    other = torch.where(CORNER > 0, -picture, picture)
    assert torch.equal(finish("heun", denoise, picture, CORNER), finish("heun", denoise, other, CORNER))


def test_a_soft_mask_passes_from_the_picture_to_what_was_made(mixture) -> None:
    denoise, picture = mixture((0.1,), (0.3,)), picture_of(2)
    soft = CORNER * torch.linspace(0.1, 1.0, 6)
    made = finish("dpmpp_2m", denoise, picture, CORNER)
    torch.testing.assert_close(finish("dpmpp_2m", denoise, picture, soft), picture + soft * (made - picture))


def test_pictures_and_masks_are_each_pictures_own_or_one_for_all() -> None:
    gaussian, pictures = chain(6, 0.8), normal((2, 3, 4, 6))(9)
    masks = torch.cat((CORNER, CORNER.flip(3))).double()
    both = finish("dpmpp_2m_sde", gaussian, pictures, masks, repeats=2, nudges=2)
    for index in range(2):
        one = finish("dpmpp_2m_sde", gaussian, pictures[index, None], masks[index, None], repeats=2, nudges=2)
        torch.testing.assert_close(one[index], both[index])


# What it begins with


def test_a_picture_goes_on_with_the_light_and_colour_that_lie_near() -> None:
    colours = torch.tensor([[0.5, -0.2, 0.0], [-0.8, 0.1, 0.3]])
    picture = torch.full((1, 3, 16, 40), 9.0)
    picture[..., :8], picture[..., 32:] = colours[0].view(1, 3, 1, 1), colours[1].view(1, 3, 1, 1)
    mask = torch.zeros(1, 1, 16, 40)
    mask[..., 8:32] = 0.3
    begun = continued(picture, mask)
    assert torch.equal(begun[mask.expand_as(picture) == 0], picture[mask.expand_as(picture) == 0])
    torch.testing.assert_close(begun[0, :, 8, 8], colours[0], atol=0.2, rtol=0)
    torch.testing.assert_close(begun[0, :, 8, 31], colours[1], atol=0.2, rtol=0)
    between = begun[0, :, 8, 8:32]
    assert (between.diff(dim=1) * (colours[1] - colours[0])[:, None] >= -1e-6).all()
    odd = torch.ones(1, 1, 5, 7)
    odd[..., 4, 6] = 0
    torch.testing.assert_close(continued(picture[..., :5, :7], odd), picture[..., :5, :7])


# The contract of a sampler


@pytest.mark.parametrize("name", SAMPLERS)
def test_levels_at_which_a_picture_is_decided_are_gone_through_again_with_fresh_noise(name: str, mixture) -> None:
    asked: list[float] = []
    drawn: list[int] = []
    picture, sigmas, ideal = picture_of(1), karras(8, 0.03, 40.0), mixture((0.1,), (0.3,))

    def noise(index: int) -> Tensor:
        drawn.append(index)
        return normal(picture.shape)(index).float()

    def denoise(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return ideal(x, sigma)

    def run(repeats: int | None) -> list[Step]:
        asked.clear()
        drawn.clear()
        x, sampler = 40 * normal(picture.shape)(-1).float(), SAMPLERS[name]
        if repeats is None:
            return list(sampler(denoise, x, sigmas, noise))
        given = {"picture": picture, "mask": CORNER, "repeats": repeats, "nudges": 0}
        return list(inpaint(denoise, x, sigmas, noise, sampler=sampler, **given))

    alone, levels, draws = run(None), list(asked), list(drawn)
    run(1)
    assert (asked, drawn) == (levels, draws)
    steps = run(3)
    assert [(s.index, s.steps, s.sigma) for s in steps] == [(s.index, s.steps, s.sigma) for s in alone]
    assert all(step.x.shape == step.denoised.shape == (1, 3, 4, 6) for step in steps)
    # 40 to 0.5 in two pieces, three times each; 0.15 and 0.03 once.
    if name != "heun":
        assert [asked.count(sigma) for sigma in sigmas.tolist()[:-1]] == [3, 3, 3, 3, 3, 3, 1, 1]
    assert len(asked) == (39 if name == "heun" else 20)
    assert len(drawn) == len(set(drawn))


def test_steps_add_fresh_noise_up_to_the_level_asked_for_and_levels_are_gone_through_again_with_it(mixture) -> None:
    drawn: list[int] = []
    picture, sigmas = picture_of(1), karras(8, 0.03, 40.0)

    def noise(index: int) -> Tensor:
        drawn.append(index)
        return normal(picture.shape)(index).float()

    def draws(repeats: int, noise_high: float) -> int:
        drawn.clear()
        given = {"picture": picture, "mask": CORNER, "repeats": repeats, "nudges": 0}
        given["adds_noise"] = lambda sigma: sigma <= noise_high
        sampler = SAMPLERS["dpmpp_2m_sde"]
        list(
            inpaint(
                mixture((0.1,), (0.3,)), 40 * normal(picture.shape)(-1).float(), sigmas, noise, sampler=sampler, **given
            )
        )
        return len(drawn)

    below = sum(sigma <= 1.0 for sigma in sigmas.tolist()[:-2])
    assert draws(1, 40.001) == draws(1, math.inf) == 7
    assert draws(1, 1.0) == below
    assert draws(1, 0.0) == 0
    assert draws(2, 0.0) == 2  # two pieces, each begun anew once


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_steps_are_the_samplers_and_another_estimate_is_nudged(name: str, mixture) -> None:
    asked: dict[str, list[float]] = {"guided": [], "plain": []}
    drawn: list[int] = []
    picture, sigmas, ideal = picture_of(1), karras(8, 0.03, 40.0), mixture((0.1,), (0.3,))

    def noise(index: int) -> Tensor:
        drawn.append(index)
        return normal(picture.shape)(index).float()

    def estimate(kind: str) -> Denoise:
        def denoise(x: Tensor, sigma: float) -> Tensor:
            asked[kind].append(sigma)
            return ideal(x, sigma)

        return denoise

    x, sampler, guided = 40 * normal(picture.shape)(-1).float(), SAMPLERS[name], estimate("guided")
    alone, levels, draws = list(sampler(guided, x, sigmas, noise)), list(asked["guided"]), list(drawn)
    for nudges, nudged, more in ((0, None, []), (2, None, []), (2, estimate("plain"), levels)):
        for calls in (*asked.values(), drawn):
            calls.clear()
        given = {"picture": picture, "mask": CORNER, "nudges": nudges, "nudged": nudged}
        steps = list(inpaint(guided, x, sigmas, noise, sampler=sampler, **given))
        assert [(s.index, s.steps, s.sigma) for s in steps] == [(s.index, s.steps, s.sigma) for s in alone]
        assert all(step.x.shape == step.denoised.shape == (1, 3, 4, 6) for step in steps)
        assert drawn == draws
        assert len(asked["guided"]) == len(levels) * (1 if nudged else 1 + nudges)
        assert len(asked["plain"]) == len(more) * (1 + nudges)


def test_nothing_is_nudged_above_the_highest_level_for_that() -> None:
    picture, sigmas, asked = picture_of(1), karras(8, 0.03, 40.0), []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return 0.5 * x

    given = {"picture": picture, "mask": CORNER, "highest": 1.0}
    list(inpaint(denoise, picture, sigmas, normal(picture.shape, torch.float32), sampler=SAMPLERS["euler"], **given))
    assert [asked.count(sigma) for sigma in sigmas.tolist()[:-1]] == [
        1 + (sigma <= 1) for sigma in sigmas.tolist()[:-1]
    ]


def test_what_does_not_move_with_the_known_pixels_is_left_alone() -> None:
    """Nor does an estimate that they move the wrong way, which no covariance does, lead anywhere."""
    for slope in (0.0, -0.5):
        made = finish("euler", lambda x, sigma, slope=slope: slope * x, picture_of(2), CORNER, nudges=3)
        without = finish("euler", lambda x, sigma, slope=slope: slope * x, picture_of(2), CORNER, nudges=0)
        assert torch.equal(made, without)


def test_nothing_is_kept_from_one_picture_to_the_next(mixture) -> None:
    denoise, picture = mixture((-0.5, 0.4), (0.2, 0.1), (0.4, 0.6)), picture_of(2)
    original = picture.clone()
    first = finish("dpmpp_2m", denoise, picture, CORNER)
    assert torch.equal(first, finish("dpmpp_2m", denoise, picture, CORNER))
    assert torch.equal(picture, original)


# What is refused


def never(x: Tensor, sigma: float) -> Tensor:
    raise AssertionError("evaluated in spite of what is wrong")


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (torch.ones(1, 1, 4, 5), r"the mask is \[1, 1, 4, 5\].*give \[2, 1, 4, 6\], or one for all"),
        (torch.ones(3, 1, 4, 6), r"the mask is \[3, 1, 4, 6\]"),
        (torch.ones(1, 3, 4, 6), r"the mask is \[1, 3, 4, 6\]"),
        (torch.ones(4, 6), r"the mask is \[4, 6\]"),
        (torch.zeros(1, 1, 4, 6), "covers nothing of a picture; give 1 where"),
        (torch.ones(1, 1, 4, 6), "keeps nothing of a picture; give 0 somewhere"),
        (torch.stack((torch.zeros(1, 4, 6), torch.eye(4, 6)[None])), "covers nothing"),
        (torch.stack((torch.ones(1, 4, 6), torch.eye(4, 6)[None])), "keeps nothing"),
        (255 * torch.eye(4, 6).view(1, 1, 4, 6), "values from 0 to 255"),
        (torch.eye(4, 6).view(1, 1, 4, 6) - 0.5, "values from -0.5 to 0.5"),
    ],
)
def test_a_mask_that_cannot_be_meant_is_refused_at_once(mask: Tensor, said: str) -> None:
    with pytest.raises(SfumatoError, match=f"^inpainting: .*{said}"):
        paint("euler", never, picture_of(2), mask)


def test_a_picture_of_another_size_is_refused_at_once() -> None:
    with pytest.raises(SfumatoError, match=r"the picture is \[3, 3, 4, 6\] and \[2, 3, 4, 6\] are to be made"):
        paint("euler", never, picture_of(3), CORNER)


def test_no_way_at_all_is_refused_at_once() -> None:
    with pytest.raises(SfumatoError, match="1 repeats and -1 nudges; give 1 or more and 0 or more"):
        paint("euler", never, picture_of(2), CORNER, nudges=-1)
    with pytest.raises(SfumatoError, match="0 repeats"):
        paint("euler", never, picture_of(2), CORNER, repeats=0)


def test_nothing_is_computed_before_it_is_asked_for() -> None:
    steps = paint("euler", never, picture_of(2), CORNER)
    with pytest.raises(AssertionError, match="evaluated"):
        next(steps)
