"""The rate of false alarms that is stated is a bound that was earned."""

import random

import pytest

from sfumato.likeness.calibration import CONFIDENCE, ENOUGH_FAMILIES, RATE, Calibration, upper_bound


@pytest.mark.parametrize("trials", [1, 20, 299, 5000])
def test_without_alarms_the_bound_has_a_closed_form(trials):
    assert upper_bound(0, trials) == pytest.approx(1 - (1 - CONFIDENCE) ** (1 / trials), rel=1e-6)


@pytest.mark.parametrize(("alarms", "trials", "bound"), [(1, 100, 0.0466), (5, 100, 0.1023), (10, 1000, 0.0169)])
def test_with_alarms_it_is_clopper_and_pearsons(alarms, trials, bound):
    assert upper_bound(alarms, trials) == pytest.approx(bound, abs=1e-4)


def test_of_many_families_the_lowest_threshold_within_one_percent_is_taken():
    scores = [place / 1000 for place in range(1000)]
    found = Calibration.of(scores)
    assert found.alarms == 4  # upper_bound(5, 1000) is more than 1 %
    assert found.threshold == 0.995
    assert found.rate <= RATE < upper_bound(5, 1000)
    assert "at most 0.91 % false alarms" in found.sentence
    assert "4 alarms" in found.sentence


def test_of_few_families_no_more_is_claimed_than_they_tell():
    found = Calibration.of([0.1, 0.7, 0.3])
    assert (found.threshold, found.alarms) == (0.7, 0)
    assert found.rate == pytest.approx(1 - 0.05 ** (1 / 3))
    assert f"{ENOUGH_FAMILIES} families are needed to claim 1 %" in found.sentence
    assert ENOUGH_FAMILIES == 299


def test_of_none_nothing_is_claimed():
    found = Calibration.of([])
    assert (found.threshold, found.rate) == (1.0, 1.0)
    assert "nothing can be said" in found.sentence


def test_equal_scores_are_no_alarms():
    assert Calibration.of([0.5] * 2000).alarms == 0


def test_the_bound_holds_as_often_as_it_says():
    drawn = random.Random(0)
    rates = []
    for _ in range(400):
        threshold = Calibration.of([drawn.random() for _ in range(400)]).threshold
        rates.append(1 - threshold)  # of scores that are uniform
    assert sum(rate > RATE for rate in rates) <= 2 * (1 - CONFIDENCE) * len(rates)
