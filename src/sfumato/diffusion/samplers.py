"""Samplers: generators that turn noise into pictures (or latents) with a denoiser, yielding every step.

Each takes

    denoise: (x, sigma) -> estimate of the clean pictures, of x's shape; sigma is a float > 0
    x:       [N, ...], noise of standard deviation sigmas[0] (plus a picture, for img2img)
    sigmas:  [steps + 1], falling; the last may be 0
    noise:   step index -> standard normal noise of x's shape, or None for a step without fresh noise (the stochastic
             samplers only)

and yields a ``Step`` after each move from sigmas[i] to sigmas[i + 1]. The differential equation that they solve is
dx / dsigma = (x - D(x, sigma)) / sigma (Karras et al. 2022, arXiv:2206.00364, eq. 3 with sigma(t) = t).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

Denoise = Callable[[Tensor, float], Tensor]
Noise = Callable[[int], Tensor | None]


@dataclass(frozen=True, eq=False)
class Step:
    """index: 0-based; steps: how many there are; x: the pictures with noise of level sigma; denoised: the estimate of
    the clean pictures from which the step was made."""

    index: int
    steps: int
    sigma: float
    x: Tensor
    denoised: Tensor


Sampler = Callable[[Denoise, Tensor, Tensor, Noise], Iterator[Step]]


def euler(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise | None = None) -> Iterator[Step]:
    """Euler's method, first order. In these variables it is DDIM (Song et al. 2021, arXiv:2010.02502, eq. 13)."""
    for index, (sigma, following) in _pairs(sigmas):
        denoised = denoise(x, sigma)
        x = denoised + (x - denoised) * (following / sigma)
        yield Step(index, len(sigmas) - 1, following, x, denoised)


def heun(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise | None = None) -> Iterator[Step]:
    """Heun's method, second order, two evaluations a step but the last to 0 (Karras et al. 2022, algorithm 1)."""
    for index, (sigma, following) in _pairs(sigmas):
        denoised = denoise(x, sigma)
        slope = (x - denoised) / sigma
        moved = x + slope * (following - sigma)
        if following > 0:
            second = (moved - denoise(moved, following)) / following
            moved = x + (slope + second) / 2 * (following - sigma)
        x = moved
        yield Step(index, len(sigmas) - 1, following, x, denoised)


def dpmpp_2m(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise | None = None) -> Iterator[Step]:
    """DPM-Solver++(2M), second order from one evaluation a step (Lu et al. 2022, arXiv:2211.01095, algorithm 2).

    The first step, and one to 0, are of first order: there the multistep formula has no past or no finite step.
    """
    return _multistep(denoise, x, sigmas, None)


def dpmpp_2m_sde(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise) -> Iterator[Step]:
    """SDE-DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095, section 6): as 2M, with fresh noise at every step."""
    return _multistep(denoise, x, sigmas, noise)


def euler_ancestral(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise) -> Iterator[Step]:
    """DDPM's ancestral sampling (Ho et al. 2020, arXiv:2006.11239, eq. 7): the posterior's mean, then its noise."""
    for index, (sigma, following) in _pairs(sigmas):
        denoised = denoise(x, sigma)
        # The posterior q(x_following | x_sigma, x0) has standard deviation following * sqrt(1 - ratio^2).
        x = _moved(denoised, x, following, following / sigma, noise(index) if following > 0 else None)
        yield Step(index, len(sigmas) - 1, following, x, denoised)


def consistency(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise) -> Iterator[Step]:
    """A whole picture at every level, and fresh noise alone before the next (Song et al. 2023, arXiv:2303.01469,
    algorithm 1). For a network that answers with one picture and not with the mean of all possible ones: what is left
    of the earlier noise belongs to that picture, and keeping it would exaggerate the picture."""
    return _anew(denoise, x, sigmas, noise, len(sigmas) - 2)


def consistency_denoised(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise) -> Iterator[Step]:
    """As `consistency`, with no fresh noise before the last level either: the picture's own errors are noise enough,
    which the network removes there (measured, see benchmarks/log.md)."""
    return _anew(denoise, x, sigmas, noise, len(sigmas) - 3)


SAMPLERS: dict[str, Sampler] = {
    "euler": euler,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "euler_ancestral": euler_ancestral,
}
"""Solvers of the differential equation, by name."""

DETERMINISTIC = ("euler", "heun", "dpmpp_2m")
"""The solvers that add no fresh noise: what they begin with stays in the picture."""

DISTILLED: dict[str, Sampler] = {"consistency": consistency, "consistency_denoised": consistency_denoised}
"""Samplers for distilled networks, which answer with one picture at every level."""


def _anew(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise, fresh: int) -> Iterator[Step]:
    """From each level a picture, and from it to the next; only the first ``fresh`` times with noise."""
    for index, (sigma, following) in _pairs(sigmas):
        denoised = denoise(x, sigma)
        drawn = noise(index) if index < fresh else None
        x = denoised if drawn is None else denoised + drawn * following
        yield Step(index, len(sigmas) - 1, following, x, denoised)


def _multistep(denoise: Denoise, x: Tensor, sigmas: Tensor, noise: Noise | None) -> Iterator[Step]:
    """Two-step extrapolation of the estimate in log sigma; with ``noise``, the stochastic equation's form of it."""
    previous, last_h = None, 0.0
    for index, (sigma, following) in _pairs(sigmas):
        denoised = denoise(x, sigma)
        if following == 0:
            x = denoised
        else:
            h, ratio = math.log(sigma / following), following / sigma
            estimate = denoised if previous is None else denoised + (denoised - previous) * (h / (2 * last_h))
            x = _moved(estimate, x, following, ratio, None if noise is None else noise(index))
            previous, last_h = denoised, h
        yield Step(index, len(sigmas) - 1, following, x, denoised)


def _moved(estimate: Tensor, x: Tensor, following: float, ratio: float, fresh: Tensor | None) -> Tensor:
    """x at the following level, ``ratio`` times the last one. Fresh noise makes up for half of the contraction."""
    if fresh is None:
        return estimate + (x - estimate) * ratio
    return estimate + (x - estimate) * ratio**2 + fresh * (following * math.sqrt(1 - ratio**2))


def _pairs(sigmas: Tensor) -> Iterator[tuple[int, tuple[float, float]]]:
    levels = torch.as_tensor(sigmas).tolist()
    return enumerate(pairwise(levels))
