"""How near works come to the pictures that their model learned from, told as they are made."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.copies import AT_A_TIME, CORRELATED, correlated_with, correlation_rows

# A near copy is so much nearer to one motif than to any other; flat tiles correlate with many.
STANDS_OUT = 3.0


@dataclass(frozen=True)
class Nearness:
    """The nearest of ``works`` works to a training picture.

    work: its place among them; picture: the training picture's in the dataset; correlation: of the two at 16 x 16
    pixels, -1..1; copies: how many of the works are near copies.
    """

    works: int
    work: int
    picture: int
    correlation: float
    copies: int


def nearness(images: Tensor, dataset: Dataset) -> Nearness:
    """images: [N, 3, H, W] in -1..1, of any size; all training pictures are looked at, mirrored too.

    A near copy correlates with a training picture by more than 0.95, and with those of no other motif nearly so: what
    is left to 1 is three times as much.
    """
    rows = torch.cat([correlation_rows(dataset.images(part)) for part in torch.split(dataset.train, AT_A_TIME)])
    found = correlated_with(images, rows, dataset.groups[dataset.train])
    first, second = found.values.unbind(1)
    copies = (first > CORRELATED) & (1 - second > STANDS_OUT * (1 - first))
    work = int(first.argmax())
    picture = int(dataset.train[found.indices[work, 0]])
    return Nearness(len(images), work, picture, first[work].item(), int(copies.sum()))
