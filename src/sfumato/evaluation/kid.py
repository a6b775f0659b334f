"""The kernel inception distance: a squared distance of two sets of features that is unbiased however few there are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.random import keyed_generator
from sfumato.text import counted

SCALE = 1000
FEWEST = 4  # so that a half has two, of which one is a pair
ROUNDS = 100


@dataclass(frozen=True)
class KernelDistance:
    """mean: the estimate, x 1000; it may fall below 0 where the sets are alike. error: its standard error, x 1000."""

    mean: float
    error: float


def kernel_distance(a: Tensor, b: Tensor, *, rounds: int = ROUNDS, seed: int = 0) -> KernelDistance:
    """Unbiased squared MMD with the kernel k(x, y) = (x . y / D + 1)^3 (Binkowski et al. 2018, arXiv:1801.01401).

    a, b: features [N, D] and [M, D]. The mean is the U-statistic over all of both sets (their eq. 4). Its error is the
    deviation between ``rounds`` random halves of both, drawn for the ``seed``: with halves, and without replacement,
    that deviation estimates the error of the whole (the delete-d jackknife of Shao and Wu 1989, d = N / 2). Raises
    SfumatoError where a set has fewer than 4, or where the two are of other widths.
    """
    if min(len(a), len(b)) < FEWEST:
        raise SfumatoError(
            f"KID: {counted(min(len(a), len(b)), 'picture')}, and {FEWEST} or more are needed in each set"
        )
    if a.shape[1] != b.shape[1]:
        raise SfumatoError(f"KID: the features are {a.shape[1]} and {b.shape[1]} numbers; use one network for both")
    a, b = a.double(), b.double()
    within_a, within_b = (_kernel(x, x).fill_diagonal_(0) for x in (a, b))
    across = _kernel(a, b)
    whole = _squared(within_a, within_b, across, torch.ones(len(a), 1).double(), torch.ones(len(b), 1).double())
    generator = keyed_generator("KID", seed)
    halves = (_halves(len(x), rounds, generator) for x in (a, b))
    error = _squared(within_a, within_b, across, *halves).std()
    return KernelDistance(SCALE * whole.item(), SCALE * error.item())


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T / a.shape[1] + 1) ** 3


def _squared(within_a: Tensor, within_b: Tensor, across: Tensor, chosen_a: Tensor, chosen_b: Tensor) -> Tensor:
    """For each of R choices of pictures, 1 where one is chosen and 0 elsewhere: [N, R], [M, R] -> [R]."""
    n, m = chosen_a.sum(0), chosen_b.sum(0)
    same_a = (chosen_a * (within_a @ chosen_a)).sum(0) / (n * (n - 1))
    same_b = (chosen_b * (within_b @ chosen_b)).sum(0) / (m * (m - 1))
    return same_a + same_b - 2 * (chosen_a * (across @ chosen_b)).sum(0) / (n * m)


def _halves(count: int, rounds: int, generator: torch.Generator) -> Tensor:
    """[count, rounds], each column a random half."""
    order = torch.rand(count, rounds, generator=generator).argsort(0).argsort(0)
    return (order < count // 2).double()
