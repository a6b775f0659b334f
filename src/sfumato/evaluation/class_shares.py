"""Which class a picture seems to be of: that of the training picture nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ClassShare:
    """One class. The shares are of all pictures of a set, 0..1; None where there is nothing to divide by.

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


def nearest_labels(features: Tensor, training: Tensor, labels: Tensor) -> Tensor:
    """The label of the nearest training picture: [N, D], [M, D], [M] -> [N]."""
    return labels[torch.cdist(features.double(), training.double()).argmin(1)]


def class_shares(
    names: Sequence[str],
    *,
    training: Tensor,
    asked: Tensor,
    seen: Tensor,
    held_out: Tensor,
    held_out_seen: Tensor,
) -> list[ClassShare]:
    """All are labels, 0 .. len(names) - 1: of training pictures [M], works as asked for (-1 where that is not known)
    and as seen [N], held-out pictures as they are and as seen [H]."""
    known = asked[asked >= 0]
    return [
        ClassShare(
            name=name,
            training=_share(training, index),
            asked=_share(known, index) if len(known) else None,
            seen=_share(seen, index),
            right=_share(seen[asked == index], index) if (asked == index).any() else None,
            held_out_seen=_share(held_out_seen, index),
            held_out_right=_share(held_out_seen[held_out == index], index) if (held_out == index).any() else None,
        )
        for index, name in enumerate(names)
    ]


def _share(labels: Tensor, label: int) -> float:
    return torch.eq(labels, label).double().mean().item()
