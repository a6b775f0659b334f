"""What a person sees at once in a set of pictures: how sharp, how colourful, how contrasted, how unlike each other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.evaluation.oklab import oklab

AT_A_TIME = 256


@dataclass(frozen=True)
class Appearance:
    """Means over a set of pictures, in units of OKLab, in which black and white are 1 apart.

    sharpness: the energy of lightness's gradient, squared differences of neighbours added over both axes, x 1000
    chroma: how far colours are from grey
    chroma_spread: the root mean square distance of the set's colours from their mean, lightness aside
    contrast: the deviation of lightness within a picture
    """

    sharpness: float
    chroma: float
    chroma_spread: float
    contrast: float


def appearance(images: Tensor) -> Appearance:
    """images: [N, 3, H, W] in -1..1, N 1 or more, of one size for all sets that are compared."""
    sharpness, chroma, contrast, colours = [], [], [], []
    for part in torch.split(images, AT_A_TIME):
        lab = oklab(part).double()
        lightness, colour = lab[:, :1], lab[:, 1:]
        down, across = (lightness.diff(dim=axis).square().mean((1, 2, 3)) for axis in (2, 3))
        sharpness.append(down + across)
        chroma.append(colour.square().sum(1).sqrt().mean((1, 2)))
        contrast.append(lightness.std((1, 2, 3), correction=0))
        # First and second moments, so that not all pixels need be kept.
        colours.append(torch.cat((colour.mean((2, 3)), colour.square().sum(1).mean((1, 2))[:, None]), 1))
    green_red, blue_yellow, squared = torch.cat(colours).mean(0).tolist()
    return Appearance(
        sharpness=1000 * torch.cat(sharpness).mean().item(),
        chroma=torch.cat(chroma).mean().item(),
        chroma_spread=max(0.0, squared - green_red**2 - blue_yellow**2) ** 0.5,
        contrast=torch.cat(contrast).mean().item(),
    )


def diversity(features: Tensor) -> float:
    """The mean distance between two of a set: [N, D] -> 0 or more, and 0 where they are all one; N 2 or more."""
    count = len(features)
    distances = torch.cdist(features.double(), features.double()).fill_diagonal_(0)
    return distances.sum().item() / (count * (count - 1))
