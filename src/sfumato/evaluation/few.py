"""What so few pictures can tell: real pictures that stand for the held-out ones, and how far a figure may wander."""

from __future__ import annotations

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.copies import correlated_pictures, nearest_pictures
from sfumato.evaluation.sliced_wasserstein import sliced_wasserstein
from sfumato.random import keyed_generator

DRAWS = 20  # between the lowest and the highest of so many lie nine in ten others


def range_of_works(images: Tensor, reference: Tensor, count: int) -> tuple[float, float] | None:
    """Between which sliced Wasserstein distances sets of ``count`` works lie: of the works, none in two sets.

    images: [N, 3, H, W] in -1..1; reference: [M, 3, H, W]. None where the works are too few for two sets.
    """
    order = torch.randperm(len(images), generator=keyed_generator("sets of works"))
    sets = [part for part in torch.split(order, count)[:DRAWS] if len(part) == count]
    if len(sets) < 2:
        return None
    return _range([sliced_wasserstein(images[part], reference).mean for part in sets])


def range_of_real(dataset: Dataset, count: int) -> tuple[float, float] | None:
    """The same of real pictures: each time others of the dataset's pictures are taken for held-out ones.

    They are measured against the rest, near duplicates of them left out. None where that leaves nothing.
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


def real_shares(dataset: Dataset) -> tuple[float | None, float, int]:
    """Of real pictures the share of near copies, the share that correlates with another, and how many pictures that is.

    Each picture is taken out and looked for among those of other groups. The first is None where there are not three
    groups.
    """
    everything = torch.arange(len(dataset))
    copied, correlated, count = [], [], 0
    for index in range(len(dataset)):
        rest = everything[dataset.groups != dataset.groups[index]]
        if not len(rest):
            continue
        picture, others, groups = dataset.images([index]), dataset.images(rest), dataset.groups[rest]
        count += 1
        correlated.append(correlated_pictures(picture, others, groups).share)
        if (groups != groups[0]).any():
            copied.append(nearest_pictures(picture, others, groups).share)
    return (sum(copied) / len(copied) if copied else None), sum(correlated) / max(1, count), count


def _range(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)
