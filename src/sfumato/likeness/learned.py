"""The index of what a training learns from: the pictures of a dataset, as its batches show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.dataset.dataset import gather
from sfumato.images.tensors import to_float
from sfumato.likeness.index import Index
from sfumato.likeness.likeness import Likeness

APART: Final = 1 / 8  # of the side, by which the squares of a picture with random crops lie apart


def learned_from(dataset: Dataset, seconds_left: Callable[[], float] | None = None) -> Likeness:
    """Of the pictures that a dataset trains with; what it holds out is not learned from.

    Where crops are random, each picture is there in several squares. seconds_left: where a time is to be kept; fewer
    pictures are then altered, and fewer families left out to calibrate, but all pictures are in the index.
    """
    places, top, left = _squares(dataset)

    def pictures(some: Tensor) -> Tensor:
        place = places[some]
        flip = torch.zeros(len(place), dtype=torch.bool)
        where = (dataset.offsets[place], dataset.widths[place], top[some], left[some])
        return to_float(gather(dataset.pixels, dataset.size, *where, flip))

    files = [dataset.files[place] for place in places.tolist()]
    creators = [dataset.creator_names[creator] for creator in dataset.creators[places].tolist()]
    contents = [dataset.contents[place] for place in places.tolist()] if dataset.contents else []
    return Likeness((Index.of(pictures, dataset.groups[places], files, creators, seconds_left, contents),))


def _squares(dataset: Dataset) -> tuple[Tensor, Tensor, Tensor]:
    """[n] each: pictures that are trained with, and the upper left corners of their squares."""
    step = max(1, round(APART * dataset.size))
    found = []
    for place in dataset.train.tolist():
        spare = (int(dataset.heights[place]) - dataset.size, int(dataset.widths[place]) - dataset.size)
        down, across = (sorted({*range(0, length, step), length}) for length in spare)
        found += [(place, top, left) for top in down for left in across]
    places, top, left = torch.tensor(found, dtype=torch.int64).T
    return places, top, left
