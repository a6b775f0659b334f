"""Whether two sets of pictures differ in any of several numbers, and by how much: by drawing them again and again.

Near duplicates are one family and are drawn together: ten scans of one sheet say no more than one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import torch
from torch import Tensor

LEVEL: Final = 0.05  # of false alarms, over all the numbers of one comparison together
DRAWS: Final = 1999
_AT_A_TIME: Final = 200  # draws


@dataclass(frozen=True, eq=False)
class Families:
    """Pictures added up by families. sizes: [F], pictures; sums: [F, K], of their numbers; all float64."""

    sizes: Tensor
    sums: Tensor

    @classmethod
    def of(cls, values: Tensor, families: Tensor | None = None) -> Self:
        """values: [N, K]; families: [N], numbers; None where every picture is one of its own."""
        values = values.double()
        if families is None:
            return cls(torch.ones(len(values), dtype=torch.float64), values)
        names, places = torch.unique(families, return_inverse=True)
        sums = torch.zeros(len(names), values.shape[1], dtype=torch.float64).index_add_(0, places, values)
        return cls(torch.bincount(places, minlength=len(names)).double(), sums)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def means(self) -> Tensor:
        """Over the pictures. -> [K]"""
        return self.sums.sum(0) / self.sizes.sum()


def adjusted_p_values(one: Families, other: Families, generator: torch.Generator, draws: int = DRAWS) -> Tensor:
    """For each of K numbers how often sets of one kind would differ as much in any of them: [K], above 0 to 1.

    A permutation test: families are dealt out anew to two sets of as many, and the largest of the K studentised
    differences of these is what each of the real ones is read against, so that the chance of any false alarm is at most
    the level, however many numbers there are and however they depend on one another (Westfall and Young 1993,
    single-step maxT; (b + 1) / (draws + 1) after Phipson and Smyth 2010). Studentised, because the sets' variances may
    differ (Chung and Romano 2013); the errors are those of means of families.
    """
    first, count = len(one), len(one) + len(other)
    sizes, sums = torch.cat([one.sizes, other.sizes]), torch.cat([one.sums, other.sums])
    table = torch.cat([sizes[:, None], sums, sums.square(), sums * sizes[:, None], sizes.square()[:, None]], 1)
    total = table.sum(0)

    def statistic(chosen: Tensor) -> Tensor:
        """[B, F], 1 for families of the first set -> [B, K]."""
        part = chosen @ table
        (mean, variance), (other_mean, other_variance) = (
            _mean_and_variance(moments, families)
            for moments, families in ((part, first), (total - part, count - first))
        )
        difference = (mean - other_mean).abs()
        error = (variance + other_variance).clamp_min(0).sqrt()
        # Rounding leaves something of what is equal in all pictures, which would be a large part of no error at all.
        return torch.where(difference <= 1e-9, 0.0, difference / error.clamp_min(1e-12))

    own = torch.zeros(1, count, dtype=torch.float64)
    own[:, :first] = 1
    found = statistic(own)[0]
    exceeded = torch.zeros_like(found)
    for begun in range(0, draws, _AT_A_TIME):
        order = torch.rand(min(_AT_A_TIME, draws - begun), count, generator=generator).argsort(1)
        largest = statistic((order < first).double()).amax(1, keepdim=True)
        exceeded += (largest >= found - 1e-9).sum(0)
    return (exceeded + 1) / (draws + 1)


def _mean_and_variance(moments: Tensor, families: int) -> tuple[Tensor, Tensor]:
    """[B, 2 + 3 K], sums over families -> the means over pictures and the variances of these, [B, K] each."""
    numbers = (moments.shape[1] - 2) // 3
    # Each family's sum less the mean of as many pictures, squared: the error of a ratio (Cochran 1977, section 2.11).
    size, sums, squares, crossed, sizes = torch.split(moments, [1, numbers, numbers, numbers, 1], 1)
    mean = sums / size
    apart = squares - 2 * mean * crossed + mean.square() * sizes
    return mean, apart / size.square() * (families / max(1, families - 1))


def draws_of(families: int, generator: torch.Generator, draws: int) -> Tensor:
    """How often each family is drawn, with replacement (Efron 1979): [draws, F], float64; rows sum to F."""
    chosen = torch.randint(families, (draws, families), generator=generator)
    counts = torch.zeros(draws, families, dtype=torch.float64)
    return counts.scatter_add_(1, chosen, torch.ones_like(chosen, dtype=torch.float64))


def simultaneous(estimates: Tensor, drawn: Tensor, least: Tensor, level: float = LEVEL) -> tuple[Tensor, Tensor]:
    """Intervals that hold all K true numbers at once, but for a chance of ``level``: the lower and the upper ends, [K].

    estimates: [K]; drawn: [B, K], the same of sets that were drawn again; least: [K], the smallest standard errors.
    The largest deviation in standard errors over all K numbers gives the one factor for all (Beran 1988, 'Balanced
    simultaneous confidence sets').
    """
    errors = drawn.std(0).maximum(least)
    # About what was found, not about the draws' own mean: what the estimate is off by is a part of its error.
    farthest = ((drawn - estimates).abs() / errors).amax(1)
    factor = farthest.quantile(1 - level)
    return estimates - factor * errors, estimates + factor * errors
