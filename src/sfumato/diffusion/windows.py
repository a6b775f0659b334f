"""Windows: a denoiser of one size makes canvases of any size, by overlapping windows that agree at every noise level.

MultiDiffusion: Bar-Tal et al. 2023, arXiv:2302.08113.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

from sfumato.diffusion.samplers import Denoise
from sfumato.errors import SfumatoError

# Windows that a torus's grid moves on by when sigma grows e-fold, down and across: large, so that neighbouring levels
# land far apart, and irrational, so that no schedule comes back to the same positions.
_DRIFT = 50 * math.sqrt(5), 50 * math.sqrt(3)


Positions = Sequence[tuple[Tensor, Tensor]]
"""The rows [side] and the columns [side] of each window."""


def windowed(
    denoise: Callable[[Tensor, float, Positions], Tensor], *, side: int, stride: int, wrap: bool = False
) -> Denoise:
    """A denoiser of canvases [N, C, H, W], H and W not under ``side``, from one of windows [N, C, side, side].

    stride: the largest distance between neighbouring windows, 1..side. They stand at even distances, the first and the
    last flush with the canvas's edges. wrap: the canvas is a torus, whose windows run on over its edges, so that it
    repeats without a seam; there the grid of windows moves with the noise level.

    ``denoise`` is called once for all windows, stacked as [count * N, C, side, side] with count = ``window_count``, row
    by row: window 0 of all N pictures, then window 1 of all. Its third argument says where they were cut, so that a
    condition can be cut alike (`Condition.windows`).

    The estimates' mean is weighted by a sin^2 that falls to the windows' edges (the solution of eq. 5). Raises
    SfumatoError for a stride out of range and, when the returned function is called, for a canvas under a window's.
    """
    _check_stride(side, stride)

    def blended(x: Tensor, sigma: float) -> Tensor:
        height, width = x.shape[-2:]
        _check_canvas(height, width, side)
        down, across = ((int(math.log(sigma) * drift % 1 * stride) if wrap else 0) for drift in _DRIFT)
        positions, weights = [], []
        for (rows, row_weight), (columns, column_weight) in product(
            _axis(height, side, stride, wrap, down), _axis(width, side, stride, wrap, across)
        ):
            positions.append((rows.to(x.device), columns.to(x.device)))
            weights.append((row_weight[:, None] * column_weight).to(x))
        estimates = denoise(
            torch.cat([x[:, :, rows[:, None], columns] for rows, columns in positions]), sigma, positions
        )
        blend = x.new_zeros((len(x), estimates.shape[1], height, width))
        for (rows, columns), weight, estimate in zip(positions, weights, estimates.chunk(len(positions)), strict=True):
            blend[:, :, rows[:, None], columns] += weight * estimate
        return blend

    return blended


def window_count(height: int, width: int, side: int, stride: int, wrap: bool = False) -> int:
    """How many windows ``windowed`` cuts a canvas of ``height`` x ``width`` into. Raises SfumatoError as it does."""
    _check_stride(side, stride)
    _check_canvas(height, width, side)
    return _count(height, side, stride, wrap) * _count(width, side, stride, wrap)


def _count(length: int, side: int, stride: int, wrap: bool) -> int:
    return math.ceil(length / stride) if wrap else math.ceil((length - side) / stride) + 1


def _axis(length: int, side: int, stride: int, wrap: bool, shift: int) -> list[tuple[Tensor, Tensor]]:
    """For each window along one axis: its places [side], and its weights [side] there, which sum to 1 over all."""
    count = _count(length, side, stride, wrap)
    room, gaps = (length, count) if wrap else (length - side, max(1, count - 1))
    places = [(torch.arange(side) + shift + number * room // gaps) % length for number in range(count)]
    weight = torch.sin(math.pi * (torch.arange(side, dtype=torch.float64) + 0.5) / side).square()
    total = torch.zeros(length, dtype=torch.float64)
    for place in places:
        total[place] += weight
    return [(place, weight / total[place]) for place in places]


def _check_stride(side: int, stride: int) -> None:
    if not 1 <= stride <= side:
        raise SfumatoError(f"windows: a stride of {stride} for windows of {side} pixels; give 1 to {side}")


def _check_canvas(height: int, width: int, side: int) -> None:
    if min(height, width) < side:
        raise SfumatoError(
            f"windows: a canvas of {width} x {height} pixels is smaller than a window of {side} x {side}; "
            f"give at least {side} each way"
        )
