"""Which pictures are held out: whole groups of near duplicates, of every class the same fraction."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def held_out(groups: Sequence[str], labels: Sequence[int], fraction: float, seed: int) -> NDArray[np.bool_]:
    """A flag for each of N pictures; pictures of one group are on the same side. -> [N]

    A group counts for the class of most of its pictures. Of each class with two groups or more, at least one is held
    out and at least one is not, and nearly `fraction` (0 to 0.5) of its pictures. Groups are drawn in an order that
    depends on `seed` and the group's name alone, so that most stay on their side when other pictures come and go.
    """
    flags = np.zeros(len(groups), dtype=np.bool_)
    if fraction <= 0:
        return flags
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    by_class: dict[int, list[str]] = {}
    for group, indices in members.items():
        own = [labels[index] for index in indices]
        by_class.setdefault(max(sorted(set(own)), key=own.count), []).append(group)
    for names in by_class.values():
        for group in _drawn(sorted(names, key=lambda name: _rank(name, seed)), members, fraction):
            flags[members[group]] = True
    return flags


def _drawn(names: list[str], members: dict[str, list[int]], fraction: float) -> list[str]:
    """The first groups of one class, in this order, that together fit into the fraction."""
    if len(names) < 2:
        return []
    total = sum(len(members[name]) for name in names)
    wanted = max(1, round(fraction * total))
    drawn: list[str] = []
    taken = 0
    for name in names:
        if taken + len(members[name]) <= wanted and len(drawn) < len(names) - 1:
            drawn.append(name)
            taken += len(members[name])
    # Only large groups: the smallest is nearest to what was asked for.
    return drawn or [min(names, key=lambda name: len(members[name]))]


def _rank(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{group}".encode()).digest()
