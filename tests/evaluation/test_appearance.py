"""What a person sees is measured as they would say it."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.collection.drawn import draw
from sfumato.evaluation.appearance import appearance, diversity


@pytest.fixture(scope="module")
def glass() -> Tensor:
    pictures = np.stack([np.asarray(draw("glass", seed, 32)) for seed in range(6)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1


def flat(*rgb: float) -> Tensor:
    return torch.tensor(rgb).view(1, 3, 1, 1).expand(2, 3, 8, 8)


def test_a_grey_surface_has_nothing_of_it_all() -> None:
    looks = appearance(flat(0.0, 0.0, 0.0))
    assert (looks.sharpness, looks.contrast) == (0, pytest.approx(0, abs=1e-6))
    assert looks.chroma == pytest.approx(0, abs=1e-3) and looks.chroma_spread == pytest.approx(0, abs=1e-3)


def test_a_chessboard_has_the_most_of_sharpness_and_contrast() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = (2.0 * ((rows + columns) % 2) - 1).expand(1, 3, -1, -1)
    looks = appearance(board)
    assert looks.sharpness == pytest.approx(2000, rel=1e-3)  # two squared steps of 1, times 1,000
    assert looks.contrast == pytest.approx(0.5, rel=1e-3)


def test_one_tint_is_colourful_without_spread_and_two_are_as_far_apart_as_they_are() -> None:
    red, green = flat(1.0, -1.0, -1.0), flat(-1.0, 1.0, -1.0)
    assert appearance(red).chroma == pytest.approx((0.2249**2 + 0.1258**2) ** 0.5, abs=1e-3)
    assert appearance(red).chroma_spread == pytest.approx(0, abs=1e-3)
    between = ((0.2249 + 0.2339) ** 2 + (0.1258 - 0.1795) ** 2) ** 0.5
    assert appearance(torch.cat((red, green))).chroma_spread == pytest.approx(between / 2, abs=1e-3)


def test_blur_grey_and_a_veil_are_seen(glass: Tensor) -> None:
    looks = appearance(glass)
    blurred = appearance(F.avg_pool2d(F.pad(glass, (1, 1, 1, 1), mode="replicate"), 3, 1))
    assert blurred.sharpness < 0.6 * looks.sharpness
    grey = appearance(glass.mean(1, keepdim=True).expand(-1, 3, -1, -1))
    assert grey.chroma < 0.02 * looks.chroma
    assert appearance(glass / 2).contrast < 0.7 * looks.contrast


def test_diversity_is_the_mean_distance_of_two() -> None:
    assert diversity(torch.tensor([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)
    assert diversity(torch.ones(5, 3)) == 0
