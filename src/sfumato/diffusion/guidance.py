"""Guidance: a denoiser and what is asked of it become one function of (x, sigma)."""

from __future__ import annotations

import math

from torch import Tensor

from sfumato.diffusion.denoiser import Denoiser
from sfumato.diffusion.samplers import Denoise

EVERYWHERE = (0.0, math.inf)


def conditioned(denoiser: Denoiser, condition: Tensor | None) -> Denoise:
    """No guidance: D(x, sigma, condition)."""
    return lambda x, sigma: denoiser(x, sigma, condition)


def classifier_free(
    denoiser: Denoiser, condition: Tensor, guidance: float, interval: tuple[float, float] = EVERYWHERE
) -> Denoise:
    """D_none + guidance * (D_class - D_none) (Ho and Salimans 2022, arXiv:2207.12598, eq. 6).

    guidance: 1 asks for the class as trained, more exaggerates it. Only while low <= sigma <= high, which keeps
    variety at high noise and saves evaluations (Kynkaanniemi et al. 2024, arXiv:2404.07724).
    """
    nothing = condition.new_full(condition.shape, -1)
    return _away_from(conditioned(denoiser, condition), conditioned(denoiser, nothing), guidance, interval)


def autoguidance(
    denoiser: Denoiser,
    worse: Denoiser,
    condition: Tensor | None,
    guidance: float,
    interval: tuple[float, float] = EVERYWHERE,
) -> Denoise:
    """D_worse + guidance * (D - D_worse): away from what a less trained model would make of no class in particular.

    Karras et al. 2024 (arXiv:2406.02507), eq. 3, where both know the class. With the worse one told none, works keep
    to their class as with ``classifier_free``, at the same distance from the pictures.
    """
    return _away_from(conditioned(denoiser, condition), conditioned(worse, None), guidance, interval)


def _away_from(good: Denoise, bad: Denoise, guidance: float, interval: tuple[float, float]) -> Denoise:
    if guidance == 1:
        return good
    low, high = interval

    def denoise(x: Tensor, sigma: float) -> Tensor:
        wanted = good(x, sigma)
        return bad(x, sigma).lerp(wanted, guidance) if low <= sigma <= high else wanted

    return denoise
