"""Running averages of the weights: the one that a model is made of, and those from early in the run for guidance."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class PowerAverage(Generic[M]):
    """Weights averaged with a window that grows with the run (Karras et al. 2024, EDM2, arXiv:2312.02696, eq. 121-127).

    std: the standard deviation of the window as a share of the run so far, 0 < std < 0.28; 0 for the
    weights as they are. Learned numbers that are not weights, such as batch norm's statistics, are averaged with them.
    """

    def __init__(self, module: M, std: float) -> None:
        # What is in no state dict does not learn: it is shared, as the weights of a model are that is being adapted.
        fixed = {id(buffer): buffer for name, buffer in module.named_buffers() if name not in module.state_dict()}
        self.module: M = copy.deepcopy(module, fixed).eval().requires_grad_(False)
        self.gamma = exponent(std) if std else None

    @torch.no_grad()
    def update(self, module: M, step: int) -> None:
        """After step number ``step``, 1-based."""
        change = 1.0 if self.gamma is None else 1 - (1 - 1 / step) ** (self.gamma + 1)
        torch._foreach_lerp_(list(self.module.parameters()), list(module.parameters()), change)
        for own, other in zip(self.module.buffers(), module.buffers(), strict=True):
            if own is not other:
                own.lerp_(other, change) if own.is_floating_point() else own.copy_(other)


def exponent(std: float) -> float:
    """gamma of the power function whose window has that standard deviation.

    (gamma + 1) / ((gamma + 2)^2 (gamma + 3)) = std^2.
    """
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        if (middle + 1) / ((middle + 2) ** 2 * (middle + 3)) > std**2:
            low = middle
        else:
            high = middle
    return low


@dataclass
class EarlyAverage:
    """The average's weights as they were early in the run, for autoguidance.

    Guidance wants weights that have made a certain share of the steps, which nobody knows in advance where the speed
    changes. So where the clock says how far the run has come, the average is kept at half of that share too, and the
    two are chosen from when a model is made.

    weights, sooner: at the share, and at half of it; empty before; step, sooner_step: the steps that they had made.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    sooner: dict[str, Tensor] = field(default_factory=dict)
    sooner_step: int = 0

    def keep(self, network: nn.Module, step: int, progress: float, share: float, *, clocked: bool) -> None:
        """network: the averaged one, after ``step`` steps; progress: of the run, 0..1; share: where it is kept, 1 to
        keep none; clocked: whether progress follows the time."""
        if clocked and share < 1 and not self.sooner and progress >= share / 2:
            self.sooner, self.sooner_step = copy.deepcopy(network.state_dict()), step
        if share < 1 and not self.weights and progress >= share:
            self.weights, self.step = copy.deepcopy(network.state_dict()), step

    def at(self, share: float, steps: int) -> dict[str, Tensor]:
        """Of the averages that were kept the one at the number of steps that is nearest to that share of them all."""
        if not self.weights or not self.sooner:
            return self.weights
        wanted = share * steps

        def apart(step: int) -> float:
            return max(step, 1) / wanted if step > wanted else wanted / max(step, 1)

        return self.sooner if apart(self.sooner_step) < apart(self.step) else self.weights
