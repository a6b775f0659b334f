"""Intervals of shares, and the data-copying test as a metric, with what is said of it."""

import math

import pytest
import torch

from sfumato.evaluation.metrics import data_copying_metrics, fraction_interval
from sfumato.reports.evaluation_words import reading, shown


def test_none_of_sixteen_may_be_one_in_five() -> None:
    assert fraction_interval(0.0, 16) == pytest.approx((0.0, 0.194), abs=0.001)  # Wilson's, as published in tables
    assert fraction_interval(1.0, 16) == pytest.approx((0.806, 1.0), abs=0.001)
    assert fraction_interval(0.5, 10) == pytest.approx((0.237, 0.763), abs=0.001)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("count", [16, 64, 256])
def test_it_holds_the_true_share_nineteen_times_in_twenty(share: float, count: int) -> None:
    """Exactly, over all that a binomial variable may come to."""
    held = sum(
        math.comb(count, hits) * share**hits * (1 - share) ** (count - hits)
        for hits in range(count + 1)
        if fraction_interval(hits / count, count)[0] <= share <= fraction_interval(hits / count, count)[1]
    )
    assert 0.92 < held < 0.99


def test_copies_of_features_are_told_by_the_data_copying_test() -> None:
    rows = torch.randn(300, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    known, real, new = rows[:200], rows[200:250], rows[250:]
    (copied,), (fresh,) = (data_copying_metrics(made, real, known) for made in (known[:50] + 0.01, new))
    assert (
        copied.works < -4 and copied.baseline == 0 and (copied.n, copied.n_baseline, copied.reference) == (50, 50, 200)
    )
    assert abs(fresh.works) < 3 * (fresh.works_error or 0)
    assert "the works are nearer to training pictures than held-out pictures are" in reading(copied)
    assert "no nearer" in reading(fresh) and shown("data_copying", -4.21) == "−4.2"
    assert data_copying_metrics(known, real[:29], known) == []
