"""Precision, recall, density and coverage are 0 or 1 where it is plain that they must be."""

import pytest
import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation import density_coverage, precision_recall


def drawn(count: int, seed: int, mean: float = 0.0) -> Tensor:
    return mean + torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))


def line(*values: float) -> Tensor:
    return torch.tensor(values).view(-1, 1)


def test_the_same_pictures_have_all_of_it() -> None:
    real = drawn(40, 0)
    assert precision_recall(real, real) == (1.0, 1.0)
    assert density_coverage(real, real)[1] == 1.0
    assert density_coverage(real, real)[0] >= 1.0


def test_pictures_elsewhere_have_nothing() -> None:
    real, made = drawn(40, 0), drawn(40, 1, mean=100)
    assert precision_recall(real, made) == (0.0, 0.0)
    assert density_coverage(real, made) == (0.0, 0.0)


def test_one_good_picture_over_and_over_is_precise_and_recalls_nothing() -> None:
    real = drawn(40, 0)
    made = real[:1].expand(40, -1)
    precision, recall = precision_recall(real, made)
    assert precision == 1.0
    assert recall == 1 / 40  # the one that is repeated lies in its balls, which have no extent
    assert density_coverage(real, made)[1] < 0.5


def test_half_of_the_motifs_are_half_of_the_recall() -> None:
    real = torch.cat((drawn(40, 0), drawn(40, 1, mean=100)))
    made = drawn(80, 2)
    precision, recall = precision_recall(real, made)
    assert precision > 0.8 and 0.4 < recall <= 0.5
    assert 0.4 < density_coverage(real, made)[1] <= 0.5


def test_balls_reach_as_far_as_the_kth_neighbour_and_no_farther() -> None:
    real = line(0, 1, 2, 3)  # with k = 1 each ball has the radius 1
    assert precision_recall(real, line(-1.0, -1.01, 10, 10.5), k=1)[0] == 0.25
    assert precision_recall(real, line(-1.0, -1.01, 10, 10.5), k=1)[1] == 0.0
    density, coverage = density_coverage(real, line(1.5, 1.5, 50, 60), k=1)
    assert density == pytest.approx((2 + 2) / 4)  # each of two works lies in the balls about 1 and 2
    assert coverage == 0.5


def test_an_outlier_among_the_real_fools_precision_and_not_density() -> None:
    real = torch.cat((drawn(60, 0), torch.full((1, 4), 50.0)))
    made = torch.full((60, 4), 30.0) + drawn(60, 1)
    assert precision_recall(real, made)[0] == 1.0
    assert density_coverage(real, made)[0] < 0.3


def test_too_few_pictures_and_two_widths_are_said() -> None:
    with pytest.raises(SfumatoError, match="3 pictures, and 3 neighbours of each are looked for; give 4"):
        precision_recall(drawn(3, 0), drawn(9, 1))
    with pytest.raises(SfumatoError, match="5 pictures, and 5 neighbours of each"):
        density_coverage(drawn(9, 0), drawn(5, 1))
    with pytest.raises(SfumatoError, match="4 and 1 numbers"):
        precision_recall(drawn(9, 0), line(*range(9)))
