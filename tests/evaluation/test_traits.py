"""Traits are what their names say, on pictures of which they are known."""

import pytest
import torch
from torch import Tensor

from sfumato.evaluation.traits import COLOURS, TONES, TRAITS, tones_and_colours, traits

SIZE = 64


def of(picture: Tensor) -> dict[str, float]:
    """picture: [3, H, W] or [H, W] of lightness, in -1..1."""
    image = picture if picture.dim() == 3 else picture.expand(3, -1, -1)
    return dict(zip(TRAITS, traits(image[None])[0].tolist(), strict=True))


def flat(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor((red, green, blue)).view(3, 1, 1).expand(3, SIZE, SIZE) * 2 - 1


def test_black_and_white_are_a_unit_apart_and_have_no_colour() -> None:
    black, white = of(flat(0, 0, 0)), of(flat(1, 1, 1))
    assert white["lightness"] - black["lightness"] == pytest.approx(1, abs=1e-3)
    assert (black["darks"], black["lights"], white["darks"], white["lights"]) == (1, 0, 0, 1)
    assert black["greys"] == white["greys"] == 1 and white["chroma"] == pytest.approx(0, abs=1e-3)
    assert white["contrast"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((1, 0, 0), "reds"),
        ((1, 0.6, 0.7), "reds"),
        ((1, 0.5, 0), "oranges"),
        ((0.45, 0.28, 0.12), "oranges"),
        ((1, 1, 0), "yellows"),
        ((0, 1, 0), "greens"),
        ((0.2, 0.4, 0.2), "greens"),
        ((0, 0, 1), "blues"),
        ((0, 0.8, 0.8), "blues"),
        ((0.5, 0, 0.8), "purples"),
        ((0.5, 0.5, 0.5), "greys"),
    ],
)
def test_a_flat_colour_goes_by_its_name(colour: tuple[float, float, float], name: str) -> None:
    found = of(flat(*colour))
    assert {trait: found[trait] for trait in COLOURS[1:]} == {trait: float(trait == name) for trait in COLOURS[1:]}


def test_a_picture_and_its_mirror_image_have_the_same_symmetry_and_the_weight_on_the_other_side() -> None:
    picture = -torch.ones(SIZE, SIZE)
    picture[8:24, 8:16] = 1
    found, mirrored = of(picture), of(picture.flip(1))
    assert found["symmetry"] == pytest.approx(mirrored["symmetry"])
    assert found["weight_across"] == pytest.approx(12 / SIZE, abs=0.01) and found["weight_down"] == pytest.approx(
        16 / SIZE, abs=0.01
    )
    assert mirrored["weight_across"] == pytest.approx(1 - found["weight_across"], abs=1e-6)
    assert mirrored["weight_down"] == pytest.approx(found["weight_down"], abs=1e-6)


def test_symmetry_is_one_of_what_is_mirrored_and_minus_one_of_its_negative() -> None:
    half = torch.rand(SIZE, SIZE // 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    assert of(torch.cat([half, half.flip(1)], 1))["symmetry"] == pytest.approx(1, abs=1e-4)
    halves = torch.cat([-torch.ones(SIZE, SIZE // 2), torch.ones(SIZE, SIZE // 2)], 1)
    assert of(halves)["symmetry"] == pytest.approx(-1, abs=1e-4)


def test_stripes_are_uprights_or_levels_and_leave_no_empty_ground() -> None:
    stripes = torch.where((torch.arange(SIZE) // 8) % 2 == 0, 1.0, -1.0).expand(SIZE, SIZE)
    upright, level = of(stripes), of(stripes.T)
    assert upright["uprights"] == pytest.approx(1, abs=1e-3) and upright["levels"] == pytest.approx(0, abs=1e-3)
    assert level["levels"] == pytest.approx(1, abs=1e-3) and level["uprights"] == pytest.approx(0, abs=1e-3)
    assert upright["empty"] == 0 and upright["edges"] > 0.3


def test_an_empty_ground_is_empty_and_a_dot_gathers_the_weight() -> None:
    nothing = of(torch.zeros(SIZE, SIZE))
    assert nothing["empty"] == 1 and nothing["edges"] == 0 and nothing["symmetry"] == 1
    assert nothing["weight_across"] == pytest.approx(0.5) and nothing["weight_down"] == pytest.approx(0.5)
    dot = -torch.ones(SIZE, SIZE)
    dot[30:34, 30:34] = 1
    assert of(dot)["spread"] < 0.1 < 0.3 < nothing["spread"] and 0.5 < of(dot)["empty"] < 1


def test_the_first_are_the_same_at_any_size_and_for_any_number_at_once() -> None:
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(2)) * 2 - 1
    known = tones_and_colours(images)
    assert known.shape == (5, len(TONES) + len(COLOURS))
    large = images.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.allclose(tones_and_colours(large), known, atol=1e-5)
    assert torch.allclose(traits(images)[3:4], traits(images[3:4]), atol=1e-6) and traits(images).isfinite().all()
