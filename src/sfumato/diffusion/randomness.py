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
class SeededNoise:
    """The noise of picture number ``index`` of a seed."""

    seed: int
    index: int

    def draw(self, step: int, shape: Sequence[int]) -> Tensor:
        return torch.randn(tuple(shape), generator=keyed_generator("noise", self.seed, self.index, step))


@dataclass(frozen=True)
class NoiseBetween:
    """The noise between one picture's and another's. weight: 0 for the first, 1 for the second."""

    first: PictureNoise
    second: PictureNoise
    weight: float

    def draw(self, step: int, shape: Sequence[int]) -> Tensor:
        return slerp(self.first.draw(step, shape), self.second.draw(step, shape), self.weight)


def slerp(one: Tensor, other: Tensor, weight: float) -> Tensor:
    """Spherical linear interpolation from one to the other (White 2016, arXiv:1609.04468, section 2).

    Independent normal noise is orthogonal and of one length, up to chance; so a sum weighted by cosine and sine is
    standard normal at every weight, which the middle of a straight line is not.
    """
    if weight in (0, 1):  # to the bit
        return other if weight else one
    return one * math.cos(weight * math.pi / 2) + other * math.sin(weight * math.pi / 2)
