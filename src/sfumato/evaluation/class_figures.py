"""How far the works of each class are from that class's own pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.kid import kernel_distance
from sfumato.evaluation.sliced_wasserstein import sliced_wasserstein
from sfumato.features.features import Features, Pictures, looked_at
from sfumato.random import spread

FEWEST = 8  # pictures of a kind: with fewer, halves of them say little of a figure's error
ENOUGH = 64  # of a class: where those at hand are fewer, its other pictures are looked at too


@dataclass(frozen=True)
class ClassDistance:
    """A distance of one class's works from its training pictures, and its floor: that of its held-out pictures.

    works, floor: x 1000; the floor is None where there are too few held-out pictures to know it. works_error,
    floor_error: standard errors, or None where none is known. n, n_floor: works and held-out pictures that were
    measured; reference: training pictures.
    """

    works: float
    floor: float | None
    n: int
    n_floor: int
    reference: int
    works_error: float | None = None
    floor_error: float | None = None


@dataclass(frozen=True)
class ClassFigures:
    """One class. works, training, held_out: how many pictures of it there are, works as they were asked for.

    kid, sliced_wasserstein: None where there are too few works or training pictures.
    """

    name: str
    works: int
    training: int
    held_out: int
    kid: ClassDistance | None = None
    sliced_wasserstein: ClassDistance | None = None


def class_figures(
    images: Tensor,
    rows: Tensor,
    asked: Tensor,
    dataset: Dataset,
    features: Features,
    held_out: Pictures,
    reference: Pictures,
) -> list[ClassFigures]:
    """A figure for each class with 8 works and 8 training pictures or more; [] where no work's class is known.

    images: [N, 3, H, W] in -1..1, the works; rows: [N, D], their features; asked: [N], their labels, -1 for those that
    are not known; held_out, reference: the dataset's held-out and training pictures, or some of them.

    KID is over all works of a class and its held-out pictures: it is unbiased, so their numbers need not be equal.
    Sliced Wasserstein distance falls with the number: it is over as many works as held-out pictures, if these are
    enough for a floor.
    """
    if len(dataset.classes) < 2 or not (asked >= 0).any():
        return []
    found = []
    for label, name in enumerate(dataset.classes):
        mine = asked == label
        training, real = (int((dataset.labels[side] == label).sum()) for side in (dataset.train, dataset.held_out))
        figures = ClassFigures(name, int(mine.sum()), training, real)
        if min(figures.works, figures.training) >= FEWEST:
            learned = _of_class(label, dataset.train, reference, dataset, features)
            others = _of_class(label, dataset.held_out, held_out, dataset, features)
            figures = _measured(figures, images[mine], rows[mine], learned, others)
        found.append(figures)
    return found


def _of_class(label: int, side: Tensor, known: Pictures, dataset: Dataset, features: Features) -> Pictures:
    """Those of one class among the known pictures or, where they are few and there are more, an even choice of all."""
    mine = dataset.labels[known.places] == label
    places = side[dataset.labels[side] == label]
    if mine.sum() >= min(ENOUGH, len(places)):
        return Pictures(known.places[mine], known.images[mine], known.rows[mine])
    return looked_at(spread(places, min(ENOUGH, len(places))), dataset, features)


def _measured(figures: ClassFigures, images: Tensor, rows: Tensor, known: Pictures, real: Pictures) -> ClassFigures:
    count, size = len(images), len(known.rows)
    kid = kernel_distance(rows, known.rows)
    if len(real.rows) < FEWEST:
        distance = sliced_wasserstein(images, known.images).mean
        return replace(
            figures,
            kid=ClassDistance(kid.mean, None, count, 0, size, kid.error),
            sliced_wasserstein=ClassDistance(distance, None, count, 0, size),
        )
    floor = kernel_distance(real.rows, known.rows)
    few = min(count, len(real.images))
    sliced = [
        sliced_wasserstein(some[spread(torch.arange(len(some)), few)], known.images).mean
        for some in (images, real.images)
    ]
    return replace(
        figures,
        kid=ClassDistance(kid.mean, floor.mean, count, len(real.rows), size, kid.error, floor.error),
        sliced_wasserstein=ClassDistance(sliced[0], sliced[1], few, few, size),
    )
