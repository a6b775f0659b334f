"""The directions in which a collection's pictures differ from one another, and not from their own copies.

A linear discriminant (Fisher 1936; Fukunaga 1990, chapter 10): of all linear functions of the descriptor those for
which the variance between pictures is largest in proportion to that between a picture and its alterations.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.likeness.alterations import altered
from sfumato.likeness.descriptors import NUMBERS, described
from sfumato.likeness.views import framed
from sfumato.random import keyed_generator

DIRECTIONS: Final = 128  # bytes of a row
FITTED_TO, ALTERED = 700, 5  # pictures at most, and how often each is altered
AT_A_TIME: Final = 64
FEWEST: Final = 32  # pictures; directions that fewer span are no better than any
# Added to both variances, as shares of their means, so that a few hundred pictures give all directions.
RIDGE_WITHIN, RIDGE_BETWEEN = 0.1, 0.02
EVENED: Final = 0.3  # 0.5 for unit variance; found best on tiles, see benchmarks/README.md
LONGEST: Final = 5.0  # of a number of a row, in root mean squares, beyond which it is clipped


@dataclass(frozen=True, eq=False)
class Discriminant:
    """mean: [NUMBERS]; directions: [NUMBERS, D], float32, the most telling ones first."""

    mean: Tensor
    directions: Tensor

    @classmethod
    def fit(
        cls, pictures: Callable[[Tensor], Tensor], places: Tensor, goes_on: Callable[[], bool] = lambda: True
    ) -> Discriminant:
        """pictures: [n] places -> [n, 3, H, W] in -1..1; places: [N], of the pictures to fit to, in the order in which
        they are taken while ``goes_on``; of fewer than FEWEST the directions are drawn by lot, which keeps cosines
        about as they are (Johnson and Lindenstrauss 1984)."""
        generator = keyed_generator("likeness", "alterations")
        if len(places) < FEWEST:
            drawn = torch.randn(NUMBERS, DIRECTIONS, generator=generator)
            return cls(torch.zeros(NUMBERS), drawn / math.sqrt(DIRECTIONS))
        of_pictures: list[Tensor] = []
        changes: list[Tensor] = []
        for part in torch.split(places, AT_A_TIME):
            if of_pictures and not goes_on():
                break
            images = pictures(part)
            own = described(framed(images))
            of_pictures.append(own)
            changes += [described(framed(altered(images, generator, number))) - own for number in range(ALTERED)]
        own = torch.cat(of_pictures)
        mean = own.mean(0)
        return cls(mean, _directions(own - mean, torch.cat(changes)))

    def rows(self, numbers: Tensor) -> Tensor:
        """What `described` gives, [..., NUMBERS] -> [..., D], int8, of which the cosines are what counts."""
        numbers = F.normalize((numbers - self.mean) @ self.directions, dim=-1)
        scale = 127 * math.sqrt(self.directions.shape[1]) / LONGEST
        return (numbers * scale).round().clamp(-127, 127).to(torch.int8)


def _directions(pictures: Tensor, changes: Tensor) -> Tensor:
    """[N, NUMBERS] and [M, NUMBERS] -> [NUMBERS, DIRECTIONS]."""
    within = _covariance(changes, RIDGE_WITHIN)
    between = _covariance(pictures, RIDGE_BETWEEN)
    # With within = L L^T, the discriminant is the eigenvectors of L^-1 between L^-T.
    lower = torch.linalg.cholesky(within)
    whitened = torch.linalg.solve_triangular(lower, between, upper=False)
    whitened = torch.linalg.solve_triangular(lower, whitened.T, upper=False)
    ratios, vectors = torch.linalg.eigh((whitened + whitened.T) / 2)
    ratios, vectors = ratios.flip(0)[:DIRECTIONS], vectors.flip(1)[:, :DIRECTIONS]
    directions: Tensor = torch.linalg.solve_triangular(lower.T, vectors, upper=True)
    # Within is 1 now, and 1 + ratio the variance of altered pictures: the most telling directions count more than they
    # would with unit variance.
    scaled: Tensor = directions / (1 + ratios) ** EVENED
    return scaled.float()


def _covariance(rows: Tensor, ridge: float) -> Tensor:
    """About zero, float64, with a share of its mean variance added to each."""
    covariance = (rows.T @ rows).double() / len(rows)
    return covariance + (ridge * covariance.diagonal().mean() + 1e-9) * torch.eye(NUMBERS, dtype=torch.float64)
