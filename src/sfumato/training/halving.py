"""Which of many candidates is best, in little time: few trials of each, more of those that do well."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

C = TypeVar("C", bound=Hashable)


@dataclass
class Budget:
    """What trials may cost.

    trials: at most so many more; seconds_left: where a time is to be kept, how much of it is left, and no trial is
    begun that would last longer than the longest did, in proportion to its cost; longest: seconds of a trial of cost 1.
    """

    trials: int
    seconds_left: Callable[[], float] | None = None
    longest: float = 0.0

    def spend(self, trial: Callable[[], None], cost: float = 1.0) -> bool:
        """Do it, if it can be afforded, and say whether it was done."""
        if self.trials < 1:
            return False
        if self.seconds_left is None:
            trial()
        else:
            before = self.seconds_left()
            if before <= 0 or cost * self.longest > before:
                return False
            trial()
            self.longest = max(self.longest, (before - self.seconds_left()) / cost)
        self.trials -= 1
        return True

    def affordable(self) -> int:
        """About how many trials of cost 1 are left."""
        if self.seconds_left is None or not self.longest:
            return self.trials
        return min(self.trials, max(0, int(self.seconds_left() / self.longest)))


def best(
    candidates: Sequence[C], more: Callable[[C, int], bool], loss: Callable[[C, int], float], trials: int = 1
) -> C:
    """Successive halving (Karnin et al. 2013, 'Almost optimal exploration in multi-armed bandits', algorithm 1): the
    worse half is left out after each round, and the next has twice the trials of each.

    candidates: the likeliest first, which is chosen where nothing could be tried; more: sees to it that a candidate has
    at least so many trials, False where it cannot; loss: of a candidate by its first so many trials, the less the
    better; trials: of each in the first round. A round that cannot be ended counts for nothing, but the first, where
    those are compared that were tried.
    """
    left = list(candidates)
    first = True
    while len(left) > 1:
        tried = []
        for candidate in left:
            if not more(candidate, trials):
                break
            tried.append(candidate)
        if len(tried) < len(left) and not first:
            break
        if len(tried) < 2:
            return left[0]
        ranked = sorted(tried, key=lambda one: loss(one, trials))
        left = ranked[: (len(left) + 1) // 2] if len(tried) == len(left) else ranked[:1]
        trials, first = 2 * trials, False
    return left[0]


def rounds_cost(count: int, trials: int = 1) -> int:
    """How many trials `best` makes of so many candidates, of which none has any yet."""
    cost, each = 0, 0
    while count > 1:
        cost += count * (trials - each)
        each, count, trials = trials, (count + 1) // 2, 2 * trials
    return cost
