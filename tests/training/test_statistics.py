"""Sets of pictures are told apart by what they look like, by how unlike they are to each other, and by empty ones."""

import pytest
import torch
from torch import Tensor

from sfumato.training.statistics import EMPTY, WEIGHT_OF_EMPTY, Statistics


def noise(count: int, deviation: float = 0.2, seed: int = 0) -> Tensor:
    """Pictures of grey noise in cells, of contrasts between none and twice the deviation, each on its own grey."""
    generator = torch.Generator().manual_seed(seed)
    contrast = 2 * deviation * (torch.arange(count) + 0.5).view(-1, 1, 1, 1) / count
    cells = torch.randn(count, 3, 4, 4, generator=generator).repeat_interleave(4, 2).repeat_interleave(4, 3)
    return (contrast * cells + 0.2 * torch.randn(count, 1, 1, 1, generator=generator)).clamp(-1, 1)


def test_a_set_is_nearer_to_another_of_its_kind_than_to_one_of_another_contrast_or_colour() -> None:
    pictures = Statistics.of(noise(200))
    like = Statistics.of(noise(200, seed=1))
    assert abs(pictures.energy_distance(like)) < 0.05
    same = pictures.distance(like)
    others = [
        noise(200, 0.3, seed=1),
        noise(200, 0.1, seed=1),
        noise(200, seed=1).mean(1, keepdim=True).expand(-1, 3, -1, -1),
    ]
    assert all(pictures.distance(Statistics.of(other)) > same + 0.05 for other in others)


def test_copies_of_one_picture_have_no_spread_and_are_far_however_likely_it_is() -> None:
    images = noise(100)
    pictures = Statistics.of(images)
    copies = Statistics.of(images[50:51].expand(40, -1, -1, -1))
    assert copies.spread == pytest.approx(0, abs=1e-6)
    # Twice the mean distance from that picture, of which its own set's spread is taken away and nothing else.
    mean = (pictures.descriptors - copies.descriptors[0]).norm(dim=1).mean().item()
    assert pictures.energy_distance(copies) == pytest.approx(2 * mean - pictures.spread, abs=1e-4)
    assert pictures.distance(copies) > 1


def test_two_pictures_have_the_spread_that_lies_between_them() -> None:
    dark, light = (torch.full((1, 3, 16, 16), level) for level in (-0.5, 0.5))
    pair = Statistics.of(torch.cat((dark, light)))
    assert pair.spread == pytest.approx((pair.descriptors[0] - pair.descriptors[1]).norm().item())
    assert pair.spread > 0


def test_empty_works_count_and_what_they_look_like_does_not() -> None:
    images = noise(200)
    pictures = Statistics.of(images)
    emptied = images.clone()
    emptied[:40] = emptied[:40].mean((1, 2, 3), keepdim=True)  # 20 per cent, of which 2 are as empty as the emptiest
    works = Statistics.of(emptied)
    empty = pictures.are_empty(works)
    assert empty.double().mean().item() == pytest.approx(0.2, abs=0.02)
    seen = works.of_these(~empty)
    assert len(seen) == 200 - empty.sum()
    assert pictures.distance(works) - pictures.distance(seen) == pytest.approx(
        WEIGHT_OF_EMPTY * (0.2 - EMPTY), abs=0.02
    )
    # Where all are empty there is nothing else to look at.
    grey = Statistics.of(images.mean((1, 2, 3), keepdim=True).expand(-1, 3, 16, 16))
    assert pictures.are_empty(grey).all()
    assert pictures.distance(grey) > pictures.distance(works) + WEIGHT_OF_EMPTY * (0.8 - EMPTY)


def test_patches_tell_how_edges_are_drawn_and_not_how_strong_they_are_or_in_which_light() -> None:
    images = 0.3 * torch.randn(100, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    pictures = Statistics.of(images)
    assert pictures.patch_distance(pictures) == 0
    assert pictures.patch_distance(Statistics.of(1.5 * images + 0.1)) < 0.03
    assert pictures.patch_distance(Statistics.of(torch.nn.functional.avg_pool2d(images, 3, 1, 1))) > 0.1


def test_a_checkerboard_has_the_energy_of_its_steps() -> None:
    board = ((torch.arange(16)[:, None] + torch.arange(16)[None]) % 2).float()
    energies = Statistics.of((20 / 127.5 * board).expand(1, 3, 16, 16)).energies
    # 20 levels from each pixel to the next, down and across.
    assert energies.item() == pytest.approx(torch.tensor(2 * 20.0**2 + 1).log().item())


def test_parts_are_measured_as_the_whole() -> None:
    images = noise(30)
    whole, joined = Statistics.of(images), Statistics.joined(map(Statistics.of, images.split(7)))
    assert len(joined) == 30
    torch.testing.assert_close(joined.descriptors, whole.descriptors)
    torch.testing.assert_close(joined.energies, whole.energies)
    torch.testing.assert_close(joined.patches, whole.patches)
