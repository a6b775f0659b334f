"""Whether works lie where the real pictures lie, and everywhere there: seen from nearest neighbours among features."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.text import counted

PRECISION_NEIGHBOURS, DENSITY_NEIGHBOURS = 3, 5  # as in the two papers


def precision_recall(real: Tensor, made: Tensor, *, k: int = PRECISION_NEIGHBOURS) -> tuple[float, float]:
    """Improved precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991, eq. 1 and 2), each 0..1.

    real, made: features [N, D] and [M, D]. Precision is the share of made pictures that lie within the ball of a real
    one, as far as its k-th neighbour; recall is the same the other way round. Raises SfumatoError where a set has not
    more than k, or the two are of other widths.
    """
    _check(real, made, k)
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
    _check(real, made, k)
    within = _distances(made, real) <= _radii(real, k)
    return within.double().sum(1).mean().item() / k, within.any(0).double().mean().item()


def _radii(points: Tensor, k: int) -> Tensor:
    """[N, D] -> [N]: how far the k-th neighbour is; the nearest of all is the point itself."""
    distances = _distances(points, points).fill_diagonal_(0)
    return distances.kthvalue(k + 1).values


def _distances(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a.double(), b.double())


def _check(real: Tensor, made: Tensor, k: int) -> None:
    if min(len(real), len(made)) <= k:
        few = counted(min(len(real), len(made)), "picture")
        raise SfumatoError(
            f"nearest neighbours: {few}, and {counted(k, 'neighbour')} of each are looked for; "
            f"give {k + 1} or more in each set"
        )
    if real.shape[1] != made.shape[1]:
        raise SfumatoError(
            f"nearest neighbours: the features are {real.shape[1]} and {made.shape[1]} numbers; "
            "use one network for both"
        )
