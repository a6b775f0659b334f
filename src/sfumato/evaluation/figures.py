"""The figures of works beside real pictures, each at equal numbers of both; with few pictures fewer of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.copies import Correlated, Nearest, correlated_pictures, nearest_pictures
from sfumato.evaluation.evaluation import Figure, FigureName
from sfumato.evaluation.few import range_of_real, range_of_works, real_shares
from sfumato.evaluation.frechet import FEWEST as FEWEST_FOR_FRECHET
from sfumato.evaluation.frechet import frechet_distance
from sfumato.evaluation.interval import share_interval
from sfumato.evaluation.kid import FEWEST as FEWEST_FOR_KID
from sfumato.evaluation.kid import kernel_distance
from sfumato.evaluation.neighbourhoods import (
    DENSITY_NEIGHBOURS,
    PRECISION_NEIGHBOURS,
    density_coverage,
    precision_recall,
)
from sfumato.evaluation.sliced_wasserstein import sliced_wasserstein
from sfumato.features.appearance import diversity
from sfumato.features.features import Pictures
from sfumato.random import spread

FEW = 50  # pictures compared, below which a distance is told with the range that so few have
FEW_IN_ALL = 100  # pictures of the collection; with more, it is the works that are few, and more can be made
FEW_HELD_OUT = 10  # below which every real picture in turn stands for a held-out one, when copies are counted


def nearest_of(images: Tensor, training: Tensor, groups: Tensor) -> tuple[Nearest, Correlated]:
    """Where all training pictures are of one motif, no distance can be compared with that to another one."""
    correlated = correlated_pictures(images, training, groups)
    if (groups == groups[0]).all():
        unknown = torch.full((len(images), 2), torch.nan, dtype=torch.float64)
        return Nearest(correlated.indices, unknown), correlated
    return nearest_pictures(images, training, groups), correlated


def colour_figure(images: Tensor, few: Tensor, held_out: Pictures, reference: Pictures, dataset: Dataset) -> Figure:
    count, real = len(few), len(held_out.images)
    works = sliced_wasserstein(images[few], reference.images).mean
    floor = sliced_wasserstein(held_out.images, reference.images).mean if real else None
    ranges: tuple[tuple[float, float] | None, ...] = (None, None)
    if count < FEW and len(dataset) <= FEW_IN_ALL:
        ranges = range_of_works(images, reference.images, count), range_of_real(dataset, count)
    return Figure(
        "sliced_wasserstein",
        works,
        floor,
        count,
        real,
        len(reference.rows),
        works_interval=ranges[0],
        floor_interval=ranges[1],
    )


def distance_figures(made: Tensor, few: Tensor, held_out: Pictures, reference: Pictures) -> list[Figure]:
    count, real, size, figures = len(few), len(held_out.rows), len(reference.rows), []
    if min(count, size) >= FEWEST_FOR_KID:
        kid = kernel_distance(made[few], reference.rows)
        other = kernel_distance(held_out.rows, reference.rows) if real >= FEWEST_FOR_KID else None
        floor, error = (other.mean, other.error) if other else (None, None)
        figures.append(Figure("kid", kid.mean, floor, count, real, size, kid.error, error))
    elif min(len(made), size) >= FEWEST_FOR_KID:  # unbiased, so it may be over all works
        kid = kernel_distance(made, reference.rows)
        figures.append(Figure("kid", kid.mean, None, len(made), real, size, kid.error))
    if min(count, size) >= FEWEST_FOR_FRECHET:
        known = real if real >= FEWEST_FOR_FRECHET else 0
        floor = frechet_distance(held_out.rows, reference.rows).distance if known else None
        figures.append(
            Figure("frechet", frechet_distance(made[few], reference.rows).distance, floor, count, known, size)
        )
    return figures


def diversity_figures(made: Tensor, real: Tensor) -> list[Figure]:
    """Of two works or more."""
    if len(made) < 2:
        return []
    return [Figure("diversity", diversity(made), diversity(real) if len(real) > 1 else None, len(made), len(real), 0)]


def neighbourhood_figures(made: Tensor, real: Tensor, known: Tensor) -> list[Figure]:
    """Against as many training pictures: how far a ball reaches depends on how many there are.

    Those that there are too few pictures for are left out.
    """
    count = len(made)
    few = known[spread(torch.arange(len(known)), min(count, len(known)))]
    measures: dict[tuple[FigureName, FigureName], Callable[[Tensor, Tensor], tuple[float, float]]] = {}
    if len(few) > PRECISION_NEIGHBOURS:
        measures["precision", "recall"] = precision_recall
    if len(few) > DENSITY_NEIGHBOURS:
        measures["density", "coverage"] = density_coverage
    figures = []
    for names, measure in measures.items():
        ours, floor = (measure(few, some) for some in (made, real))
        figures += [
            Figure(name, work, real_one, count, count, len(few))
            for name, work, real_one in zip(names, ours, floor, strict=True)
        ]
    return figures


def copy_figures(
    nearest: Nearest, correlated: Correlated, held_out: Tensor, training: Tensor, groups: Tensor, dataset: Dataset
) -> list[Figure]:
    """By both tests; the first is left out where all training pictures are of one motif."""
    copied: float | None
    if len(held_out) >= FEW_HELD_OUT:
        theirs, alike = nearest_of(held_out, training, groups)
        copied, correlating, real = theirs.share, alike.share, len(held_out)
    else:
        copied, correlating, real = real_shares(dataset)
    figures = [_share_figure("correlated", correlated.share, correlating, len(nearest.indices), real, len(training))]
    if (groups != groups[0]).any():
        figures.insert(0, _share_figure("copies", nearest.share, copied, len(nearest.indices), real, len(training)))
    return figures


def _share_figure(name: FigureName, works: float, floor: float | None, count: int, real: int, training: int) -> Figure:
    def error(share: float, of: int) -> float:
        return math.sqrt(share * (1 - share) / of)

    return Figure(
        name,
        works,
        floor,
        count,
        real,
        training,
        error(works, count),
        None if floor is None else error(floor, real),
        share_interval(works, count),
        None if floor is None else share_interval(floor, real),
    )
