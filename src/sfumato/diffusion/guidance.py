"""Guidance: a denoiser and its condition become one function of (x, sigma)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from sfumato.diffusion.codec import PIXELS, Codec
from sfumato.diffusion.condition import Condition
from sfumato.diffusion.denoiser import Denoiser
from sfumato.diffusion.samplers import Denoise

EVERYWHERE = (0.0, math.inf)


def conditioned(denoiser: Denoiser, condition: Condition | None) -> Denoise:
    """No guidance: D(x, sigma, condition)."""
    return lambda x, sigma: denoiser(x, sigma, condition)


def mixed(denoises: Sequence[Denoise], weights: Tensor) -> Denoise:
    """The weighted mean of several estimates, each picture with weights of its own; costs an evaluation of each.

    weights: [K, N] for K estimates of N pictures, each column of sum 1. The estimate is linear in the score, so this is
    the weighted conjunction of Liu et al. 2022 (arXiv:2206.01714, eq. 11).
    """
    if len(denoises) == 1:
        return denoises[0]

    def denoise(x: Tensor, sigma: float) -> Tensor:
        each = weights.to(x.device, x.dtype).view(*weights.shape, 1, 1, 1)
        return sum((weight * one(x, sigma) for weight, one in zip(each, denoises, strict=True)), x.new_zeros(()))

    return denoise


def guide(
    good: Denoise,
    bad: Denoise,
    guidance: float,
    interval: tuple[float, float] = EVERYWHERE,
    chroma: float = 1.0,
    codec: Codec = PIXELS,
    *,
    contrast: float = 1.0,
    middle: Tensor | None = None,
    detail: tuple[float, float] = (0.0, 1.0),
) -> Denoise:
    """good + (guidance - 1) * (good - bad): the good estimate, exaggerated in what tells it from the bad one.

    guidance: 1 asks for the good one as it is, at one evaluation. Only while low <= sigma <= high, which keeps variety
    at high noise and saves evaluations (Kynkaanniemi et al. 2024, arXiv:2404.07724). chroma: the fraction of it,
    0..1, that goes to colour, as far as the codec tells it apart. Drawing and light can be exaggerated; colours then
    leave those of the pictures (measured, see benchmarks/log.md). contrast: the fraction of it, 0..1, that goes to what
    the good estimate has more or less of than a plain picture, its own mean, or where it is given than ``middle``, [N,
    C, H, W]: with 0 a picture's contrast, or how strong an enlargement's detail is, stays as it was. That is the
    projection of Sadat et al. 2024 (arXiv:2410.02416, section 4), about the mean in place of 0. detail: a sigma, and
    what guidance is below it. A sigma may also be one for each picture, [N].

    With the same denoiser under no condition for the bad one it is classifier-free guidance (Ho and Salimans 2022,
    arXiv:2207.12598, eq. 6), with a less trained denoiser autoguidance (Karras et al. 2024, arXiv:2406.02507, eq. 3).
    """
    if guidance == 1:
        return good
    low, high = interval

    def denoise(x: Tensor, sigma: float) -> Tensor:
        wanted = good(x, sigma)
        acts = torch.as_tensor(
            (low <= sigma) & (sigma <= high)
        )  # of a number on the CPU: no graphics card is waited for
        if not acts.any():
            return wanted
        further = (wanted - bad(x, sigma)) * acts.to(x.device).view(-1, 1, 1, 1)
        if contrast != 1:
            further = further - (1 - contrast) * _along(further, wanted - (_mean(wanted) if middle is None else middle))
        if chroma != 1:
            further = codec.muted(further, chroma)
        below, of_detail = detail
        strength = at_level(sigma, below, of_detail - 1, guidance - 1)
        return wanted + (strength.view(-1, 1, 1, 1) if isinstance(strength, Tensor) else strength) * further

    return denoise


def at_level(sigma: Tensor | float, below: float, fine: float, coarse: float) -> Tensor | float:
    """``fine`` where sigma is lower than ``below``, else ``coarse``: a number, or one for each of [N] sigmas."""
    if isinstance(sigma, Tensor):
        return torch.where(sigma < below, fine, coarse)
    return fine if sigma < below else coarse


def _mean(pictures: Tensor) -> Tensor:
    return pictures.mean((1, 2, 3), keepdim=True)


def _along(change: Tensor, direction: Tensor) -> Tensor:
    """The part of each picture's change that is a multiple of its direction."""
    squares = direction.square().sum((1, 2, 3), keepdim=True)
    return (change * direction).sum((1, 2, 3), keepdim=True) / squares.clamp_min(1e-12) * direction
