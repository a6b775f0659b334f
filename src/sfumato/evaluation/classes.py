"""Works of each class: how far they are from that class's own pictures, and which class they seem to be of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.metrics import Metric, kernel_metric, sliced_metric
from sfumato.features.features import Features, Pictures, looked_at
from sfumato.random import spread
from sfumato.text import readable

FEWEST = 8  # pictures of a kind: with fewer, halves of them say little of a metric's error
ENOUGH = 64  # of a class: where fewer have been measured already, more of its pictures are measured


@dataclass(frozen=True)
class ClassMetrics:
    """One class. works, training, held_out: how many pictures of it there are, works as they were asked for.

    kid, sliced_wasserstein: of the class's works and pictures alone, without intervals; None where there are too few
    works or training pictures. Where there are too few held-out pictures they have no baseline.
    """

    name: str
    works: int
    training: int
    held_out: int
    kid: Metric | None = None
    sliced_wasserstein: Metric | None = None


def class_metrics(
    images: Tensor,
    rows: Tensor,
    asked: Tensor,
    dataset: Dataset,
    features: Features,
    held_out: Pictures,
    reference: Pictures,
) -> list[ClassMetrics]:
    """Metrics for each class with 8 works and 8 training pictures or more; [] where no work's class is known.

    images: [N, 3, H, W] in -1..1, the works; rows: [N, D], their features; asked: [N], their labels, -1 for those that
    are not known; held_out, reference: the dataset's held-out and training pictures, or some of them.

    KID is over all works of a class and its held-out pictures: it is unbiased, so their numbers need not be equal.
    Sliced Wasserstein distance falls with the number: it is over as many works as held-out pictures, if these are
    enough for a baseline.
    """
    if len(dataset.classes) < 2 or not (asked >= 0).any():
        return []
    found = []
    for label, name in enumerate(dataset.classes):
        mine = asked == label
        training, real = (int((dataset.labels[side] == label).sum()) for side in (dataset.train, dataset.held_out))
        metrics = ClassMetrics(name, int(mine.sum()), training, real)
        if min(metrics.works, metrics.training) >= FEWEST:
            learned = _of_class(label, dataset.train, reference, dataset, features)
            others = _of_class(label, dataset.held_out, held_out, dataset, features)
            metrics = _measured(metrics, images[mine], rows[mine], learned, others)
        found.append(metrics)
    return found


def _of_class(label: int, side: Tensor, known: Pictures, dataset: Dataset, features: Features) -> Pictures:
    """Those of one class among the known pictures or, where they are few and there are more, an even choice of all."""
    mine = dataset.labels[known.places] == label
    places = side[dataset.labels[side] == label]
    if mine.sum() >= min(ENOUGH, len(places)):
        return Pictures(known.places[mine], known.images[mine], known.rows[mine])
    return looked_at(spread(places, min(ENOUGH, len(places))), dataset, features)


def _measured(metrics: ClassMetrics, images: Tensor, rows: Tensor, known: Pictures, real: Pictures) -> ClassMetrics:
    if len(real.rows) < FEWEST:
        real = Pictures(real.places[:0], real.images[:0], real.rows[:0])
    few = min(len(images), len(real.images)) or len(images)
    works, others = (spread(some, min(few, len(some))) for some in (images, real.images))
    return replace(
        metrics,
        kid=kernel_metric(rows, real.rows, known.rows),
        sliced_wasserstein=sliced_metric(works, others, known.images),
    )


@dataclass(frozen=True)
class ClassFractions:
    """One class. Fractions of all pictures of a set, 0..1; None where there is nothing to divide by.

    training: of the training pictures
    asked: of the works, as they were asked for; None where that is not known
    seen: of the works, as the nearest training picture says
    right: of the works that were asked to be of it, those that are seen as it
    held_out_seen, held_out_right: the same two of held-out real pictures: what the classifier can tell at all
    """

    name: str
    training: float
    asked: float | None
    seen: float
    right: float | None
    held_out_seen: float
    held_out_right: float | None


def class_labels(names: Sequence[str | None], classes: Sequence[str]) -> Tensor:
    """[N]: each name's index among the classes, -1 for a name that is none of them."""
    places = {readable(name): place for place, name in enumerate(classes)}
    return torch.tensor([-1 if name is None else places.get(readable(name), -1) for name in names])


def nearest_labels(features: Tensor, training: Tensor, labels: Tensor) -> Tensor:
    """The label of the nearest training picture: [N, D], [M, D], [M] -> [N]."""
    return labels[torch.cdist(features.double(), training.double()).argmin(1)]


def class_fractions(
    names: Sequence[str],
    *,
    training: Tensor,
    asked: Tensor,
    seen: Tensor,
    held_out: Tensor,
    held_out_seen: Tensor,
) -> list[ClassFractions]:
    """All are labels, 0 .. len(names) - 1: of training pictures [M], works as asked for (-1 where that is not known)
    and as seen [N], held-out pictures as they are and as seen [H]."""
    known = asked[asked >= 0]
    return [
        ClassFractions(
            name=name,
            training=_fraction(training, index),
            asked=_fraction(known, index) if len(known) else None,
            seen=_fraction(seen, index),
            right=_fraction(seen[asked == index], index) if (asked == index).any() else None,
            held_out_seen=_fraction(held_out_seen, index),
            held_out_right=_fraction(held_out_seen[held_out == index], index) if (held_out == index).any() else None,
        )
        for index, name in enumerate(names)
    ]


def _fraction(labels: Tensor, label: int) -> float:
    return torch.eq(labels, label).double().mean().item()
