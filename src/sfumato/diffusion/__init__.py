"""The diffusion core: denoisers D(x, sigma, condition), noise levels, samplers, guidance."""

from sfumato.diffusion.codec import PIXELS, AnyCodec, Codec
from sfumato.diffusion.condition import ClassCondition, Condition, Mixture, PictureCondition
from sfumato.diffusion.denoiser import (
    Cascade,
    Denoiser,
    Preconditioning,
    PreconditioningName,
    ResidualDenoiser,
    preconditioning,
)
from sfumato.diffusion.guidance import at_level, conditioned, guide, mixed
from sfumato.diffusion.noise import SCHEDULES, SIGMA_MAX, SIGMA_MIN, LogNormal
from sfumato.diffusion.samplers import SAMPLERS, Denoise, Noise, Sampler, Step

__all__ = [
    "PIXELS",
    "SAMPLERS",
    "SCHEDULES",
    "SIGMA_MAX",
    "SIGMA_MIN",
    "AnyCodec",
    "Cascade",
    "ClassCondition",
    "Codec",
    "Condition",
    "Denoise",
    "Denoiser",
    "LogNormal",
    "Mixture",
    "Noise",
    "PictureCondition",
    "Preconditioning",
    "PreconditioningName",
    "ResidualDenoiser",
    "Sampler",
    "Step",
    "at_level",
    "conditioned",
    "guide",
    "mixed",
    "preconditioning",
]
