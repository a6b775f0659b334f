"""Pictures that are each other's variants: they are no copies of one another, but as near as copies are."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE: Final = 16  # pixels
KIN: Final = 0.85  # correlation
NOISE: Final = 25.0  # added to the variance, in squared 8-bit levels, so that pictures of one colour compare by it
AT_A_TIME: Final = 512


def thumbnails(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N, 3, SIDE, SIDE]."""
    return F.interpolate(images.float(), (SIDE, SIDE), mode="area")


def families(small: Tensor, groups: Tensor) -> Tensor:
    """Families of variants: near duplicates, and all that is linked by pairs that are alike.

    small: [N, 3, SIDE, SIDE] in -1..1; groups: [N], equal for near duplicates. A pair is alike if it correlates by
    0.85, mirrored or not, or is as near in squared difference as pictures are that do. -> [N], the place of each
    family's first picture.
    """
    own, mirrored = _Thumbnails(small), _Thumbnails(small.flip(-1))
    first = _Forest(len(small))
    seen: dict[int, int] = {}
    for place, group in enumerate(groups.tolist()):
        first.join(seen.setdefault(group, place), place)
    for start in range(0, len(small), AT_A_TIME):
        part = slice(start, start + AT_A_TIME)
        _join(first, own.alike(part, own) | own.alike(part, mirrored), start)
    return first.roots()


class _Thumbnails:
    def __init__(self, small: Tensor) -> None:
        levels = 127.5 * small.flatten(1)
        self.means, self.numbers = levels.mean(1), levels.shape[1]
        self.levels = levels - self.means[:, None]
        self.energies = self.levels.square().mean(1)
        self.variances = (127.5 * small).var((2, 3), correction=0).mean(1) + NOISE

    def alike(self, part: slice, others: _Thumbnails) -> Tensor:
        """[n, M - part.start], bool: whether pictures of a part are alike to those from the part's start on."""
        rest = slice(part.start, None)
        common = self.levels[part] @ others.levels[rest].T / self.numbers
        own, other = self.energies[part, None], others.energies[rest]
        squared = own + other - 2 * common + (self.means[part, None] - others.means[rest]).square()
        near = squared <= (1 - KIN) * (self.variances[part, None] + others.variances[rest])
        # Of pictures of one colour there is no correlation.
        return near | ((common >= KIN * (own * other).sqrt()) & (own > 1) & (other > 1))


def _join(first: _Forest, alike: Tensor, start: int) -> None:
    """Join all pairs, [n, M], of which the first is at ``start``, with few joins however many there are."""
    linked, rows = torch.nonzero(alike.any(0)).flatten(), alike.byte().argmax(0)
    for column in linked.tolist():
        first.join(start + int(rows[column]), start + column)
    # Each column is with its first row now; what other rows it links is the same for all columns of that row.
    links = torch.zeros(len(alike), len(alike))
    links.index_add_(1, rows[linked], alike[:, linked].float())
    for row, other in torch.nonzero(links).tolist():
        first.join(start + row, start + other)


class _Forest:
    """Sets that are joined, each known by its first member."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def root(self, place: int) -> int:
        while self._above[place] != place:
            self._above[place] = place = self._above[self._above[place]]
        return place

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._above[high] = low

    def roots(self) -> Tensor:
        return torch.tensor([self.root(place) for place in range(len(self._above))], dtype=torch.int64)
