"""A work beside the same one made once more."""

from __future__ import annotations

import numpy as np

from sfumato.works.recipe import Recipe
from sfumato.works.work import Work


def compared(work: Work, other: Work) -> tuple[bool, str]:
    """Whether the pixels of a work that was made once more are the same, and in words."""
    other = other.as_in(work.recipe)
    apart = np.abs(np.asarray(other.image, dtype=int) - np.asarray(work.image, dtype=int))
    if not apart.any():
        return True, "the pixels are the same"
    return False, (
        f"{(apart.max(2) > 0).mean():.1%} of the pixels differ, by {apart.max()} of 255 at most and "
        f"{apart.mean():.2f} on average{_why(work.recipe, other.recipe)}"
    )


def _why(one: Recipe, other: Recipe) -> str:
    """What was not as it had been, where that may be the reason."""
    names = {"device": "device", "torch_version": "torch", "sfumato_version": "sfumato", "fitted": "memory plan"}
    then, now = one.environment, other.environment
    apart = [
        f"{said} {getattr(then, name) or 'exact'} then and {getattr(now, name) or 'exact'} now"
        for name, said in names.items()
        if getattr(then, name) != getattr(now, name)
    ]
    return f"; {', '.join(apart)}" if apart else "; it was made on another machine, or the file's pixels were changed"
