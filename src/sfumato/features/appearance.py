"""What a picture looks like, measured without any training: colours as the eye orders them, edges and grain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

# From linear sRGB to the responses of the three cones, and from their cube roots to lightness and two opponent colours.
_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_OPPONENT = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def oklab(images: Tensor) -> Tensor:
    """Colours as the eye orders them: equal distances look about equally large (Ottosson 2020, 'A perceptual color
    space for image processing').

    [N, 3, H, W] sRGB in -1..1 (clipped) -> [N, 3, H, W]: L in 0..1, a (green to red) and b (blue to yellow), each
    within about -0.33..0.33; both are 0 in a grey."""
    levels = ((images.float() + 1) / 2).clamp(0, 1)
    # IEC 61966-2-1: sRGB's levels are not proportional to light.
    light = torch.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    cones, opponent = (torch.tensor(matrix, device=images.device) for matrix in (_CONES, _OPPONENT))
    responses = torch.einsum("ck,nkhw->nchw", cones, light).clamp_min(0) ** (1 / 3)
    return torch.einsum("ck,nkhw->nchw", opponent, responses)


_LIGHT = (0.299, 0.587, 0.114)


def lightness_levels(images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1 -> [N, H, W], float64, in levels of 255 about 0."""
    levels = 127.5 * images.double()
    return (levels * levels.new_tensor(_LIGHT).view(1, 3, 1, 1)).sum(1)


def gradient_energies(light: Tensor) -> Tensor:
    """[N, H, W], as `lightness_levels` gives it -> [N]: the logarithm of the mean squared difference of neighbours."""
    down, across = (light.diff(dim=axis).square().mean((1, 2)) for axis in (1, 2))
    # A level's square is added, as rounding to whole levels does.
    return torch.log(down + across + 1)


SIDE = 64  # pixels at which edges are looked for
COLOUR_CELLS, EDGE_CELLS, ORIENTATIONS, GRAIN_CELLS = 6, 4, 4, 4
# Numbers of about unit size: colours are scaled up more than lightness, which has the wider range.
LIGHTNESS_SCALE, COLOUR_SCALE, EDGE_SCALE, GRAIN_SCALE = 4.0, 8.0, 16.0, 4.0


class Descriptor:
    """The features that are used where no network is given.

    First the picture in OKLab, averaged over 6 x 6 cells (108 numbers): lightness less one half, times 4, and the two
    colours, times 8. Then, over 4 x 4 cells of the picture at 64 pixels, the root of the energy of lightness's
    gradients in each of 4 orientations, times 16 (64 numbers); a gradient between two orientations counts for both, as
    in histograms of oriented gradients (Dalal and Triggs 2005). Last, over 4 x 4 cells of the picture at its own
    size, the root of the energy of lightness's second differences, times 4 (16 numbers): grain and blur. It sees
    composition, palette and texture; it knows no things. Nothing in it was fitted to any pictures.
    """

    name = "descriptor 1 (colours, edges and grain; no training)"
    digest = ""

    def __call__(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1 -> [N, 188]."""
        lab = oklab(images.cpu())
        scales = torch.tensor((LIGHTNESS_SCALE, COLOUR_SCALE, COLOUR_SCALE)).view(1, 3, 1, 1)
        centre = torch.tensor((0.5, 0.0, 0.0)).view(1, 3, 1, 1)
        colours = (F.adaptive_avg_pool2d(lab, COLOUR_CELLS) - centre) * scales
        edges, grain = EDGE_SCALE * _edges(lab[:, :1]), GRAIN_SCALE * _grain(lab[:, :1])
        return torch.cat([part.flatten(1) for part in (colours, edges, grain)], 1)


def _edges(lightness: Tensor) -> Tensor:
    """[N, 1, H, W] -> [N, ORIENTATIONS, EDGE_CELLS, EDGE_CELLS]."""
    at_side = F.interpolate(lightness, (SIDE, SIDE), mode="bilinear", antialias=True)
    padded = F.pad(at_side, (1, 1, 1, 1), mode="replicate")
    across = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    energy = across.square() + down.square()
    # An edge has no direction, so the angle counts from 0 to half a turn; each gradient's energy goes to the two
    # orientations beside it, in proportion.
    angle = torch.atan2(down, across) / math.pi * ORIENTATIONS
    apart = (angle - torch.arange(ORIENTATIONS).view(1, -1, 1, 1)).remainder(ORIENTATIONS)
    weight = (1 - torch.minimum(apart, ORIENTATIONS - apart)).clamp_min(0)
    return F.adaptive_avg_pool2d(energy * weight, EDGE_CELLS).sqrt()


def _grain(lightness: Tensor) -> Tensor:
    """[N, 1, H, W] -> [N, 1, GRAIN_CELLS, GRAIN_CELLS]."""
    padded = F.pad(lightness, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] + padded[:, :, 1:-1, :-2] - 2 * lightness
    down = padded[:, :, 2:, 1:-1] + padded[:, :, :-2, 1:-1] - 2 * lightness
    return F.adaptive_avg_pool2d(across.square() + down.square(), GRAIN_CELLS).sqrt()


AT_A_TIME = 256


@dataclass(frozen=True)
class Appearance:
    """Means over a set of pictures, in units of OKLab, in which black and white are 1 apart.

    sharpness: the energy of lightness's gradient, squared differences of neighbours added over both axes, x 1000
    chroma: how far colours are from grey
    chroma_spread: the root mean square distance of the set's colours from their mean, lightness aside
    contrast: the standard deviation of lightness within a picture
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
