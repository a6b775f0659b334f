"""Effective numbers are those of the closed forms."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.evaluation.concentration import Concentration, hill_number

COUNTS = st.lists(st.integers(1, 1000), min_size=1, max_size=30)


@pytest.mark.parametrize("order", [0, 0.5, 1, 2, 3, math.inf])
def test_equal_names_count_as_many_as_they_are(order: float) -> None:
    assert hill_number([7] * 12, order) == pytest.approx(12)


def test_two_names_give_the_entropy_and_the_chance_to_meet() -> None:
    assert hill_number([3, 1], 1) == pytest.approx(4 / 3**0.75)  # exp(-(3/4 ln 3/4 + 1/4 ln 1/4))
    assert hill_number([3, 1], 2) == pytest.approx(1.6)
    assert hill_number([3, 1], math.inf) == pytest.approx(4 / 3)
    assert hill_number([], 1) == hill_number([0, 0], 2) == 0


@given(COUNTS)
def test_a_higher_order_never_counts_more_and_order_one_is_the_limit(counts: list[int]) -> None:
    numbers = [hill_number(counts, order) for order in (0, 0.5, 1, 2, math.inf)]
    assert numbers[0] == pytest.approx(len(counts))
    assert all(high >= low - 1e-9 for high, low in pairwise(numbers)) and numbers[-1] >= 1 - 1e-9
    assert hill_number(counts, 1 + 1e-6) == pytest.approx(numbers[2], rel=1e-4)


@given(COUNTS)
def test_names_in_two_equal_halves_are_twice_as_many(counts: list[int]) -> None:
    """The doubling property, by which they are numbers (Hill 1973)."""
    for order in (0, 1, 2):
        assert hill_number(counts * 2, order) == pytest.approx(2 * hill_number(counts, order))


def test_a_collection_of_one_large_name_is_said_to_be_that() -> None:
    found = Concentration.of({"a": 60, "b": 30, "c": 10, "none": 0})
    assert (found.pictures, found.names, found.largest, found.largest_share, found.half) == (100, 3, "a", 0.6, 1)
    assert 2 < found.effective < 3 and found.dominance == pytest.approx(1 / 0.46)
    assert Concentration.of({"b": 2, "a": 2, "c": 2}).largest == "a"
    assert Concentration.of({"b": 2, "a": 2, "c": 2}).half == 2


def test_without_names_nothing_is_said() -> None:
    assert Concentration.of({}) == Concentration(0, 0, 0.0, 0.0, "", 0.0, 0)
