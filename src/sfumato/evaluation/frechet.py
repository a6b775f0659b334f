"""The Frechet distance of two sets of features, each taken for a Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.text import counted

FEWEST = 2


@dataclass(frozen=True)
class FrechetDistance:
    """shrunk: how much of each covariance was replaced, 0..1; 0 where there are more pictures than features."""

    distance: float
    shrunk: tuple[float, float]


def frechet_distance(a: Tensor, b: Tensor) -> FrechetDistance:
    """|mean_a - mean_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) (Heusel et al. 2017, arXiv:1706.08500, eq. 6).

    a, b: features [N, D] and [M, D]. It is biased upward, the more so the fewer there are: compare figures of equal N
    and M alone. Where one of the sets has no more pictures than features, its covariance has no inverse and is mostly
    chance; then both are shrunk towards a multiple of the identity (``shrunk_covariance``). Raises SfumatoError for
    sets of fewer than 2 and for features of two widths.
    """
    if min(len(a), len(b)) < FEWEST:
        raise SfumatoError(
            f"Frechet distance: {counted(min(len(a), len(b)), 'picture')}, and {FEWEST} or more are needed"
        )
    if a.shape[1] != b.shape[1]:
        raise SfumatoError(
            f"Frechet distance: the features are {a.shape[1]} and {b.shape[1]} numbers; use one network for both"
        )
    a, b = a.double(), b.double()
    if min(len(a), len(b)) > a.shape[1]:
        (ours, theirs), shrunk = (x.T.cov(correction=1).reshape(2 * [x.shape[1]]) for x in (a, b)), (0.0, 0.0)
    else:
        (ours, share), (theirs, other) = (shrunk_covariance(x) for x in (a, b))
        shrunk = share, other
    distance = (a.mean(0) - b.mean(0)).square().sum() + ours.trace() + theirs.trace() - 2 * _cross(ours, theirs)
    return FrechetDistance(distance.clamp_min(0).item(), shrunk)


def shrunk_covariance(x: Tensor) -> tuple[Tensor, float]:
    """A covariance that has an inverse, and the share of the identity in it (Ledoit and Wolf 2004, lemma 3.2 f.).

    x: [N, D], N 2 or more. Returns [D, D] and 0..1: the share that they found to bring the least expected error.
    """
    count, width = x.shape
    centred = x - x.mean(0)
    covariance = centred.T @ centred / count
    mean_variance = covariance.trace() / width
    target = mean_variance * torch.eye(width, dtype=x.dtype)
    spread = (covariance - target).square().sum()
    # The mean over pictures c of |c c' - S|^2 is the mean of |c|^4 less |S|^2; over N it is the error of S.
    fourth = centred.square().sum(1).square().mean()
    chance = (fourth - covariance.square().sum()) / count
    share = float((chance / spread).clamp(0, 1)) if spread > 0 else 0.0
    return share * target + (1 - share) * covariance, share


def _cross(a: Tensor, b: Tensor) -> Tensor:
    """tr((a b)^(1/2)) as the sum of the roots of the eigenvalues of a^(1/2) b a^(1/2), which is symmetric."""
    values, vectors = torch.linalg.eigh(a)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    eigenvalues: Tensor = torch.linalg.eigvalsh(root @ b @ root)
    return eigenvalues.clamp_min(0).sqrt().sum()
