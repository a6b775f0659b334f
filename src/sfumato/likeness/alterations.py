"""What copies look like: a picture a little shifted, turned, enlarged, recoloured, blurred or compressed again."""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFTED: Final = 0.03  # of the side; views are placed more finely than twice that
ENLARGED: Final = 0.03
TURNED: Final = math.radians(3)
HUE: Final = math.radians(25)
BRIGHTNESS: Final = 0.2
GRAIN: Final = 0.04  # standard deviation of noise, in -1..1
_BLOCK, _LOWEST_STEP, _STEEPER = 8, 8.0, 6.0  # of compression: pixels, and levels


def altered(images: Tensor, generator: torch.Generator, number: int) -> Tensor:
    """Each picture altered in its own way: [N, 3, H, W] in -1..1 -> the same shape and range.

    All are moved, recoloured and grainy; of three numbers in a row one has them compressed, and one blurred.
    """
    images = _moved(images, generator)
    if number % 3 == 1:
        images = _compressed(images)
    elif number % 3 == 2:
        images = _blurred(images)
    images = _recoloured(images, generator)
    return (images + GRAIN * torch.randn(images.shape, generator=generator)).clamp(-1, 1)


def _moved(images: Tensor, generator: torch.Generator) -> Tensor:
    drawn = 2 * torch.rand(4, len(images), generator=generator) - 1
    across, down = 2 * SHIFTED * drawn[0], 2 * SHIFTED * drawn[1]  # a grid is 2 wide
    angle, scale = TURNED * drawn[2], 1 + ENLARGED * drawn[3]
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = (torch.stack((cosine, -sine, across), 1), torch.stack((sine, cosine, down), 1))
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False).clamp(-1, 1)


def _recoloured(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turned about the axis of greys, and made lighter or darker."""
    drawn = 2 * torch.rand(2, len(images), generator=generator) - 1
    angle, brightness = HUE * drawn[0], 1 + BRIGHTNESS * drawn[1]
    axis = 1 / math.sqrt(3)
    cross = torch.tensor([[0.0, -axis, axis], [axis, 0.0, -axis], [-axis, axis, 0.0]])
    # Rodrigues' formula for a turn about a unit axis.
    turn = (
        angle.cos().view(-1, 1, 1) * torch.eye(3)
        + angle.sin().view(-1, 1, 1) * cross
        + (1 - angle.cos()).view(-1, 1, 1) / 3
    )
    turned = torch.einsum("nij,njhw->nihw", turn, images + 1)
    return (turned * brightness.view(-1, 1, 1, 1) - 1).clamp(-1, 1)


def _blurred(images: Tensor) -> Tensor:
    height, width = images.shape[2:]
    small = F.interpolate(images, (max(1, height // 2), max(1, width // 2)), mode="area")
    return F.interpolate(small, (height, width), mode="bilinear")


def _compressed(images: Tensor) -> Tensor:
    """As JPEG does it at about quality 60: cosine frequencies of 8 x 8 blocks, rounded the more coarsely the higher.

    The steps rise about as in the tables of ITU-T T.81, annex K; every colour is treated as lightness is there.
    """
    height, width = images.shape[2:]
    padded = F.pad(127.5 * images, (0, -width % _BLOCK, 0, -height % _BLOCK), mode="replicate")
    along = torch.arange(_BLOCK)
    waves = torch.cos(math.pi / _BLOCK * (along + 0.5) * along[:, None]) * math.sqrt(2 / _BLOCK)
    waves[0] /= math.sqrt(2)
    steps = _LOWEST_STEP + _STEEPER * (along + along[:, None])
    blocks = padded.unfold(2, _BLOCK, _BLOCK).unfold(3, _BLOCK, _BLOCK)
    rounded = (waves @ blocks @ waves.T / steps).round() * steps
    joined = (waves.T @ rounded @ waves).transpose(3, 4).reshape(padded.shape)
    return (joined[:, :, :height, :width] / 127.5).clamp(-1, 1)
