"""How equal a model behind the contract is to its own pipeline: the same noise, steps and prompt, in both."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion import SAMPLERS, conditioned, guide
from sfumato.diffusion.noise import karras
from sfumato.disk import replace_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.layouts import TOKENS
from sfumato.pretrained.recording import quiet
from sfumato.pretrained.spacing import DISCRETE
from sfumato.works.state import state_directory

FOLDER = "pretrained"
PROMPT = "a painting of waves at dusk"


@dataclass(frozen=True)
class Equality:
    """error: of our Euler's latents from those of the pipeline, relative to their norm, when both begin with the same
    x. start: how far x is from noise * sigma, where the pipeline begins otherwise, relative to its norm: under 'leading'
    it is noise * sqrt(sigma^2 + 1), as if the first level were on the circle; sfumato begins with noise * sigma."""

    error: float
    start: float
    spacing: str
    steps: int
    guidance: float
    height: int
    width: int


def measure(
    pretrained: Pretrained,
    *,
    prompt: str = PROMPT,
    negative: str | None = None,
    spacing: str | None = None,
    steps: int = 4,
    guidance: float = 1.0,
    height: int | None = None,
    width: int | None = None,
    seed: int = 0,
) -> Equality:
    """spacing: one of the model's, or 'karras' of one of discrete levels; guidance: ours, 1 for none; height, width: in
    pixels, by default the model's own. It costs ``steps`` evaluations twice, and four where there is guidance.
    """
    height, width = height or pretrained.size, width or pretrained.size
    spacing = spacing or pretrained.spacing.default
    noise = torch.randn(1, *pretrained.codec.shape(height, width), generator=torch.Generator().manual_seed(seed))
    device = pretrained.network.device
    sigmas = _sigmas(pretrained, spacing, steps, height, width)
    theirs, scale = _theirs(pretrained, noise, prompt, negative, spacing, steps, guidance, height, width)
    condition = pretrained.encoder.condition(prompt, height, width, negative).to(device)
    denoise = guide(
        conditioned(pretrained.denoiser, condition), conditioned(pretrained.denoiser, condition.drop()), guidance
    )
    start = scale / sigmas[0].item()
    with torch.inference_mode():
        x = noise.to(device) * scale
        for step in SAMPLERS["euler"](denoise, x, sigmas, lambda _: None):
            x = step.x
    error = ((x.cpu() - theirs).norm() / theirs.norm()).item()
    return Equality(error, abs(start - 1), spacing, steps, guidance, height, width)


def _sigmas(pretrained: Pretrained, spacing: str, steps: int, height: int, width: int) -> Tensor:
    own = pretrained.spacing
    return (
        karras(steps, own.sigma_min, own.sigma_max)
        if spacing == "karras"
        else own.sigmas(spacing, steps, height, width)
    )


def _theirs(
    pretrained: Pretrained,
    noise: Tensor,
    prompt: str,
    negative: str | None,
    spacing: str,
    steps: int,
    guidance: float,
    height: int,
    width: int,
) -> tuple[Tensor, float]:
    """The pipeline's last latents in D's form, and what it multiplies noise by to begin with, in D's variables."""
    family, pipeline = pretrained.family, pretrained.pipeline
    last: dict[str, Tensor] = {}

    def keep(_: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
        last["latents"] = values["latents"]
        return values

    asked: dict[str, Any] = {family.guidance.argument: family.guidance.theirs(guidance)}
    if negative is not None or (family.guidance.argument == "true_cfg_scale" and guidance != 1):
        asked["negative_prompt"] = negative or ""
    own = vars(pipeline)["scheduler"]
    scheduler = _scheduler(pretrained, spacing)
    vars(pipeline)["scheduler"] = scheduler
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore", DeprecationWarning)  # of numpy, for how diffusers reads a tensor
            pipeline(
                prompt=prompt,
                height=height,
                width=width,
                num_inference_steps=steps,
                latents=_in_their_form(pretrained, noise),
                output_type="latent",
                callback_on_step_end=keep,
                **asked,
            )
    finally:
        vars(pipeline)["scheduler"] = own
    latents = last["latents"].float().cpu()
    if family.layout is TOKENS:
        latents = TOKENS.restore(latents, *noise.shape[2:])
    elif latents.shape[1] != noise.shape[1]:
        latents = F.pixel_unshuffle(latents, family.layout.patch)
    first = pretrained.spacing.sigma_max if family.is_flow else float(scheduler.init_noise_sigma)
    return latents, first


def _in_their_form(pretrained: Pretrained, noise: Tensor) -> Tensor:
    """As the pipeline takes latents: FLUX.1's and Chroma's are tokens, FLUX.2's are D's, all others the VAE's."""
    family = pretrained.family
    if family.name == "flux2_klein":
        return noise
    return TOKENS.arrange(noise) if family.layout is TOKENS else F.pixel_shuffle(noise, family.layout.patch)


def _scheduler(pretrained: Pretrained, spacing: str) -> Any:
    """Euler's method of diffusers, with the pipeline's own table and that spacing."""
    from diffusers import EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler

    config = pretrained.pipeline.scheduler.config
    if pretrained.family.is_flow:
        return FlowMatchEulerDiscreteScheduler.from_config(config)
    return EulerDiscreteScheduler.from_config(
        config,
        timestep_spacing=spacing if spacing in DISCRETE else "linspace",
        use_karras_sigmas=spacing == "karras",
    )
