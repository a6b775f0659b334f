"""Running averages of the weights: the one that a model is made of, and those from early in the run for guidance."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from sfumato.diffusion import Denoiser
from sfumato.diffusion.denoiser import has_upscalers, is_of_upscaler

USUAL_EARLY = 0.25  # of the steps: where the average is taken that guides, unless another was found to be better

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
class EarlyAverages:
    """The average's weights as they were at some moments early in the run, one of which autoguidance uses.

    kept: by the share of the run at which each was kept, with the number of steps that it had made; the run's place
    follows the clock where a time has to be kept.
    """

    kept: dict[float, tuple[int, dict[str, Tensor]]] = field(default_factory=dict)

    def keep(self, average: Denoiser, step: int, progress: float, shares: Sequence[float]) -> None:
        """average: the averaged denoiser, after ``step`` steps; progress: of the run, 0..1; shares: where to."""
        for share in shares:
            if progress >= share and share not in self.kept:
                self.kept[share] = step, {name: weights.clone() for name, weights in average.weights().items()}

    def chosen(self, share: float | None, steps: int) -> dict[str, Tensor]:
        """The average that was kept at that share; for None the usual one of a run of so many steps, or {}. Upscalers
        are guided by the usual one, or by that nearest to it which has them: older checkpoints keep none of theirs."""
        ranked = [self.kept[one][1] for one in self.shares(steps)]
        if not ranked:
            return {}
        own = ranked[0] if share is None else self.kept[share][1]
        larger = next(filter(has_upscalers, ranked), {})
        return {
            **{name: weights for name, weights in own.items() if not is_of_upscaler(name)},
            **{name: weights for name, weights in larger.items() if is_of_upscaler(name)},
        }

    def at(self, share: float, steps: int) -> dict[str, Tensor]:
        """Of the averages that were kept the one nearest to that share of all ``steps``; {} where none is kept."""
        nearest = self.shares(steps, share)
        return self.kept[nearest[0]][1] if nearest else {}

    def shares(self, steps: int, share: float = USUAL_EARLY) -> list[float]:
        """Where averages were kept, first that whose number of steps is nearest, in proportion, to that share of all
        ``steps``: how far weights have come is a matter of steps, where the speed changes too."""
        wanted = max(share * steps, 1)
        return sorted(self.kept, key=lambda one: abs(math.log(max(self.kept[one][0], 1) / wanted)))
