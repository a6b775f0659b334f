"""Noise levels: which ones training sees, and in which order sampling goes through them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

SIGMA_MIN, SIGMA_MAX = 0.01, 80.0

Schedule = Callable[[int, float, float], Tensor]
"""(steps, sigma_min, sigma_max) -> noise levels [steps + 1], falling, the last one 0."""


@dataclass(frozen=True)
class LogNormal:
    """Training noise levels whose logarithm is normal (Karras et al. 2022, table 1, 'noise distribution').

    mean: of log sigma; std: of log sigma.
    """

    mean: float
    std: float = 1.2

    @classmethod
    def for_size(cls, size: int, mean_at_32: float = -0.8, std: float = 1.2) -> LogNormal:
        """The density for pictures of ``size`` pixels a side.

        Averaging 2 x 2 pixels halves independent noise, so the same picture at twice the size is as hard to make out
        at twice the sigma (Hoogeboom et al. 2023, arXiv:2301.11093, section 3.1).
        """
        return cls(mean_at_32 + math.log(size / 32), std)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Returns sigma [count], float32: one from each of ``count`` equal parts of the density, in random order."""
        parts = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
        quantiles = (parts / count).clamp(1e-4, 1 - 1e-4)
        return (self.mean + self.std * math.sqrt(2) * torch.erfinv(2 * quantiles - 1)).exp()


def karras(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX, rho: float = 7.0) -> Tensor:
    """Evenly spaced in sigma^(1/rho) (Karras et al. 2022, eq. 5)."""
    levels = torch.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), steps, dtype=torch.float64) ** rho
    return _ending_in_zero(levels)


def exponential(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX) -> Tensor:
    """Evenly spaced in log sigma (Lu et al. 2022, arXiv:2211.01095, section 4.2: uniform log-SNR)."""
    return _ending_in_zero(torch.linspace(math.log(sigma_max), math.log(sigma_min), steps, dtype=torch.float64).exp())


def flow(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX) -> Tensor:
    """Evenly spaced in flow time t = sigma / (1 + sigma) (Lipman et al. 2023, arXiv:2210.02747)."""
    start, end = (sigma / (1 + sigma) for sigma in (sigma_max, sigma_min))
    times = torch.linspace(start, end, steps, dtype=torch.float64)
    return _ending_in_zero(times / (1 - times))


SCHEDULES: dict[str, Schedule] = {"karras": karras, "exponential": exponential, "flow": flow}


def _ending_in_zero(levels: Tensor) -> Tensor:
    return torch.cat((levels, levels.new_zeros(1)))
