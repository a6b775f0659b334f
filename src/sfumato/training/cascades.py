"""Which sizes are made in stages: a small picture, and upscalers that enlarge it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from sfumato.errors import SfumatoError
from sfumato.training.choices import layered
from sfumato.training.preparation import LARGE, LARGE_FROM_MINUTES, SMALL

STAGED_FROM: Final = 128  # pixels a side
MOST_FACTOR: Final = 4  # of one upscaler: beyond, it invents shapes, which the small picture is to decide
# What says that one network is wanted, or one that is chosen.
_OTHERS: Final = ("network", "preconditioning", "codec", "adapter")


def staged(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Choices of a large size as those of a cascade, whose own size is that of its small pictures; others as they are.

    choices: see `layered`. A size from STAGED_FROM on is made in stages where nothing was chosen that speaks against
    it: no network, no preconditioning, no pixel art and no objective; and any size with that of a cascade without
    factors. Raises SfumatoError where it is none that stages can make.
    """
    size, objective = choices.get("size", 0), choices.get("objective") or {}
    chosen = objective if isinstance(objective, Mapping) else objective.model_dump(exclude_unset=True)
    another = chosen.get("kind", "cascade") != "cascade" or "factors" in chosen
    speaks_against = choices.get("pixel_art") or any(name in choices for name in _OTHERS)
    is_asked = "kind" in chosen
    if not size or another or (not is_asked and (speaks_against or size < STAGED_FROM)):
        return dict(choices)
    stages = stages_of(size, choices.get("minutes") or math.inf)
    if stages is None and is_asked:
        raise SfumatoError(
            f"size {size}: is not made in stages, whose small works have 32 pixels or more and are enlarged 2 to 4 "
            "times each; choose another size, such as 64 or 256"
        )
    if stages is None:
        return dict(choices)
    small, factors = stages
    return layered(choices, {"size": small, "objective": {"kind": "cascade", "factors": factors}})


def stages_of(size: int, minutes: float) -> tuple[int, tuple[int, ...]] | None:
    """The side of the small pictures, and how many times each upscaler enlarges them; None for a size that is no
    product of such numbers. minutes: that there are, which decide how large the small pictures are."""
    wanted = LARGE if minutes >= LARGE_FROM_MINUTES else SMALL
    known = {size // ratio: _factors(size // (size // ratio)) for ratio in range(2, size // SMALL + 1)}
    fitting = {side: factors for side, factors in known.items() if factors and side % 8 == 0 and size % side == 0}
    if not fitting:
        return None
    side = min(fitting, key=lambda side: (abs(math.log(side / wanted)), side))
    return side, fitting[side]


def _factors(ratio: int) -> tuple[int, ...]:
    """The fewest factors of up to MOST_FACTOR that a ratio is the product of, the smallest first; () for none."""
    if ratio <= MOST_FACTOR:
        return (ratio,)
    ways = [
        (factor, *_factors(ratio // factor))
        for factor in range(2, MOST_FACTOR + 1)
        if ratio % factor == 0 and _factors(ratio // factor)
    ]
    return min((tuple(sorted(way)) for way in ways), key=lambda way: (len(way), -way[0]), default=())
