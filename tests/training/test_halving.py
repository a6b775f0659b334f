"""The best of many candidates is found in few trials, and no trial is begun for which there is no time."""

from collections import Counter

from sfumato.training.halving import Budget, best, rounds_cost


class Trying:
    """Candidates are numbers, and each its own loss; a trial takes a second."""

    def __init__(self, budget: Budget) -> None:
        self.budget, self.made = budget, Counter[int]()

    def more(self, candidate: int, trials: int) -> bool:
        while self.made[candidate] < trials:
            if not self.budget.spend(lambda: self.made.update([candidate])):
                return False
        return True


def test_the_best_of_a_known_order_is_found_and_tried_most() -> None:
    trying = Trying(Budget(100))
    order = [(7 * number) % 16 for number in range(16)]
    assert best(order, trying.more, lambda candidate, trials: candidate) == 0
    assert dict(trying.made) == {
        0: 8, 1: 8, 2: 4, 3: 4, **dict.fromkeys(range(4, 8), 2), **dict.fromkeys(range(8, 16), 1)
    }  # fmt: skip
    assert rounds_cost(16) == trying.made.total() == 40 == 100 - trying.budget.trials
    assert [rounds_cost(count) for count in (1, 2, 3, 4, 8)] == [0, 2, 5, 6, 16]


def test_chance_in_the_first_round_is_put_right_in_later_ones() -> None:
    trying = Trying(Budget(100))
    found = best([1, 2, 3, 4], trying.more, lambda candidate, trials: candidate if trials > 1 else abs(candidate - 2))
    assert found == 1


def test_a_round_that_cannot_be_ended_counts_for_nothing_but_the_first() -> None:
    order = [3, 2, 1, 0]
    for trials, expected in ((0, 3), (1, 3), (2, 2), (3, 1), (4, 0), (5, 0), (6, 0)):
        trying = Trying(Budget(trials))
        assert best(order, trying.more, lambda candidate, trials: candidate) == expected
        assert trying.made.total() <= trials
    # After the first round 0 leads; the second, in which only it was tried again, would have it last.
    trying = Trying(Budget(5))
    assert best(order, trying.more, lambda candidate, trials: candidate if trials == 1 else -candidate) == 0


def test_no_trial_is_begun_that_would_not_end_in_time() -> None:
    now = [0.0]
    budget = Budget(100, lambda: 10.0 - now[0])

    def trial(seconds: float) -> bool:
        return budget.spend(lambda: now.__setitem__(0, now[0] + seconds), cost=seconds / 2)

    assert budget.affordable() == 100  # nobody knows yet
    assert trial(2.0)
    assert budget.affordable() == 4
    assert trial(6.0)  # three times the cost
    assert not trial(3.0)
    assert trial(2.0)
    assert now == [10.0]
    assert not trial(0.0)
    assert budget.affordable() == 0
