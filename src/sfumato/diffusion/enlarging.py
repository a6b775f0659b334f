"""Pictures at another scale: what an upscaler begins with, and what it is taught from."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion.codec import Codec
from sfumato.diffusion.condition import PictureCondition

REACH = 2  # pixels that a bicubic value goes by, on either side


def reduced(images: Tensor, factor: int) -> Tensor:
    """[N, 3, H, W] -> [N, 3, H / factor, W / factor], by a bicubic filter as wide as the reduction asks."""
    height, width = images.shape[-2:]
    return F.interpolate(images, (height // factor, width // factor), mode="bicubic", antialias=True)


def enlarged(images: Tensor, factor: int, *, wrap: bool = False) -> Tensor:
    """[N, 3, H, W] -> [N, 3, H * factor, W * factor], by bicubic interpolation: smooth, without detail of its own.

    wrap: pictures that repeat without a seam do so enlarged.
    """
    around = REACH if wrap else 0
    padded = F.pad(images, (around,) * 4, mode="circular") if wrap else images
    # With antialias it is Keys' kernel of -0.5 here too, as in Pillow; else that of -0.75, which ripples on a slope.
    whole = F.interpolate(padded, scale_factor=factor, mode="bicubic", antialias=True)
    edge = around * factor
    return whole[:, :, edge : whole.shape[2] - edge, edge : whole.shape[3] - edge]


@cache
def enlarged_variance(factor: int) -> float:
    """The variance, averaged over all pixels, that independent noise of variance 1 has once it is enlarged: what is
    interpolated is a weighted mean of neighbours, so it is the mean over the places between them of the sum of the
    squared weights."""
    point = torch.zeros((1, 1, 4 * REACH + 1, 4 * REACH + 1), dtype=torch.float64)
    point[..., 2 * REACH, 2 * REACH] = 1.0
    return float(enlarged(point, factor).square().sum()) / factor**2


def references(
    small: Tensor, factor: int, codec: Codec, *, noise: Tensor, level: Tensor, most: float, wrap: bool = False
) -> PictureCondition:
    """What an upscaler is told: small pictures with noise, enlarged, and how much noise that is.

    small: [N, 3, H, W]; noise: standard normal, of that shape; level: [N], its standard deviation, 0..most; most: what
    the upscaler has learned with, 0 for one that is shown no noise and told of none. wrap: as of ``enlarged``.
    """
    if most == 0:
        return PictureCondition(codec.encode(enlarged(small, factor, wrap=wrap)))
    noisy = small + level.to(small).view(-1, 1, 1, 1) * noise.to(small)
    return PictureCondition(codec.encode(enlarged(noisy, factor, wrap=wrap))).told(level / most)
