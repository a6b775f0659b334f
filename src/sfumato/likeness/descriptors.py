"""What a picture is known by: its lightness, its colours and its edges, in numbers that no network had to learn."""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

LIGHTNESS_CELLS, COLOUR_CELLS, EDGE_CELLS, DIRECTIONS = 16, 8, 8, 8
NUMBERS: Final = LIGHTNESS_CELLS**2 + 2 * COLOUR_CELLS**2 + DIRECTIONS * EDGE_CELLS**2
LUMA: Final = (0.299, 0.587, 0.114)  # ITU-R BT.601
# Added to lengths, so that the grain of a picture of one colour does not become as large as another's edges.
SLIGHT: Final = 0.5
COLOUR_SCALE: Final = 2.0  # with which differences of colour count about as much as edges
AT_A_TIME: Final = 2048


def described(views: Tensor) -> Tensor:
    """[N, 3, 32, 32] in -1..1 -> [N, NUMBERS].

    Luma less its mean over 16 x 16 cells, of about unit length, so that brightness and contrast do not count; red and
    blue less luma over 8 x 8 cells; and over 8 x 8 cells luma's mean slope towards each of 8 directions, also of about
    unit length. Slopes keep their sign, other than in histograms of oriented gradients (Dalal and Triggs
    2005): a copy is not inverted.
    """
    return torch.cat([_described(part) for part in torch.split(views, AT_A_TIME)])


def _described(views: Tensor) -> Tensor:
    luma = (views * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    light = _averaged(luma, LIGHTNESS_CELLS)
    colour = _averaged(torch.cat((views[:, :1] - luma, views[:, 2:] - luma), 1), COLOUR_CELLS)
    parts = (
        _of_unit_length(light - light.mean(1, keepdim=True)),
        colour * (COLOUR_SCALE / math.sqrt(colour.shape[1])),
        _of_unit_length(_averaged(_slopes(luma), EDGE_CELLS)),
    )
    return torch.cat(parts, 1)


def _slopes(luma: Tensor) -> Tensor:
    """[N, 1, S, S] -> [N, DIRECTIONS, S, S], 0 or more: how steeply luma rises towards each direction."""
    padded = F.pad(luma, (1, 1, 1, 1), mode="replicate")
    across = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    angles = (torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)).view(1, -1, 1, 1)
    return (across * angles.cos() + down * angles.sin()).relu_()


def _averaged(images: Tensor, cells: int) -> Tensor:
    """[N, C, S, S] -> [N, C * cells * cells]."""
    return F.avg_pool2d(images, images.shape[-1] // cells).flatten(1)


def _of_unit_length(rows: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    return rows / (lengths + SLIGHT)
