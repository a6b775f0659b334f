"""False alarms come as seldom as is said, intervals hold what they say, and near duplicates count once."""

import pytest
import torch
from torch import Tensor

from sfumato.evaluation.resampling import Families, adjusted_p_values, draws_of, simultaneous


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(count: int, numbers: int, seed: int, skew: float = 1.0) -> Tensor:
    """Log-normal numbers that depend on one another, of which the logarithms have the deviation ``skew``:
    [count, numbers]."""
    common = torch.randn(count, 1, generator=generator(seed), dtype=torch.float64)
    own = torch.randn(count, numbers, generator=generator(seed + 10_000), dtype=torch.float64)
    return (skew * (0.6 * common + 0.8 * own)).exp()


def alarmed(one: Families, other: Families, seed: int) -> bool:
    return bool((adjusted_p_values(one, other, generator(seed), 199) <= 0.05).any())


def test_a_family_counts_as_often_as_it_has_pictures_and_varies_once() -> None:
    values = torch.tensor([[1.0], [3.0], [10.0]], dtype=torch.float64)
    found = Families.of(values, torch.tensor([7, 7, 2]))
    assert len(found) == 2 and found.means.item() == pytest.approx(14 / 3)
    assert Families.of(values).means.item() == pytest.approx(14 / 3) and len(Families.of(values)) == 3


def test_the_p_value_of_one_number_is_the_fraction_of_all_dealings() -> None:
    """Of two sets of three that are all below and all above, 2 of the 20 dealings are as far apart."""
    low, high = (Families.of(torch.tensor(values)[:, None]) for values in ([1.0, 2.0, 3.0], [11.0, 12.0, 13.0]))
    found = adjusted_p_values(low, high, generator(0), draws=4000)
    assert found.item() == pytest.approx(0.1, abs=0.02)


def test_false_alarms_over_many_numbers_come_at_the_level() -> None:
    alarms = [alarmed(*(Families.of(drawn(40, 12, 2 * seed + side)) for side in (0, 1)), seed) for seed in range(150)]
    assert sum(alarms) / 150 == pytest.approx(0.05, abs=2.5 * (0.05 * 0.95 / 150) ** 0.5)


def test_near_duplicates_raise_no_alarm() -> None:
    """Ten of each picture: as pictures of their own, most sets would be told apart."""
    alarms = naive = 0
    for seed in range(30):
        sides = [drawn(20, 4, 2 * seed + side).repeat_interleave(10, 0) for side in (0, 1)]
        families = torch.arange(200) // 10
        together = [Families.of(side, families) for side in sides]
        apart = [Families.of(side) for side in sides]
        alarms += alarmed(together[0], together[1], seed)
        naive += alarmed(apart[0], apart[1], seed)
    assert alarms <= 5 < 15 < naive


def test_a_real_difference_is_found_among_many_numbers() -> None:
    one, other = drawn(300, 12, 1, 0.5), drawn(300, 12, 2, 0.5)
    other[:, 5] *= 1.3
    found = adjusted_p_values(Families.of(one), Families.of(other), generator(0), 499)
    assert found[5] <= 0.01 and found.argmin() == 5


def test_numbers_that_are_the_same_in_all_pictures_are_never_told_apart() -> None:
    values = torch.full((30, 2), 0.1, dtype=torch.float64)
    values[:, 1] = torch.arange(30)
    assert (adjusted_p_values(Families.of(values), Families.of(values), generator(0), 99) == 1).all()


def test_draws_take_as_many_families_as_there_are() -> None:
    counts = draws_of(50, generator(0), 400)
    assert (counts.sum(1) == 50).all() and counts.mean(0).mean() == 1
    assert counts.var().item() == pytest.approx(1 - 1 / 50, abs=0.03)


def test_intervals_hold_all_true_numbers_at_once_as_often_as_they_say() -> None:
    held, alone, skew = 0, 0, 0.4
    mean = torch.tensor(skew**2 / 2).exp()  # of a log-normal number
    for seed in range(200):
        values = drawn(150, 8, seed, skew)
        again = draws_of(150, generator(seed), 200) @ values / 150
        low, high = simultaneous(values.mean(0), again, torch.full((8,), 1e-9))
        inside = (low <= mean) & (mean <= high)
        held, alone = held + bool(inside.all()), alone + bool(inside[0])
    assert 0.9 <= held / 200 <= 0.99 and alone / 200 > held / 200


def test_what_never_varied_has_an_interval_of_the_least_error() -> None:
    low, high = simultaneous(torch.zeros(1), torch.zeros(50, 1), torch.tensor([0.01]))
    assert low.item() == high.item() == 0  # nothing deviates, so the factor is 0
    both = torch.cat([torch.zeros(500, 1), torch.randn(500, 1, generator=generator(0))], 1)
    low, high = simultaneous(torch.zeros(2), both, torch.tensor([0.01, 1e-9]))
    assert high[0].item() == pytest.approx(0.02, abs=0.002) and high[1].item() == pytest.approx(2, abs=0.2)
