"""Pictures at another scale, where the answer is known without a filter's table."""

import pytest
import torch

from sfumato.diffusion.enlarging import enlarged, reduced

FACTORS = (2, 3, 4, 8)


def ramp(height: int, width: int) -> torch.Tensor:
    """A plane: rises down and across."""
    down, across = torch.linspace(-0.5, 0.5, height)[:, None], torch.linspace(-0.3, 0.3, width)
    return (down + across).expand(1, 3, height, width)


@pytest.mark.parametrize("factor", FACTORS)
def test_one_colour_stays_that_colour(factor: int) -> None:
    plain = torch.full((2, 3, 48, 24), 0.3)
    assert torch.allclose(reduced(plain, factor), torch.full((2, 3, 48 // factor, 24 // factor), 0.3), atol=1e-6)
    assert torch.allclose(enlarged(plain, factor), torch.full((2, 3, 48 * factor, 24 * factor), 0.3), atol=1e-6)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_plane_comes_back_away_from_the_edges(factor: int) -> None:
    plane = ramp(16 * factor, 12 * factor)
    again = enlarged(reduced(plane, factor), factor)
    inner = (..., slice(4 * factor, -4 * factor), slice(4 * factor, -4 * factor))
    assert torch.allclose(again[inner], plane[inner], atol=2e-3)


def test_what_is_finer_than_a_small_pixel_is_gone() -> None:
    stripes = torch.tensor([1.0, -1.0]).repeat(32).expand(1, 3, 64, 64)
    assert reduced(stripes, 4)[..., 2:-2].abs().max() < 0.05


@pytest.mark.parametrize("factor", FACTORS)
def test_a_picture_that_repeats_does_so_enlarged(factor: int) -> None:
    picture = torch.rand((1, 3, 8, 6), generator=torch.Generator().manual_seed(0))
    nine = enlarged(picture.repeat(1, 1, 3, 3), factor)
    middle = nine[:, :, 8 * factor : 16 * factor, 6 * factor : 12 * factor]
    assert torch.allclose(enlarged(picture, factor, wrap=True), middle, atol=1e-5)
