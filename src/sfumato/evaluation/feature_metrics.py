"""How far two sets of features are apart (Frechet distance, KID), and how far they overlap (precision and recall,
density and coverage)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.random import keyed_generator
from sfumato.text import counted

FEWEST_FOR_FRECHET = 2
FEWEST_FOR_KID = 4  # so that each half has two, which make one pair
ROUNDS = 100  # random halves, for KID's error
SCALE = 1000  # of KID
PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5  # as in the two papers


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
    _check("Frechet distance", a, b, FEWEST_FOR_FRECHET, f"{FEWEST_FOR_FRECHET} or more are needed")
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


@dataclass(frozen=True)
class KernelDistance:
    """mean: the estimate, x 1000; it may fall below 0 where the sets are alike. error: its standard error, x 1000."""

    mean: float
    error: float


def kernel_distance(a: Tensor, b: Tensor, *, rounds: int = ROUNDS, seed: int = 0) -> KernelDistance:
    """Unbiased squared MMD with the kernel k(x, y) = (x . y / D + 1)^3 (Binkowski et al. 2018, arXiv:1801.01401).

    a, b: features [N, D] and [M, D]. The mean is the U-statistic over all of both sets (their eq. 4). Its error is the
    standard deviation over ``rounds`` random halves of both, drawn for the ``seed``: with halves, and without
    replacement, it estimates the error of the whole (the delete-d jackknife of Shao and Wu 1989, d = N / 2). Raises
    SfumatoError where a set has fewer than 4, or where the two have different widths.
    """
    _check("KID", a, b, FEWEST_FOR_KID, f"{FEWEST_FOR_KID} or more are needed in each set")
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


def precision_recall(real: Tensor, made: Tensor, *, k: int = PRECISION_NEIGHBOURS) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991, eq. 1 and 2), each 0..1.

    real, made: features [N, D] and [M, D]. Precision is the share of made pictures that lie within the ball of a real
    one, as far as its k-th neighbour; recall is the same the other way round. Raises SfumatoError where a set has k
    features or fewer, or the two are of other widths.
    """
    _check_neighbours(real, made, k)
    precision = (_distances(made, real) <= _radii(real, k)).any(1)
    recall = (_distances(real, made) <= _radii(made, k)).any(1)
    return precision.double().mean().item(), recall.double().mean().item()


def density_coverage(real: Tensor, made: Tensor, *, k: int = DENSITY_NEIGHBOURS) -> tuple[float, float]:
    """Density, 0 or more, and coverage, 0..1 (Naeem et al. 2020, arXiv:2002.09797); real pictures have density 1.

    real, made: features [N, D] and [M, D]. Density counts in how many real pictures' balls a made one lies, over k
    (their eq. 3): unlike precision it is not fooled by one outlier among the real pictures, whose ball is wide.
    Coverage is the share of real pictures with a made one in their ball (eq. 4). Raises SfumatoError as
    ``precision_recall`` does.
    """
    _check_neighbours(real, made, k)
    within = _distances(made, real) <= _radii(real, k)
    return within.double().sum(1).mean().item() / k, within.any(0).double().mean().item()


def _radii(points: Tensor, k: int) -> Tensor:
    """[N, D] -> [N]: how far the k-th neighbour is; the nearest of all is the point itself."""
    distances = _distances(points, points).fill_diagonal_(0)
    return distances.kthvalue(k + 1).values


def _distances(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a.double(), b.double())


def _check_neighbours(real: Tensor, made: Tensor, k: int) -> None:
    needed = f"{counted(k, 'neighbour')} of each are looked for; give {k + 1} or more in each set"
    _check("nearest neighbours", real, made, k + 1, needed)


def _check(what: str, a: Tensor, b: Tensor, fewest: int, needed: str) -> None:
    """Raises SfumatoError where a set has fewer pictures than the measure needs, or the two are of other widths."""
    few = min(len(a), len(b))
    if few < fewest:
        raise SfumatoError(f"{what}: {counted(few, 'picture')}, and {needed}")
    if a.shape[1] != b.shape[1]:
        raise SfumatoError(f"{what}: the features are {a.shape[1]} and {b.shape[1]} numbers; use one network for both")
