"""A palette is the colours that are there, and as much of each as there is."""

import torch

from sfumato.evaluation.palette import palette


def test_flat_colours_are_found_with_their_shares_from_dark_to_light() -> None:
    images = torch.full((4, 3, 32, 32), -1.0)
    images[1:3] = torch.tensor((1.0, -1.0, -1.0)).view(3, 1, 1)
    images[3] = 1.0
    found = palette(images)
    assert [(swatch.colour, swatch.share) for swatch in found] == [
        ((0, 0, 0), 0.25),
        ((255, 0, 0), 0.5),
        ((255, 255, 255), 0.25),
    ]


def test_there_are_at_most_so_many_and_the_same_seed_has_the_same() -> None:
    images = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(3)) * 2 - 1
    found = palette(images, seed=1, swatches=5)
    assert len(found) == 5 and abs(sum(swatch.share for swatch in found) - 1) < 1e-9
    assert found == palette(images, seed=1, swatches=5)
