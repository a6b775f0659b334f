"""A picture seen in many placements: a little shifted, cropped or enlarged, and mirrored, as copies of it are.

What is kept of a training picture is its middle: a sixteenth is left away at each side. A copy that was shifted or
cropped still holds all of that, so each placement of a work is a part of the work, and no pixel has to be invented.
"""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE: Final = 32  # pixels of a view
LARGEST: Final = 96  # pixels, to which the short side of larger pictures is reduced first
MARGIN: Final = 1 / 16  # of the side, left away at each side of a training picture
CROPPED: Final = 0.95  # the part of the side that the crops which are looked for leave
SQUARE: Final = 1.05  # a picture that is no longer than this is looked at as a square
APART, MOST_SQUARES = 1 / 6, 13  # of a long picture: how far its squares are apart, and how many there are at most

# Placements along one axis, as (start, length) of the side, and of the two axes together. First the training picture's
# own, then shifts of a sixteenth, then what is in place after a crop, wherever that was, and after one twice as large.
_MIDDLE: Final = 1 - 2 * MARGIN
_ENLARGED: Final = _MIDDLE / CROPPED
_SPARE: Final = (1 - _ENLARGED) / 2
_AXIS: Final = (
    (MARGIN, _MIDDLE), (0.0, _MIDDLE), (2 * MARGIN, _MIDDLE), (_SPARE, _ENLARGED),
    (_SPARE - (1 - CROPPED) / 2, _ENLARGED), (_SPARE + (1 - CROPPED) / 2, _ENLARGED), (0.01, 0.98),
)  # fmt: skip
_PLACEMENTS: Final = (
    (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2),
    (3, 3), (4, 4), (4, 5), (5, 4), (5, 5), (6, 6),
)  # fmt: skip
VIEWS: Final = 2 * len(_PLACEMENTS)  # of a square


def framed(images: Tensor) -> Tensor:
    """The middle of each picture, as training pictures are kept: [N, 3, H, W] in -1..1 -> [N, 3, SIDE, SIDE].

    Of a long picture it is the middle of its middle.
    """
    images = _reduced(images)
    down, across = (_cells(*_centred(side, min(images.shape[2:])), side) for side in images.shape[2:])
    return down @ images @ across.T


def viewed(images: Tensor) -> Tensor:
    """All placements of each picture and of its mirror image: [N, 3, H, W] in -1..1 -> [N, V, 3, SIDE, SIDE].

    V: VIEWS for a picture that is about square; a long one is looked at as a row of squares, each with as many.
    """
    images = _reduced(images)
    views = torch.cat([_placed(images[..., top : top + side, left : left + side])
                       for top, left, side in _squares(*images.shape[2:])], 1)  # fmt: skip
    return torch.cat((views, views.flip(-1)), 1)


def _placed(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N, V / 2, 3, SIDE, SIDE]."""
    down, across = (torch.cat([_cells(start * side, length * side, side) for start, length in _AXIS])
                    for side in images.shape[2:])  # fmt: skip
    # Averages over cells are separable, so all pairs of axes are one product; those that are wanted are taken from it.
    every = (down @ images @ across.T).view(*images.shape[:2], len(_AXIS), SIDE, len(_AXIS), SIDE)
    return torch.stack([every[:, :, row, :, column] for row, column in _PLACEMENTS], 1)


def _squares(height: int, width: int) -> list[tuple[int, int, int]]:
    """Top, left and side of the squares in which a picture is looked at; a nearly square one is one, whole."""
    short, long = sorted((height, width))
    if long <= SQUARE * short:
        return [(0, 0, long)]
    count = min(MOST_SQUARES, 1 + max(2, round((long / short - 1) / APART)))
    starts = [round(place * (long - short) / (count - 1)) for place in range(count)]
    return [(start, 0, short) if height > width else (0, start, short) for start in starts]


def _centred(side: int, square: int) -> tuple[float, float]:
    """Start and length, in pixels, of what is kept of a picture along one axis."""
    if side <= SQUARE * square:
        square = side
    return (side - square) / 2 + MARGIN * square, _MIDDLE * square


def _cells(start: float, length: float, side: int) -> Tensor:
    """[SIDE, side]: the share of each pixel in the mean of each cell; a pixel between two cells is divided."""
    pixels = torch.arange(side, dtype=torch.float64)
    edges = start + length * torch.arange(SIDE + 1, dtype=torch.float64)[:, None] / SIDE
    overlap = torch.minimum(edges[1:], pixels + 1) - torch.maximum(edges[:-1], pixels)
    return (overlap.clamp_min(0) * SIDE / length).float()


def _reduced(images: Tensor) -> Tensor:
    """Larger pictures with a short side of LARGEST, which makes all that follows cheap."""
    images = images.float().cpu().nan_to_num(0.0).clamp(-1, 1)  # a work may hold what is no number
    height, width = images.shape[2:]
    if min(height, width) <= LARGEST:
        return images
    factor = LARGEST / min(height, width)
    return F.interpolate(images, (round(height * factor), round(width * factor)), mode="bilinear", antialias=True)
