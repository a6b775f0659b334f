"""The metrics of works beside real pictures, each at equal numbers of both; with few pictures fewer of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.copies import Correlated, Nearest, correlated_pictures, nearest_pictures
from sfumato.evaluation.data_copying import FEWEST_FOR_TEST, NEIGHBOURS, data_copying, nearest_distances
from sfumato.evaluation.feature_metrics import (
    DENSITY_NEIGHBOURS,
    FEWEST_FOR_FRECHET,
    FEWEST_FOR_KID,
    PRECISION_NEIGHBOURS,
    density_coverage,
    frechet_distance,
    kernel_distance,
    precision_recall,
)
from sfumato.evaluation.sliced_wasserstein import sliced_wasserstein
from sfumato.features.appearance import diversity
from sfumato.features.features import Pictures
from sfumato.random import keyed_generator, spread

FEW = 50  # pictures compared; a distance of fewer is reported with its range
FEW_IN_ALL = 100  # pictures of the collection; with more, it is the works that are few, and more can be made
FEW_HELD_OUT = 10  # below which every real picture in turn stands for a held-out one, when copies are counted
QUANTILE = 1.96  # of 95 %
DRAWS = 20  # nine in ten further ones lie between the lowest and the highest of them

MetricName = Literal[
    "sliced_wasserstein",
    "kid",
    "frechet",
    "precision",
    "recall",
    "density",
    "coverage",
    "copies",
    "correlated",
    "data_copying",
    "diversity",
]


@dataclass(frozen=True)
class Metric:
    """One measure of works against training pictures, and its baseline: the same of held-out real pictures.

    works, baseline: x 1000 for sliced Wasserstein and KID; the baseline is None where it cannot be measured.
    works_error, baseline_error: standard errors, or None where they are unknown. n, n_baseline: works and held-out real
    pictures that were measured; reference: training pictures that both are measured against. works_interval,
    baseline_interval: see ``evaluate``; None where they are unknown.
    """

    name: MetricName
    works: float
    baseline: float | None
    n: int
    n_baseline: int
    reference: int
    works_error: float | None = None
    baseline_error: float | None = None
    works_interval: tuple[float, float] | None = None
    baseline_interval: tuple[float, float] | None = None


def nearest_of(images: Tensor, training: Tensor, groups: Tensor) -> tuple[Nearest, Correlated]:
    """Where all training pictures are of one motif, no distance can be compared with that to another one."""
    correlated = correlated_pictures(images, training, groups)
    if (groups == groups[0]).all():
        unknown = torch.full((len(images), 2), torch.nan, dtype=torch.float64)
        return Nearest(correlated.indices, unknown), correlated
    return nearest_pictures(images, training, groups), correlated


def colour_metric(images: Tensor, few: Tensor, held_out: Pictures, reference: Pictures, dataset: Dataset) -> Metric:
    count, metric = len(few), sliced_metric(images[few], held_out.images, reference.images)
    if count >= FEW or len(dataset) > FEW_IN_ALL:
        return metric
    return replace(
        metric,
        works_interval=range_of_works(images, reference.images, count),
        baseline_interval=range_of_real(dataset, count),
    )


def sliced_metric(images: Tensor, real: Tensor, known: Tensor) -> Metric:
    """Of pictures [N, 3, H, W]: works, held-out ones, of which there may be none, and training ones."""
    baseline = sliced_wasserstein(real, known).mean if len(real) else None
    works = sliced_wasserstein(images, known).mean
    return Metric("sliced_wasserstein", works, baseline, len(images), len(real), len(known))


def kernel_metric(made: Tensor, real: Tensor, known: Tensor) -> Metric:
    """KID of features [N, D]: of works, held-out pictures, which may be too few for a baseline, and training ones."""
    kid = kernel_distance(made, known)
    if len(real) < FEWEST_FOR_KID:
        return Metric("kid", kid.mean, None, len(made), len(real), len(known), kid.error)
    baseline = kernel_distance(real, known)
    return Metric("kid", kid.mean, baseline.mean, len(made), len(real), len(known), kid.error, baseline.error)


def distance_metrics(made: Tensor, few: Tensor, held_out: Pictures, reference: Pictures) -> list[Metric]:
    count, real, size, metrics = len(few), len(held_out.rows), len(reference.rows), []
    works = made[few] if count >= FEWEST_FOR_KID else made  # unbiased, so it may be over all works
    if min(len(works), size) >= FEWEST_FOR_KID:
        metrics.append(kernel_metric(works, held_out.rows, reference.rows))
    if min(count, size) >= FEWEST_FOR_FRECHET:
        known = real if real >= FEWEST_FOR_FRECHET else 0
        baseline = frechet_distance(held_out.rows, reference.rows).distance if known else None
        metrics.append(
            Metric("frechet", frechet_distance(made[few], reference.rows).distance, baseline, count, known, size)
        )
    return metrics


def diversity_metrics(made: Tensor, real: Tensor) -> list[Metric]:
    """Of two works or more."""
    if len(made) < 2:
        return []
    return [Metric("diversity", diversity(made), diversity(real) if len(real) > 1 else None, len(made), len(real), 0)]


def precision_recall_metrics(made: Tensor, real: Tensor, known: Tensor) -> list[Metric]:
    """Against as many training pictures: how far a ball reaches depends on how many there are.

    Those that there are too few pictures for are left out.
    """
    count = len(made)
    few = known[spread(torch.arange(len(known)), min(count, len(known)))]
    measures: dict[tuple[MetricName, MetricName], Callable[[Tensor, Tensor], tuple[float, float]]] = {}
    if len(few) > PRECISION_NEIGHBOURS:
        measures["precision", "recall"] = precision_recall
    if len(few) > DENSITY_NEIGHBOURS:
        measures["density", "coverage"] = density_coverage
    metrics = []
    for names, measure in measures.items():
        ours, baseline = (measure(few, some) for some in (made, real))
        metrics += [
            Metric(name, work, real_one, count, count, len(few))
            for name, work, real_one in zip(names, ours, baseline, strict=True)
        ]
    return metrics


def copy_metrics(
    nearest: Nearest, correlated: Correlated, held_out: Tensor, training: Tensor, groups: Tensor, dataset: Dataset
) -> list[Metric]:
    """By both tests; the first is left out where all training pictures are of one motif."""
    copied: float | None
    if len(held_out) >= FEW_HELD_OUT:
        theirs, alike = nearest_of(held_out, training, groups)
        copied, correlating, real = theirs.fraction, alike.fraction, len(held_out)
    else:
        copied, correlating, real = real_fractions(dataset)
    numbers = len(nearest.indices), real, len(training)
    metrics = [_fraction_metric("correlated", correlated.fraction, correlating, *numbers)]
    if (groups != groups[0]).any():
        metrics.insert(0, _fraction_metric("copies", nearest.fraction, copied, *numbers))
    return metrics


def data_copying_metrics(made: Tensor, real: Tensor, known: Tensor) -> list[Metric]:
    """C_T of features [N, D], whose baseline is 0, for it compares works with held-out pictures already.

    works_error: its deviation for new pictures. Left out below 30 held-out pictures, or where no cell has enough works.
    """
    if len(real) < FEWEST_FOR_TEST or len(known) < NEIGHBOURS:
        return []
    found = data_copying(nearest_distances(real, known), nearest_distances(made, known))
    if found is None:
        return []
    return [Metric("data_copying", found.score, 0.0, len(made), len(real), len(known), found.error)]


def _fraction_metric(
    name: MetricName, works: float, baseline: float | None, count: int, real: int, training: int
) -> Metric:
    (error, interval), (real_error, real_interval) = _uncertainty(works, count), _uncertainty(baseline, real)
    return Metric(name, works, baseline, count, real, training, error, real_error, interval, real_interval)


def _uncertainty(share: float | None, of: int) -> tuple[float | None, tuple[float, float] | None]:
    """The standard error and the 95 % interval of a share of so many pictures; None for both where it is unknown."""
    if share is None:
        return None, None
    return math.sqrt(share * (1 - share) / of), fraction_interval(share, of)


def range_of_works(images: Tensor, reference: Tensor, count: int) -> tuple[float, float] | None:
    """The lowest and the highest sliced Wasserstein distance of disjoint sets of ``count`` works.

    images: [N, 3, H, W] in -1..1; reference: [M, 3, H, W]. None where the works are too few for two sets.
    """
    order = torch.randperm(len(images), generator=keyed_generator("sets of works"))
    sets = [part for part in torch.split(order, count)[:DRAWS] if len(part) == count]
    if len(sets) < 2:
        return None
    return _range([sliced_wasserstein(images[part], reference).mean for part in sets])


def range_of_real(dataset: Dataset, count: int) -> tuple[float, float] | None:
    """The same of real pictures: other pictures of the dataset are taken for held-out ones each time.

    They are measured against the rest, without near duplicates of them. None where that leaves nothing.
    """
    everything = torch.arange(len(dataset))
    distances = []
    for draw in range(min(DRAWS, len(dataset)) if count == 1 else DRAWS):
        if count == 1:  # each once
            drawn = everything[draw * len(dataset) // min(DRAWS, len(dataset))].view(1)
        else:
            drawn = torch.randperm(len(dataset), generator=keyed_generator("sets of pictures", draw))[:count]
        rest = everything[~torch.isin(dataset.groups, dataset.groups[drawn])]
        if len(rest):
            distances.append(sliced_wasserstein(dataset.images(drawn), dataset.images(rest)).mean)
    return _range(distances) if len(distances) > 1 else None


def real_fractions(dataset: Dataset) -> tuple[float | None, float, int]:
    """Of real pictures: the share of near copies, the share that correlates with another, and how many were examined.

    Each picture is taken out and compared with those of other groups. The first is None for fewer than three groups.
    """
    everything = torch.arange(len(dataset))
    copied, correlated = [], []
    for index in range(len(dataset)):
        rest = everything[dataset.groups != dataset.groups[index]]
        if not len(rest):
            continue
        picture, others, groups = dataset.images([index]), dataset.images(rest), dataset.groups[rest]
        correlated.append(correlated_pictures(picture, others, groups).fraction)
        if (groups != groups[0]).any():
            copied.append(nearest_pictures(picture, others, groups).fraction)
    return (sum(copied) / len(copied) if copied else None), sum(correlated) / max(1, len(correlated)), len(correlated)


def _range(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)


def fraction_interval(fraction: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a fraction of ``count`` pictures, within 0..1 (Wilson 1927, 'Probable inference', eq. 1).

    It is not empty where none or all were counted: none of 16 may still be one in five of all.
    """
    weight = QUANTILE**2 / count
    middle = (fraction + weight / 2) / (1 + weight)
    half = math.sqrt(fraction * (1 - fraction) / count + weight / (4 * count)) * QUANTILE / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)
