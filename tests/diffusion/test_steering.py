"""Steering: the sketch's forms and the palette's colours get into the pictures, which stay the data's own."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, ClassCondition, Denoise, conditioned, preconditioning
from sfumato.diffusion.steering import (
    SETTLED,
    SHADING,
    coloured,
    composed,
    low_pass,
    palette_of,
    recoloured,
)
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


def drawn(seed: int, height: int = 32, width: int = 32) -> Tensor:
    """[1, 3, H, W]: a dark thing with shades and an outline on light ground, all of it with some hue."""
    picture = torch.full((3, height, width), 0.8)
    picture[:, height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = torch.tensor([-0.3, -0.4, -0.2])[
        :, None, None
    ]
    picture[:, height // 4, width // 4 : 3 * width // 4] = -0.8
    return (picture + 0.04 * normal(3, height, width, seed=seed))[None]


def energy(pictures: Tensor) -> float:
    return float(pictures.diff(dim=2).square().mean() + pictures.diff(dim=3).square().mean())


def as_light(one: Tensor, other: Tensor) -> float:
    """How well two sets of pictures agree in where they are light and dark: 1 in all, 0 in nothing."""
    greys = [images.mean(1).flatten(1) for images in (one, other)]
    return float(torch.cosine_similarity(*(grey - grey.mean(1, keepdim=True) for grey in greys)).mean())


def test_the_pixels_of_a_colour_move_together_and_keep_their_shades() -> None:
    """Of a picture whose colours are far apart the answer is known: each colour's mean, and nothing else, moves."""
    own = torch.tensor([[-0.8, -0.8, -0.8], [0.0, 0.1, -0.1], [0.9, 0.8, 0.8]])
    palette = torch.tensor([[0.5, 0.9, 0.8], [-0.6, -0.9, -0.5], [-0.2, -0.3, 0.6]])  # in no order
    place = torch.arange(24 * 24) % 3
    pixels = own[place] + 0.03 * normal(576, 3)
    made = recoloured(pixels.T.view(1, 3, 24, 24), palette)[0].flatten(1).T
    for number, wanted in enumerate((1, 2, 0)):  # from dark to light
        mine = place == number
        expected = pixels[mine] - pixels[mine].mean(0) + palette[wanted]
        torch.testing.assert_close(made[mine], expected, rtol=0, atol=0.02)


@pytest.mark.parametrize(
    "palette", ["#aa3322,#fff0c0", "#1d3557,#f1faee,#e63946", "#264653,#e9c46a,#e76f51"], ids=lambda text: text
)
def test_named_colours_leave_the_thing_and_its_details(palette: str, palette_distance) -> None:
    levels = [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in palette.split(",")]
    colours, pictures = torch.tensor(levels) / 127.5 - 1, torch.cat([drawn(seed) for seed in range(3)])
    made = recoloured(pictures, colours)
    assert as_light(made, pictures) > 0.9
    # As much of the contrast as the palette has between its lightest and its darkest colour, and the shades beside.
    contrast = float((colours.mean(1).max() - colours.mean(1).min()) / 1.6)
    assert energy(made) > 0.7 * contrast**2 * energy(pictures)
    assert float(palette_distance(made, colours).mean()) < 0.5 * float(palette_distance(pictures, colours).mean())
    # Once is enough: what has these colours is left as it is.
    assert float((recoloured(made, colours) - made).abs().mean()) < 4 * GREY


def test_one_colour_is_a_picture_in_its_shades_and_no_field() -> None:
    picture, colour = drawn(0), torch.tensor([[0.3, -0.6, -0.7]])
    made = recoloured(picture, colour)
    torch.testing.assert_close(made.mean((2, 3)), colour, rtol=0, atol=1e-4)
    assert as_light(made, picture) > 0.99
    grey = made.mean(1, keepdim=True)
    deviation = float((3 * (grey - grey.mean()).square().mean()).sqrt())
    assert deviation == pytest.approx(SHADING, rel=0.01)
    halved = recoloured(picture, colour, shading=SHADING / 2).mean(1, keepdim=True)
    torch.testing.assert_close(2 * (halved - halved.mean()), grey - grey.mean())


def test_white_paper_stays_the_lightest_though_nothing_on_it_is_dark() -> None:
    palette = torch.tensor([[-0.9, -0.8, -0.6], [0.1, -0.3, -0.2], [0.9, 0.8, 0.6]])
    for level, expected in ((0.95, 2), (-0.95, 0)):
        made = recoloured(torch.full((1, 3, 16, 16), level) + 0.01 * normal(1, 3, 16, 16), palette)
        torch.testing.assert_close(made.mean((0, 2, 3)), palette[expected], rtol=0, atol=0.02)


def test_where_it_could_be_either_the_commoner_colour_is_taken() -> None:
    palette = torch.tensor([[-0.9, -0.9, -0.9], [0.0, -0.1, 0.2], [0.2, -0.1, 0.0], [0.9, 0.9, 0.9]])
    picture = torch.zeros(1, 3, 8, 8) + torch.tensor([0.03, -0.06, 0.03])[:, None, None]
    picture[..., :2, :], picture[..., 6:, :] = -0.95, 0.95
    for common, expected in ((1, 0.2), (2, -0.2)):  # bluer, or redder
        shares = torch.full((4,), 0.01)
        shares[common] = 1.0
        middle = recoloured(picture, palette, shares)[0, :, 4, 4]
        assert float(middle[2] - middle[0]) == pytest.approx(expected, abs=0.03)
        torch.testing.assert_close(recoloured(picture, palette, 7 * shares)[0, :, 4, 4], middle)
    none = recoloured(picture, palette, torch.tensor([1.0, 0.0, 1.0, 1.0]))
    torch.testing.assert_close(none, recoloured(picture, palette[[0, 2, 3]]))


def test_a_picture_is_recoloured_on_its_own_whatever_stands_beside_it() -> None:
    images = even(2, 3, 16, 16) * torch.tensor([0.2, 1.0]).view(2, 1, 1, 1)
    for one, both in zip(images[:, None], recoloured(images, PALETTE), strict=True):
        torch.testing.assert_close(recoloured(one, PALETTE)[0], both, rtol=0, atol=1e-5)


@pytest.mark.parametrize("sigma", [0.005, 0.01])
def test_the_default_halves_the_estimates_distance_and_more_strength_does_more(sigma: float, palette_distance) -> None:
    images = 0.5 * normal(4, 3, 32, 32)

    def far(**settings: float) -> float:
        return float(palette_distance(coloured(same, PALETTE, **settings)(images, sigma), PALETTE).mean())

    distances = [far(strength=strength) for strength in (0, 0.25, 0.5, 0.75, 1)]
    assert all(more < less for less, more in pairwise(distances))
    assert far() <= far(strength=0) / 2


def test_the_palette_comes_in_as_forms_stand_and_earlier_in_large_pictures() -> None:
    images = 0.5 * normal(4, 3, 32, 32)

    def pull(sigma: float, pictures: Tensor = images) -> float:
        return float((coloured(same, PALETTE)(pictures, sigma) - pictures).square().mean().sqrt())

    full = pull(1e-4)
    shares = [pull(SETTLED * times) / full for times in (0.1, 1.0, 10.0)]
    assert shares == pytest.approx([1 / 1.01, 1 / 2, 1 / 101], rel=0.01)
    # At twice the size the same is hidden by twice the noise.
    larger = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert pull(0.4, larger) / pull(2e-4, larger) == pytest.approx(pull(0.2) / full, rel=1e-4)
    wide = images.repeat(1, 1, 1, 3)  # is no larger
    assert pull(0.2, wide) / pull(1e-4, wide) == pytest.approx(pull(0.2) / full, rel=1e-4)


def test_a_palette_of_greys_leaves_no_colour() -> None:
    greys = torch.tensor([[-0.8, -0.8, -0.8], [0.0, 0.0, 0.0], [0.7, 0.7, 0.7]])
    made = recoloured(0.5 * normal(2, 3, 16, 16), greys)
    torch.testing.assert_close(made, made.mean(1, keepdim=True).expand_as(made), rtol=0, atol=1e-5)
    brown = torch.tensor([0.2, 0.0, -0.2])
    made = recoloured(0.5 * normal(2, 3, 16, 16), greys + brown)
    hue = made - made.mean(1, keepdim=True)
    torch.testing.assert_close(hue, brown.view(1, 3, 1, 1).expand_as(hue), rtol=0, atol=1e-5)  # all one brown
    two = torch.stack((greys[0] + brown, greys[2] - brown))
    made = recoloured(0.5 * normal(2, 3, 16, 16), two)
    assert float((made - made.mean(1, keepdim=True)).std(dim=(0, 2, 3)).min()) > 0.05


def test_without_strength_the_colours_are_left_as_they_are(mixture) -> None:
    two, x = mixture((-1.0, 0.8), (0.3, 0.5), (0.4, 0.6)), normal(2, 3, 8, 8)
    assert torch.equal(coloured(two, PALETTE, strength=0)(x, 0.005), two(x, 0.005))
    assert not torch.allclose(coloured(two, PALETTE)(x, 0.005), two(x, 0.005), atol=0.1)


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "heun", "euler_ancestral"])
def test_pictures_take_the_palettes_colours_and_keep_what_is_in_them(sampler: str, mixture, palette_distance) -> None:
    # The data's colours are all 27 of dark, middle and light in red, green and blue, with some shading.
    values = (-0.7, 0.0, 0.7)
    data, x = mixture(values, (0.06,) * 3, (1 / 3,) * 3), normal(6, 3, 16, 16, seed=2)
    palette = torch.tensor([[-0.65, -0.6, 0.05], [0.65, 0.05, -0.6], [0.6, 0.7, 0.65]])
    plain, steered = (sampled(denoise, x, sampler) for denoise in (data, coloured(data, palette)))
    assert float(palette_distance(steered, palette).mean()) < float(palette_distance(plain, palette).mean()) / 2
    assert as_light(steered, plain) > 0.7
    nearest = (steered.permute(0, 2, 3, 1)[..., None, :] - palette).square().sum(-1).argmin(-1)
    assert float(nearest.flatten().bincount(minlength=3).min()) / nearest.numel() > 0.1  # it is not all one colour


# The palette itself


def test_the_distance_is_that_to_the_nearest_colour_in_grey_levels(palette_distance) -> None:
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


def test_shaded_colours_are_found_at_their_middle(palette_distance) -> None:
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


def test_they_go_around_each_other_without_a_gradient_or_another_evaluation(ideal, palette_distance) -> None:
    denoiser = ideal(preconditioning("edm"), (-0.5, 0.2, 0.0), 0.4)
    denoiser.network.means.requires_grad_()
    plain = conditioned(denoiser, ClassCondition.of([0, 1]))
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
