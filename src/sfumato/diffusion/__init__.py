"""The diffusion core: denoisers D(x, sigma, condition), noise levels, samplers, guidance."""

from sfumato.diffusion.denoiser import (
    Denoiser,
    Preconditioning,
    PreconditioningName,
    ResidualDenoiser,
    preconditioning,
)
from sfumato.diffusion.guidance import away_from, conditioned, mixed
from sfumato.diffusion.noise import SCHEDULES, SIGMA_MAX, SIGMA_MIN, LogNormal
from sfumato.diffusion.samplers import SAMPLERS, Denoise, Noise, Sampler, Step

__all__ = [
    "SAMPLERS",
    "SCHEDULES",
    "SIGMA_MAX",
    "SIGMA_MIN",
    "Denoise",
    "Denoiser",
    "LogNormal",
    "Noise",
    "Preconditioning",
    "PreconditioningName",
    "ResidualDenoiser",
    "Sampler",
    "Step",
    "away_from",
    "conditioned",
    "mixed",
    "preconditioning",
]
