"""Pictures as networks trained on ImageNet take them: each colour less its mean over ImageNet, over its deviation."""

from __future__ import annotations

import torch
from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def normalised(images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1 -> [N, 3, H, W] in about -2.1..2.6."""
    mean, deviation = _constants(images)
    return (images - (2 * mean - 1)) / (2 * deviation)


def denormalised(images: Tensor) -> Tensor:
    """The way back: [N, 3, H, W] -> [N, 3, H, W], in -1..1 where they were."""
    mean, deviation = _constants(images)
    return images * (2 * deviation) + (2 * mean - 1)


def _constants(images: Tensor) -> tuple[Tensor, Tensor]:
    mean, deviation = torch.tensor((MEAN, DEVIATION), device=images.device).view(2, 3, 1, 1)
    return mean, deviation
