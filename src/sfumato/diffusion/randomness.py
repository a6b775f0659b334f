"""Random numbers that depend on what they are for, and on nothing that happened before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sfumato.random import keyed_generator


class PictureNoise(Protocol):
    """All the noise that one picture is made of."""

    def draw(self, step: int, shape: Sequence[int]) -> Tensor:
        """Standard normal numbers for a step of sampling, -1 for those that it begins with; the same at every call."""
        ...


@dataclass(frozen=True)
class Turn:
    """Towards the noise of another seed and number. share: of the quarter turn that is between them, 0..1."""

    seed: int
    index: int
    share: float


@dataclass(frozen=True)
class SeededNoise:
    """The noise of picture number ``index`` of a seed, turned towards others one after the other."""

    seed: int
    index: int
    turns: tuple[Turn, ...] = ()

    def draw(self, step: int, shape: Sequence[int]) -> Tensor:
        noise = torch.randn(tuple(shape), generator=keyed_generator("noise", self.seed, self.index, step))
        for turn in self.turns:
            noise = turned(noise, SeededNoise(turn.seed, turn.index).draw(step, shape), turn.share)
        return noise


@dataclass(frozen=True)
class NoiseBetween:
    """The noise on the way from one picture's to another's. share: 0 for the first, 1 for the second."""

    first: PictureNoise
    second: PictureNoise
    share: float

    def draw(self, step: int, shape: Sequence[int]) -> Tensor:
        return turned(self.first.draw(step, shape), self.second.draw(step, shape), self.share)


def turned(one: Tensor, other: Tensor, share: float) -> Tensor:
    """Along the great circle from one to the other (White 2016, arXiv:1609.04468, section 2).

    Independent normal numbers stand at right angles and are of one length, but for what chance does; so their sum with
    cosine and sine for weights is standard normal at every share, as a straight line's middle is not.
    """
    if share in (0, 1):  # to the bit
        return other if share else one
    return one * math.cos(share * math.pi / 2) + other * math.sin(share * math.pi / 2)
