"""Works in which next to nothing is to be seen, by the measure of the pictures that were learned from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import torch
from torch import Tensor

from sfumato.diffusion.enlarging import reduced
from sfumato.features.appearance import gradient_energies, lightness_levels
from sfumato.models.configuration import ModelConfig

EMPTY: Final = 0.02  # a work is all but empty if no larger share of the pictures has less gradient
MOST_REDRAWS: Final = 3  # of a model of which one work in ten is empty, one in ten thousand still is after them


def energies(images: Tensor) -> Tensor:
    """[N, 3, H, W] in about -1..1 -> [N], float64: the logarithm of the energy of each picture's gradients."""
    return gradient_energies(lightness_levels(images.cpu().float().clamp(-1, 1)))


def empty_below(parts: Iterable[Tensor]) -> float:
    """The energy that EMPTY of the pictures fall short of. parts: [N, 3, H, W] each, one or more pictures in all, as
    small as a model's own network makes them."""
    return round(torch.quantile(torch.cat([energies(part) for part in parts]), EMPTY).item(), 4)


def is_all_but_empty(config: ModelConfig, images: Tensor) -> list[bool]:
    """Of each work, [N, 3, H, W] in about -1..1, looked at as small as the model's own network made it. False where the
    model does not know how empty its pictures are."""
    if config.empty_below is None:
        return [False] * len(images)
    factor = config.enlargement
    height, width = (side - side % factor for side in images.shape[2:])
    small = reduced(images[:, :, :height, :width].cpu().float(), factor)
    return (energies(small) < config.empty_below).tolist()
