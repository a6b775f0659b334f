"""Whether works lie nearer to the pictures that were learned from than held-out pictures do: the test C_T of Meehan,
Chaudhuri and Dasgupta 2020 (arXiv:2004.05675), where the collection is dense and where it is sparse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.text import counted

NEIGHBOURS = 5  # as density and coverage look for
CELLS = 3  # dense, middle, sparse
FEWEST_IN_CELL = 10  # of each kind: from there on the rank sum is about normal (Mann and Whitney 1947, table I)
FEWEST_FOR_TEST = CELLS * FEWEST_IN_CELL  # held-out pictures, so that every cell has its ten
AT_A_TIME = 1024


@dataclass(frozen=True)
class Cell:
    """One part of the space. works, held_out: how many of each lie there.

    z: the z-score of Mann and Whitney's rank sum, below 0 where works are nearer; farther: the share of pairs of a work
    and a held-out picture in which the work is the farther one, 0..1, ties for a half: unlike z it does not grow with
    the numbers. Both are None where either are fewer than ten.
    """

    works: int
    held_out: int
    z: float | None
    farther: float | None


@dataclass(frozen=True, eq=False)
class DataCopying:
    """score: C_T, below -3 where works are nearer to the training pictures than chance explains, about 0 for pictures
    that are new, above 3 where works are farther than real pictures are; error: its standard deviation where works and
    held-out pictures are of one distribution. cells: the densest first; works_cells, held_out_cells: [m], [n], in which
    each lies.
    """

    score: float
    error: float
    cells: Sequence[Cell]
    works_cells: Tensor
    held_out_cells: Tensor


def nearest_distances(points: Tensor, training: Tensor, count: int = NEIGHBOURS) -> Tensor:
    """[N, D], [M, D] -> [N, count], float64, ascending: Euclidean, from the nearest training pictures.

    Raises SfumatoError where there are fewer than ``count`` of those, or where the two are of other widths.
    """
    if len(training) < count:
        raise SfumatoError(
            f"nearest neighbours: {counted(len(training), 'training picture')}, and {count} are looked for; give more"
        )
    if points.shape[1] != training.shape[1]:
        raise SfumatoError(
            f"nearest neighbours: the features are {points.shape[1]} and {training.shape[1]} numbers; use one network"
        )
    known = training.double()
    parts = [torch.cdist(part.double(), known) for part in torch.split(points, AT_A_TIME)]
    return torch.cat([part.topk(count, largest=False).values for part in parts])


def data_copying(held_out: Tensor, works: Tensor) -> DataCopying | None:
    """C_T, the mean of the cells' z-scores weighted by how many held-out pictures lie in each (section 4.2 there).

    held_out, works: [n, k] and [m, k], ascending distances from the k nearest training pictures, as `nearest_distances`
    gives them; k is 2 or more. A picture's distance from the k-th says how densely the collection covers the place
    where it lies: the cells are the thirds of the held-out pictures by it, in place of the paper's k-means. So works
    are compared with held-out pictures of as dense a place, and rare pictures that were learned by heart are not hidden
    by common ones that were not. A cell with fewer than ten of either is left out; None where all are.

    Works that copy are near to the nearest training picture for a place of that density. Where training pictures were
    mirrored, give the mirrored ones as well. The z-scores grow with the root of the numbers of pictures: compare C_T of
    equal numbers alone.
    """
    bounds = torch.quantile(held_out[:, -1], torch.linspace(0, 1, CELLS + 1, dtype=held_out.dtype)[1:-1])
    held_out_cells, works_cells = (torch.bucketize(each[:, -1].contiguous(), bounds) for each in (held_out, works))
    cells = []
    for number in range(CELLS):
        theirs, ours = held_out[held_out_cells == number, 0], works[works_cells == number, 0]
        z, farther = rank_sum(ours, theirs) if min(len(theirs), len(ours)) >= FEWEST_IN_CELL else (None, None)
        cells.append(Cell(len(ours), len(theirs), z, farther))
    known = [(cell.held_out, cell.z) for cell in cells if cell.z is not None]
    if not known:
        return None
    total = sum(count for count, _ in known)
    score = sum(count * z for count, z in known) / total
    error = math.sqrt(sum(count**2 for count, _ in known)) / total
    return DataCopying(score, error, cells, works_cells, held_out_cells)


def rank_sum(a: Tensor, b: Tensor) -> tuple[float, float]:
    """Mann and Whitney's test of [m] against [n] numbers: its z-score, and the share of pairs in which a is larger.

    Equal numbers have their mean rank, and the variance is corrected for them (Lehmann 1975, eq. 1.35); where all are
    equal z is 0.
    """
    m, n = len(a), len(b)
    _, where, counts = torch.cat((a, b)).unique(return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    ranks = (counts.cumsum(0) - (counts - 1) / 2).double()[where]
    larger = ranks[:m].sum().item() - m * (m + 1) / 2  # U: pairs in which a is larger, ties for a half
    tied = (counts.double().pow(3) - counts).sum().item()
    variance = m * n / 12 * (m + n + 1 - tied / ((m + n) * (m + n - 1)))
    return (larger - m * n / 2) / math.sqrt(variance) if variance > 0 else 0.0, larger / (m * n)
