"""How far a share, or a distance, may be from what so few pictures show."""

from __future__ import annotations

import math

DEVIATE = 1.96  # of 95 %


def share_interval(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``count`` pictures, within 0..1 (Wilson 1927, 'Probable inference', eq. 1).

    It is not empty where none or all were counted: none of 16 may still be one in five of all.
    """
    weight = DEVIATE**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) / count + weight / (4 * count)) * DEVIATE / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)
