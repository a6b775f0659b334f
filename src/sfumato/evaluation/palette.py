"""The few colours that pictures are mostly made of, and how much of them each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.features.appearance import oklab
from sfumato.random import keyed_generator, spread

SWATCHES: Final = 12
COLOUR_WEIGHT: Final = 3.0  # of colours beside lightness: a few pixels of a strong one have a swatch of their own
SIDE: Final = 16  # pixels of each picture that are looked at, across and down
_MOST_PIXELS: Final = 40_000
_ROUNDS: Final = 12
_AT_A_TIME: Final = 256


@dataclass(frozen=True)
class Swatch:
    """colour: red, green and blue, 0..255; share: of all pixels, 0..1."""

    colour: tuple[int, int, int]
    share: float


def palette(images: Tensor, seed: int = 0, swatches: int = SWATCHES) -> list[Swatch]:
    """At most that many colours, from dark to light; their shares sum to 1.

    images: [N, 3, H, W] in -1..1, N 1 or more. They are the middles of k-means in OKLab (Lloyd 1982) with
    colour counted three times, which begins with colours that are drawn far from one another (k-means++, Arthur and
    Vassilvitskii 2007).
    """
    pixels = torch.cat([_pixels(part) for part in torch.split(images, _AT_A_TIME)])
    pixels = spread(pixels, min(len(pixels), _MOST_PIXELS))
    places = oklab(pixels[:, :, None, None])[:, :, 0, 0].double() * torch.tensor((1.0, COLOUR_WEIGHT, COLOUR_WEIGHT))
    middles = _begun(places, swatches, seed)
    nearest = torch.zeros(len(places), dtype=torch.int64)
    for _ in range(_ROUNDS):
        nearest = torch.cdist(places, middles).argmin(1)
        counts = torch.bincount(nearest, minlength=len(middles)).double()
        sums = torch.zeros_like(middles).index_add_(0, nearest, places)
        middles = torch.where(counts[:, None] > 0, sums / counts.clamp_min(1)[:, None], middles)
    levels = ((pixels.double() + 1) * 127.5).clamp(0, 255)
    found = []
    for place in middles[:, 0].argsort(stable=True).tolist():
        mine = nearest == place
        if mine.any():
            red, green, blue = levels[mine].mean(0).round().int().tolist()
            found.append(Swatch((red, green, blue), mine.double().mean().item()))
    return found


def _pixels(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N * SIDE * SIDE, 3]."""
    return F.adaptive_avg_pool2d(images.float(), SIDE).movedim(1, 3).reshape(-1, 3)


def _begun(places: Tensor, count: int, seed: int) -> Tensor:
    """[P, 3] -> at most [count, 3], all different."""
    generator = keyed_generator("representation", "palette", seed)
    chosen = [places[int(torch.randint(len(places), (), generator=generator))]]
    apart = torch.full((len(places),), torch.inf, dtype=torch.float64)
    while len(chosen) < count:
        apart = torch.minimum(apart, (places - chosen[-1]).square().sum(1))
        if apart.max() < 1e-8:
            break
        drawn = torch.rand((), generator=generator, dtype=torch.float64) * apart.sum()
        chosen.append(places[min(int(torch.searchsorted(apart.cumsum(0), drawn)), len(places) - 1)])
    return torch.stack(chosen)
