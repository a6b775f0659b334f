"""From which likeness on a work is called a near copy, so that the rate of false alarms that is stated is real.

Every picture of a collection is known to be no copy of those of other families. So each family in turn is left out of
the index, one of its pictures is judged as if it were a work, and what it scores is a sample of what scores without a
copy. The bound is exact (Clopper and Pearson 1934) and holds for works that are as unlike the training pictures as
these are unlike one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.text import counted

RATE: Final = 0.01  # of false alarms
CONFIDENCE: Final = 0.95
# Without a single false alarm among so many the bound is 1 %.
ENOUGH_FAMILIES: Final = math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - RATE))


@dataclass(frozen=True)
class Calibration:
    """threshold: the score over which a work is called a near copy; families: how many were left out, one after the
    other; alarms: how many of them scored more; rate: of false alarms, which is not exceeded with 95 % confidence."""

    threshold: float
    families: int
    alarms: int
    rate: float

    @classmethod
    def of(cls, scores: Sequence[float]) -> Calibration:
        """The lowest threshold whose rate is bounded by 1 %; of too few families the highest score, and its bound.

        scores: one of each family that was left out, 0 or more; with none the rate is 1, as nothing can be claimed.
        """
        ordered = sorted(scores, reverse=True)
        alarms = 0
        while alarms + 1 < len(ordered) and upper_bound(alarms + 1, len(ordered)) <= RATE:
            alarms += 1
        threshold = ordered[alarms] if ordered else 1.0
        above = sum(score > threshold for score in ordered)  # fewer where some score the same
        return cls(threshold, len(ordered), above, upper_bound(alarms, len(ordered)))

    @property
    def sentence(self) -> str:
        """What can be claimed, to stand after a colon or by itself."""
        if not self.families:
            return "nothing can be said of false alarms, as there are no two unrelated pictures to learn it from"
        found = (
            f"at most {100 * self.rate:.2g} % false alarms, with {100 * CONFIDENCE:.0f} % confidence "
            f"({counted(self.families, 'family', 'families')} of training pictures left out one after the other, "
            f"{counted(self.alarms, 'alarm')})"
        )
        if self.families >= ENOUGH_FAMILIES:
            return found
        return f"{found}; {ENOUGH_FAMILIES} families are needed to claim {100 * RATE:g} %"


def upper_bound(alarms: int, trials: int) -> float:
    """The rate at which so few alarms or fewer come up in 5 % of all cases, 0..1; 1 where there were no trials."""
    if alarms >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(alarms, trials, middle) > 1 - CONFIDENCE else (low, middle)
    return high


def _at_most(alarms: int, trials: int, rate: float) -> float:
    """The probability of so many alarms or fewer: the binomial distribution."""
    return math.fsum(
        math.exp(
            math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
            + count * math.log(rate) + (trials - count) * math.log1p(-rate)
        )
        for count in range(alarms + 1)
    )  # fmt: skip
