"""Steering: the sketch's forms and the palette's colours get into the pictures, which stay the data's own."""

import math
from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, Denoise, conditioned, preconditioning
from sfumato.diffusion.steering import coloured, composed, low_pass, palette_distance, palette_of, shaded
from sfumato.errors import SfumatoError

LEVELS = SCHEDULES["karras"](25)
GREY = 2 / 255  # one level of 256
PALETTE = torch.tensor([[-0.9, -0.8, -0.6], [-0.5, 0.0, 0.4], [0.2, 0.5, 0.6], [0.8, 0.7, 0.4]])


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def even(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def sampled(denoise: Denoise, x: Tensor, sampler: str = "dpmpp_2m") -> Tensor:
    *_, last = SAMPLERS[sampler](denoise, 80 * x, LEVELS, lambda index: normal(*x.shape, seed=index))
    return last.x


def same(x: Tensor, sigma: float) -> Tensor:
    """A denoiser that takes what it is shown for the clean picture."""
    return x


# What passes the low pass


@pytest.mark.parametrize(("height", "width"), [(32, 32), (30, 17)])
@pytest.mark.parametrize("factor", [1, 2, 3.5, 8, 1000])
def test_what_has_passed_passes_again_unchanged(height: int, width: int, factor: float) -> None:
    images = normal(2, 3, height, width)
    low = low_pass(images, factor)
    assert low.shape == images.shape
    torch.testing.assert_close(low_pass(low, factor), low, rtol=0, atol=1e-5)
    # What was taken away has nothing to do with what is left: no nearer picture is to be had.
    assert float((low * (images - low)).sum() / images.square().sum()) == pytest.approx(0, abs=1e-5)


def test_it_keeps_waves_that_are_longer_and_no_others() -> None:
    place = (torch.arange(64) + 0.5) / 64

    def kept(waves: float, factor: float) -> float:
        picture = (2 * math.pi * waves * place).cos().expand(1, 3, 64, 64)
        return float(low_pass(picture, factor).norm() / picture.norm())

    assert kept(0, 8) == pytest.approx(1, abs=1e-5)
    assert kept(1, 8) > 0.99
    assert kept(2, 8) > 0.95
    assert all(kept(waves, 8) < 0.05 for waves in (12, 20, 31))  # 8 numbers in a row show 4 waves
    assert kept(12, 2) > 0.95


def test_a_factor_of_1_passes_all_and_one_of_the_side_the_mean_alone() -> None:
    images = normal(2, 3, 12, 12)
    torch.testing.assert_close(low_pass(images, 1), images)
    torch.testing.assert_close(low_pass(images, 12), images.mean((2, 3), keepdim=True).expand_as(images))


# Following a sketch


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_in_full_strength_the_estimates_coarse_forms_are_the_sketchs(factor: float) -> None:
    denoised, target = normal(3, 3, 16, 24), even(1, 3, 16, 24, seed=1)
    steered = composed(same, target, factor=factor, above=0.5)(denoised, 1.0)
    expected = low_pass(target, factor).expand_as(steered)
    torch.testing.assert_close(low_pass(steered, factor), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(steered - expected, denoised - low_pass(denoised, factor), rtol=0, atol=1e-5)


def test_strength_is_the_part_of_the_way_to_the_sketch() -> None:
    denoised, target = normal(3, 3, 16, 16), even(3, 3, 16, 16, seed=1)

    def far(strength: float) -> float:
        steered = composed(same, target, factor=4, above=0.5, strength=strength)(denoised, 1.0)
        return float(low_pass(steered - target, 4).norm())

    assert far(0.25) == pytest.approx(0.75 * far(0), rel=1e-4)
    assert far(0.5) == pytest.approx(0.5 * far(0), rel=1e-4)


def test_without_strength_and_up_to_the_level_the_denoiser_is_left_as_it_is(mixture) -> None:
    two, x, target = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), normal(2, 3, 8, 8), even(2, 3, 8, 8)
    assert torch.equal(composed(two, target, factor=2, above=0.0, strength=0)(x, 3.0), two(x, 3.0))
    steered = composed(two, target, factor=2, above=0.7)
    assert torch.equal(steered(x, 0.7), two(x, 0.7))
    assert not torch.allclose(steered(x, 0.71), two(x, 0.71), atol=0.1)


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "heun", "euler_ancestral"])
def test_pictures_take_the_sketchs_forms_and_stay_the_datas_own(sampler: str, mixture) -> None:
    # Every number of the data is near -0.7 or near 0.7; the sketch is dark on the left and grey on the right.
    data, x = mixture((-0.7, 0.7), (0.05, 0.05), (0.5, 0.5)), normal(8, 3, 16, 16, seed=2)
    target = torch.full((1, 3, 16, 16), -0.6)
    target[..., 8:] = 0.1
    plain, steered = (sampled(denoise, x, sampler) for denoise in (data, composed(data, target, factor=4, above=0.3)))

    def far(pictures: Tensor) -> float:
        return float(low_pass(pictures - target, 4).square().mean().sqrt())

    assert far(steered) < far(plain) / 2
    assert float((steered.abs() - 0.7).abs().mean()) < 2 * float((plain.abs() - 0.7).abs().mean())


# A palette's colours


def test_shades_are_expected_where_bayes_rule_puts_them() -> None:
    """Against the same integral by brute force: a colour drawn from the palette's Gaussians, seen through noise."""
    palette, shading, hidden = torch.tensor([[-0.5, 0.0, 0.2], [0.4, 0.1, -0.3]]), 0.5, 0.3
    seen = torch.tensor([0.1, 0.3, 0.0])
    shades = normal(2, 400_000, 3)
    grey = shades.mean(2, keepdim=True)
    colours = (palette[:, None] + shading * grey + shading / 2 * (shades - grey)).flatten(0, 1)
    weights = (-(colours - seen).square().sum(1) / (2 * hidden**2)).softmax(0)
    found = shaded(seen[None, :, None, None], palette, hidden)[0, :, 0, 0]
    assert not torch.allclose(found, weights @ colours, atol=0.05)  # that was the default shading
    found = shaded(seen[None, :, None, None], palette, hidden, shading=shading)[0, :, 0, 0]
    torch.testing.assert_close(found, weights @ colours, rtol=0, atol=0.005)


def test_what_is_known_stays_and_what_is_hidden_takes_the_palettes_colours() -> None:
    images = even(2, 3, 8, 8)
    torch.testing.assert_close(shaded(images, PALETTE, 0.0), images)
    known, vague = (float(palette_distance(shaded(images, PALETTE, hidden), PALETTE).mean()) for hidden in (0.02, 0.2))
    plain = float(palette_distance(images, PALETTE).mean())
    assert vague < 0.4 * plain < 0.9 * plain < known < plain
    # Lighter and darker shades of a colour keep their order.
    row = PALETTE[2, :, None] + torch.linspace(-0.1, 0.1, 9)
    assert (shaded(row[None, :, None], PALETTE, 0.2)[0, 0, 0].diff() > 0).all()


def test_shares_are_kept_by_every_picture_on_its_own() -> None:
    images, shares = even(2, 3, 16, 16) * torch.tensor([0.2, 1.0]).view(2, 1, 1, 1), torch.tensor([0.1, 0.2, 0.3, 0.4])
    for hidden, scale in product((0.2, 0.5, 100.0), (1, 7)):  # shares are parts of their sum
        made = shaded(images, PALETTE, hidden, scale * shares, shading=0.01)
        torch.testing.assert_close(made.mean((2, 3)), (shares @ PALETTE).expand(2, 3), rtol=0, atol=0.02)
    assert not torch.allclose(shaded(images, PALETTE, 0.2, shading=0.01).mean((2, 3)), shares @ PALETTE, atol=0.2)
    for one, both in zip(images[:, None], shaded(images, PALETTE, 0.2, shares, shading=0.01), strict=True):
        torch.testing.assert_close(shaded(one, PALETTE, 0.2, shares, shading=0.01)[0], both, rtol=0, atol=1e-5)
    # Where a picture is darkest, it takes the darkest of what it has to take.
    dark = images.mean(1).flatten(1).argmin(1)
    found = shaded(images, PALETTE, 0.2, shares, shading=0.01).flatten(2)[torch.arange(2), :, dark]
    torch.testing.assert_close(found, PALETTE[:1].expand(2, 3), rtol=0, atol=0.2)
    none = shaded(images, PALETTE, 0.15, torch.tensor([0.0, 1.0, 1.0, 0.0]), shading=0.01)
    assert none.isfinite().all()
    torch.testing.assert_close(none, shaded(images, PALETTE[1:3], 0.15, torch.ones(2), shading=0.01), rtol=0, atol=0.01)


@pytest.mark.parametrize("sigma", [0.3, 0.6, 2.0])
def test_the_default_halves_the_estimates_distance_and_more_strength_does_more(sigma: float) -> None:
    images = 0.5 * normal(4, 3, 32, 32)

    def far(**settings: float) -> float:
        return float(palette_distance(coloured(same, PALETTE, **settings)(images, sigma), PALETTE).mean())

    distances = [far(strength=strength) for strength in (0, 0.25, 0.5, 0.75, 1)]
    assert all(more < less for less, more in pairwise(distances))
    assert far() <= far(strength=0) / 2


def test_the_palette_lets_go_as_the_noise_does_and_later_in_large_pictures() -> None:
    images = 0.5 * normal(4, 3, 32, 32)

    def pull(sigma: float, pictures: Tensor = images) -> float:
        return float((coloured(same, PALETTE)(pictures, sigma) - pictures).square().mean().sqrt())

    pulls = [pull(sigma) for sigma in (0.01, 0.03, 0.1, 0.3)]
    assert pulls[0] < GREY
    assert all(more > 2 * less for less, more in pairwise(pulls[:3]))
    assert pulls[3] > pulls[2]
    # At twice the size the same is hidden by twice the noise.
    larger = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert pull(0.2, larger) == pytest.approx(pull(0.1), rel=1e-4)
    assert pull(0.1, images.repeat(1, 1, 1, 3)) == pytest.approx(pull(0.1), rel=1e-4)  # a wide one is no larger


def test_without_strength_the_colours_are_left_as_they_are(mixture) -> None:
    two, x = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), normal(2, 3, 8, 8)
    assert torch.equal(coloured(two, PALETTE, strength=0)(x, 3.0), two(x, 3.0))
    assert not torch.allclose(coloured(two, PALETTE)(x, 3.0), two(x, 3.0), atol=0.1)


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "heun", "euler_ancestral"])
def test_pictures_take_the_palettes_colours_and_stay_the_datas_own(sampler: str, mixture) -> None:
    # The data's colours are all 27 of dark, middle and light in red, green and blue, with some shading.
    values = (-0.7, 0.0, 0.7)
    data, x = mixture(values, (0.06,) * 3, (1 / 3,) * 3), normal(6, 3, 16, 16, seed=2)
    corners = torch.tensor(list(product(values, repeat=3)))
    # Of a palette beside three of them; the last two are among those that are seldom anything's nearest.
    palette = torch.tensor([[-0.65, -0.6, 0.05], [0.65, 0.05, -0.6], [0.6, 0.7, 0.65]])
    plain, steered = (sampled(denoise, x, sampler) for denoise in (data, coloured(data, palette)))
    assert float(palette_distance(steered, palette).mean()) < float(palette_distance(plain, palette).mean()) / 2
    own = [float(palette_distance(pictures, corners).mean()) for pictures in (plain, steered)]
    assert own[1] < 2 * own[0] + GREY
    nearest = (steered.permute(0, 2, 3, 1)[..., None, :] - palette).square().sum(-1).argmin(-1)
    assert float(nearest.flatten().bincount(minlength=3).min()) / nearest.numel() > 0.1  # it is not all one colour


# The palette itself


def test_the_distance_is_that_to_the_nearest_colour_in_grey_levels() -> None:
    palette = torch.tensor([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]])
    images = torch.empty(3, 3, 2, 2)
    images[0], images[1], images[2] = 1.0, -1.0 + 10 * GREY, 1.0
    images[2, 0] = 1.0 - 30 * GREY  # one of three channels
    images[1, :, 0] = -1.0
    expected = torch.tensor([0.0, 5.0, 30 / math.sqrt(3)])
    torch.testing.assert_close(palette_distance(images, palette), expected, rtol=0, atol=1e-3)


def test_the_palette_of_a_picture_is_its_colours_and_their_shares() -> None:
    colours, pixels = ((10, 20, 30), (200, 30, 40), (250, 240, 230)), (50, 35, 15)
    rows = [colour for colour, count in zip(colours, pixels, strict=True) for _ in range(count)]
    picture = (torch.tensor(rows)[torch.randperm(100, generator=torch.Generator().manual_seed(0))] / 127.5 - 1).T
    for count in (3, 8):  # there are no more than three to be found
        palette, shares = palette_of(picture.view(3, 10, 10), count)
        torch.testing.assert_close(palette, torch.tensor(colours) / 127.5 - 1)
        torch.testing.assert_close(shares, torch.tensor([0.5, 0.35, 0.15]))
    palette, shares = palette_of(picture.view(3, 10, 10), 1)
    torch.testing.assert_close(palette[0], picture.mean(1))
    assert shares.tolist() == [1.0]


def test_each_colour_is_the_mean_of_the_pixels_that_it_is_nearest_to() -> None:
    picture = ((even(3, 24, 24) + 1) * 127.5).round() / 127.5 - 1  # 8 bits, as pictures are
    palette, shares = palette_of(picture, 5)
    pixels = picture.flatten(1).T
    nearest = (pixels[:, None] - palette).square().sum(-1).argmin(1)
    torch.testing.assert_close(
        torch.stack([pixels[nearest == k].mean(0) for k in range(5)]), palette, rtol=0, atol=1e-4
    )
    torch.testing.assert_close(nearest.bincount(minlength=5) / 576, shares)
    assert shares.tolist() == sorted(shares.tolist(), reverse=True)


def test_shaded_colours_are_found_at_their_middle() -> None:
    place = torch.arange(40 * 40) % 4
    picture = (PALETTE[place] + 0.04 * normal(1600, 3)).T.view(3, 40, 40).clamp(-1, 1)
    palette, shares = palette_of(picture, 4)
    found = (palette[:, None] - PALETTE).square().sum(-1).argmin(1)
    assert sorted(found.tolist()) == [0, 1, 2, 3]
    torch.testing.assert_close(palette, PALETTE[found], rtol=0, atol=0.01)
    torch.testing.assert_close(shares, torch.full((4,), 0.25))
    again, _ = palette_of(picture, 4)
    assert torch.equal(again, palette)
    distances = [float(palette_distance(picture[None], palette_of(picture, count)[0])) for count in (1, 2, 4, 8, 16)]
    assert all(more < less for less, more in pairwise(distances))


# What holds for both


def test_they_go_around_each_other_without_a_gradient_or_another_evaluation(ideal) -> None:
    denoiser = ideal(preconditioning("edm"), (-0.5, 0.2, 0.0), 0.4)
    denoiser.network.means.requires_grad_()
    plain = conditioned(denoiser, torch.tensor([0, 1]))
    with torch.inference_mode():
        target = even(1, 3, 8, 8)
        both = coloured(composed(plain, target, factor=4, above=0.3), PALETTE)
        result = sampled(both, normal(2, 3, 8, 8))
    assert denoiser.network.calls == 25
    assert not result.requires_grad
    assert denoiser.network.means.grad is None
    assert float(palette_distance(result, PALETTE).mean()) < 40


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: composed(same, PALETTE, factor=2, above=0, strength=1.5), "sketch: a strength of 1.5"),
        (lambda: composed(same, torch.zeros(1, 3, 8, 8), factor=0.5, above=0), "low pass: a factor of 0.5"),
        (lambda: coloured(same, PALETTE, strength=-1), "palette: a strength of -1"),
        (lambda: coloured(same, torch.zeros(3)), "not 3; give"),
        (lambda: coloured(same, torch.zeros(0, 3)), "not 0 x 3; give"),
        (lambda: coloured(same, 255 * PALETTE), "outside -1..1"),
        (lambda: coloured(same, PALETTE, shares=torch.ones(3)), "do not fit its 4 colours"),
        (lambda: coloured(same, PALETTE, shares=-torch.ones(4)), "do not fit its 4 colours"),
        (lambda: coloured(same, PALETTE, shares=torch.zeros(4)), "do not fit its 4 colours"),
        (lambda: coloured(same, PALETTE, shading=0), "a shading of 0"),
        (lambda: palette_of(torch.zeros(3, 4, 4), 0), "palette of 0 colours"),
    ],
)
def test_what_cannot_be_followed_is_said_at_once(make, message: str) -> None:
    with pytest.raises(SfumatoError, match=message.replace(".", r"\.")):
        make()
