"""The noise that works begin with, and the levels of it that they go through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torch import Tensor

from sfumato.diffusion import SCHEDULES, Noise
from sfumato.diffusion.randomness import NoiseBetween, PictureNoise, SeededNoise
from sfumato.diffusion.samplers import DETERMINISTIC
from sfumato.models.canvas import Canvas
from sfumato.models.conditions import seen_at_once
from sfumato.models.configuration import ModelConfig
from sfumato.models.model import Model
from sfumato.works.request import Request
from sfumato.works.sampler_settings import SamplerSettings

FILLED_FROM: Final = 5.0  # sigma at which inpainting begins, for a model of 64 px


def noise_of(request: Request) -> PictureNoise:
    """The noise that the work of a request begins with: its number's, turned towards others' one after the other."""
    noise: PictureNoise = SeededNoise(request.seed, request.number)
    for slerp in request.slerps:
        noise = NoiseBetween(noise, SeededNoise(slerp.seed, slerp.number), slerp.fraction)
    return noise


def noise_levels(model: Model, settings: SamplerSettings, canvas: Canvas) -> Tensor:
    """The noise levels that the settings name, [steps + 1], falling, the last one 0. canvas: a pre-trained model's own
    levels may depend on the size of what its network sees at once."""
    low, high = settings.sigma_min, settings.sigma_max
    if settings.schedule in SCHEDULES:
        return SCHEDULES[settings.schedule](settings.steps, low, high)
    assert model.pretrained is not None, "only such models have noise levels of their own"
    height, width = seen_at_once(model, canvas)
    return model.pretrained.spacing.sigmas(settings.schedule, settings.steps, height, width)


def step_count(settings: SamplerSettings, canvas: Canvas) -> int:
    """How many of the settings' steps are taken: from a picture on, as many as its strength says."""
    return max(1, round(canvas.strength * settings.steps))


def fresh_noise(settings: SamplerSettings, sigmas: Tensor, draw: Callable[[int], Tensor]) -> Noise:
    """What a stochastic sampler adds in its steps from these levels, where the settings have it add any. draw: step
    index -> noise."""
    return lambda step: draw(step) if settings.adds_noise(sigmas[step].item()) else None


def begins_at_mean(config: ModelConfig, settings: SamplerSettings, canvas: Canvas, sigma: float) -> bool:
    """Whether the estimate of pure noise is added to it before the first step.

    Even pictures with that much noise still contain their mean. A sampler that adds fresh noise finds it; one that
    keeps its first noise would miss it to the end, and pictures on a dark ground would be too light.
    """
    keeps_noise = settings.sampler in DETERMINISTIC or not settings.adds_noise(sigma)
    # Pre-trained models are sampled as they were meant to be, and that would cost one evaluation more.
    return keeps_noise and config.samples_freely and not config.takes_prompts and canvas.picture is None


def filled_from(config: ModelConfig) -> float:
    """Sigma at which inpainting in full strength begins: larger pictures, or latents, need more noise."""
    return FILLED_FROM * config.size / config.codec.factor / 64
