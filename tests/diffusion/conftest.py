"""Data whose ideal denoiser is known: Gaussians and mixtures of them, each number of a picture on its own."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from sfumato.diffusion import Denoiser, Preconditioning


@dataclass(frozen=True)
class Mixture:
    """Called as D(x, sigma) it is the posterior mean of the clean number, the best that a denoiser can do."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    shares: tuple[float, ...] = (1.0,)

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        log_likelihoods, estimates = [], []
        for mean, deviation, share in zip(self.means, self.deviations, self.shares, strict=True):
            variance = deviation**2 + sigma**2
            log_likelihoods.append(math.log(share / math.sqrt(variance)) - (x - mean) ** 2 / (2 * variance))
            estimates.append(mean + (x - mean) * deviation**2 / variance)
        return (torch.stack(log_likelihoods).softmax(0) * torch.stack(estimates)).sum(0)


class IdealNetwork(nn.Module):
    """The network that makes a denoiser of ``preconditioning`` ideal for Gaussian classes of one deviation.

    means: a mean for every class; the last one is that of no class.
    """

    def __init__(self, preconditioning: Preconditioning, means: tuple[float, ...], deviation: float) -> None:
        super().__init__()
        self.preconditioning = preconditioning
        self.means = torch.tensor(means)
        self.deviation = deviation
        self.calls = 0

    def forward(self, x: Tensor, c_noise: Tensor, condition: Tensor | None) -> Tensor:
        self.calls += 1
        sigma = (4 * c_noise).exp().view(-1, 1, 1, 1)
        c_skip, c_out, c_in = self.preconditioning.scalings(sigma)
        mean = self.means[-1] if condition is None else self.means[condition - 1].view(-1, 1, 1, 1)
        x = x / c_in
        denoised = mean + (x - mean) * self.deviation**2 / (self.deviation**2 + sigma**2)
        return (denoised - c_skip * x) / c_out


@pytest.fixture(scope="session")
def mixture() -> type[Mixture]:
    return Mixture


@pytest.fixture(scope="session")
def ideal() -> Callable[..., Denoiser]:
    """(preconditioning, means a class and for no class, deviation) -> the ideal denoiser of such classes."""

    def make(preconditioning: Preconditioning, means: tuple[float, ...], deviation: float) -> Denoiser:
        return Denoiser(IdealNetwork(preconditioning, means, deviation), preconditioning)

    return make
