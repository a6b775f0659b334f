"""Intervals of shares."""

import math

import pytest

from sfumato.evaluation.metrics import fraction_interval


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
