"""What a picture looks like in 188 numbers, without any training: colours in their place, edges and grain."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.evaluation.oklab import oklab

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
    away = (angle - torch.arange(ORIENTATIONS).view(1, -1, 1, 1)).remainder(ORIENTATIONS)
    share = (1 - torch.minimum(away, ORIENTATIONS - away)).clamp_min(0)
    return F.adaptive_avg_pool2d(energy * share, EDGE_CELLS).sqrt()


def _grain(lightness: Tensor) -> Tensor:
    """[N, 1, H, W] -> [N, 1, GRAIN_CELLS, GRAIN_CELLS]."""
    padded = F.pad(lightness, (1, 1, 1, 1), mode="replicate")
    across = padded[:, :, 1:-1, 2:] + padded[:, :, 1:-1, :-2] - 2 * lightness
    down = padded[:, :, 2:, 1:-1] + padded[:, :, :-2, 1:-1] - 2 * lightness
    return F.adaptive_avg_pool2d(across.square() + down.square(), GRAIN_CELLS).sqrt()
