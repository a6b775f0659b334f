"""How unevenly pictures are shared out among names: as if among how many equal ones, and how much the largest holds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self


def hill_number(counts: Iterable[float], order: float) -> float:
    """The number of equally common names that are as diverse as these (Hill 1973, 'Diversity and evenness').

    counts: 0 or more, of each name. order: 0 counts the names, 1 is exp of Shannon's entropy, the limit there; 2 is
    one over the chance that two draws are the same name (Simpson 1949); infinity is one over the largest share. The
    higher it is, the less do rare names count. 0 where there is nothing.
    """
    present = [count for count in counts if count > 0]
    total = math.fsum(present)
    if not present:
        return 0.0
    shares = [count / total for count in present]
    if order == 1:
        return math.exp(-math.fsum(share * math.log(share) for share in shares))
    if math.isinf(order):
        return 1 / max(shares)
    return float(math.fsum(share**order for share in shares) ** (1 / (1 - order)))


@dataclass(frozen=True)
class Concentration:
    """Pictures among names. pictures: that have a name; names: how many different ones.

    effective: Hill's number of order 1, 1..names; dominance: of order 2; largest: the name of most pictures, of several
    the first; largest_share: 0..1, of the pictures that have a name; half: the fewest names that hold half of these.
    Without pictures the figures are 0 and the largest is ''.
    """

    pictures: int
    names: int
    effective: float
    dominance: float
    largest: str
    largest_share: float
    half: int

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """counts: pictures of each name."""
        ranked = sorted((name for name in counts if counts[name] > 0), key=lambda name: (-counts[name], name))
        total = sum(counts[name] for name in ranked)
        half = held = 0
        while 2 * held < total:
            held += counts[ranked[half]]
            half += 1
        return cls(
            pictures=total,
            names=len(ranked),
            effective=hill_number(counts.values(), 1),
            dominance=hill_number(counts.values(), 2),
            largest=ranked[0] if ranked else "",
            largest_share=counts[ranked[0]] / total if ranked else 0.0,
            half=half,
        )
