"""The running average of the weights that a model is made of."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


class PowerAverage(Generic[M]):
    """Weights averaged with a window that grows with the run (Karras et al. 2024, EDM2, arXiv:2312.02696, eq. 121-127).

    deviation: the standard deviation of the window as a share of the run so far, 0 < deviation < 0.28; 0 for the
    weights as they are. What is no weight but learned all the same, as batch norm's statistics, is averaged with them.
    """

    def __init__(self, module: M, deviation: float) -> None:
        self.module: M = copy.deepcopy(module).eval().requires_grad_(False)
        self.gamma = exponent(deviation) if deviation else None

    @torch.no_grad()
    def update(self, module: M, step: int) -> None:
        """After step number ``step``, 1-based."""
        change = 1.0 if self.gamma is None else 1 - (1 - 1 / step) ** (self.gamma + 1)
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), change)
        for own, other in zip(self.module.buffers(), module.buffers(), strict=True):
            own.lerp_(other, change) if own.is_floating_point() else own.copy_(other)


def exponent(deviation: float) -> float:
    """gamma of the power function of that deviation: (gamma + 1) / ((gamma + 2)^2 (gamma + 3)) = deviation^2."""
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        if (middle + 1) / ((middle + 2) ** 2 * (middle + 3)) > deviation**2:
            low = middle
        else:
            high = middle
    return low
