"""How equal a model behind the contract is to its own pipeline: the same noise, steps and prompt, in both."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion import SAMPLERS, conditioned, guide
from sfumato.diffusion.noise import karras
from sfumato.disk import read_json, replace_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.layouts import TOKENS
from sfumato.pretrained.recording import in_place_of_scheduler
from sfumato.pretrained.spacing import DISCRETE
from sfumato.works.state import state_directory

FOLDER: Final = "equality"
PROMPT: Final = "a painting of waves at dusk"
KARRAS: Final = "karras"
_MOST_BYTES: Final = 4096


@dataclass(frozen=True)
class Run:
    """What both are asked. spacing: one of the model's own, or 'karras' over all of its discrete levels; guidance:
    ours, 1 for none; negative: None for what the family takes for no prompt; height, width: in pixels."""

    spacing: str
    height: int
    width: int
    prompt: str = PROMPT
    negative: str | None = None
    steps: int = 2
    guidance: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Equality:
    """error: of our Euler's latents from the pipeline's, relative to their norm, when both begin with the same x.

    start: how much larger the pipeline's x is to begin with than noise * sigma, as a fraction: not at all but under
    'leading', where it is noise * sqrt(sigma^2 + 1), as if x0 were noise too. dtype: of the network's weights.
    """

    error: float
    start: float
    dtype: str

    @property
    def said(self) -> str:
        """For a record: 'with Euler's method its latents are those of its own pipeline to 3e-07 of their size, ...'."""
        start = f"; that begins with {self.start:.1%} more noise" if self.start > 1e-6 else ""
        return (
            f"with Euler's method its latents are those of its own pipeline to {self.error:.0e} of their size, "
            f"measured in {self.dtype}{start}"
        )


def measure(pretrained: Pretrained, **asked: Any) -> Equality:
    """asked: fields of `Run`; by default from the highest noise level on, and on a quarter of the model's side, where the
    two are as equal as on all of it. It costs twice ``steps`` evaluations, and with guidance four times."""
    side = max(pretrained.size // 4, 4 * pretrained.codec.factor)
    side -= side % pretrained.codec.factor
    defaults: dict[str, Any] = {"spacing": pretrained.spacing.names[-1], "height": side, "width": side}
    run = Run(**defaults | asked)
    shape = pretrained.codec.shape(run.height, run.width)
    noise = torch.randn(1, *shape, generator=torch.Generator().manual_seed(run.seed))
    theirs, scale = _theirs(pretrained, run, noise)
    sigmas = _sigmas(pretrained, run)
    ours = _ours(pretrained, run, noise * scale, sigmas)
    error = ((ours - theirs).norm() / theirs.norm()).item()
    dtype = str(pretrained.network.dtype).removeprefix("torch.")
    return Equality(error, abs(scale / sigmas[0].item() - 1), dtype)


def equality_of(pretrained: Pretrained, digest: str) -> Equality:
    """As `measure`, once for each model: what was found is kept in the program's state directory.

    digest: SHA-256 over the model's files, hexadecimal. Where nothing can be kept it is measured again.
    """
    try:
        file = state_directory() / FOLDER / f"{digest}.json"
    except SfumatoError:  # without a home nothing is remembered
        return measure(pretrained)
    dtype = str(pretrained.network.dtype).removeprefix("torch.")
    try:
        known = Equality(**read_json(file, _MOST_BYTES))
        if known.dtype == dtype:
            return known
    except (OSError, ValueError, TypeError):  # there is none, or it is damaged
        pass
    found = measure(pretrained)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(file, json.dumps(asdict(found)).encode())
    except OSError:  # a disk that is full, or may not be written to, costs time alone
        pass
    return found


def _ours(pretrained: Pretrained, run: Run, x: Tensor, sigmas: Tensor) -> Tensor:
    device = pretrained.network.device
    condition = pretrained.encoder.condition(run.prompt, run.height, run.width, run.negative).to(device)
    good, bad = (conditioned(pretrained.denoiser, one) for one in (condition, condition.drop()))
    with torch.inference_mode():
        steps = SAMPLERS["euler"](guide(good, bad, run.guidance), x.to(device), sigmas, lambda _: None)
        *_, last = steps
    return last.x.cpu()


def _sigmas(pretrained: Pretrained, run: Run) -> Tensor:
    own = pretrained.spacing
    if run.spacing == KARRAS:
        return karras(run.steps, own.sigma_min, own.sigma_max)
    return own.sigmas(run.spacing, run.steps, run.height, run.width)


def _theirs(pretrained: Pretrained, run: Run, noise: Tensor) -> tuple[Tensor, float]:
    """The pipeline's last latents as D's, and what it multiplies noise by to begin with, in D's variables."""
    family, pipeline = pretrained.family, pretrained.pipeline
    last: dict[str, Tensor] = {}

    def keep(_: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
        last["latents"] = values["latents"]
        return values

    asked: dict[str, Any] = {family.guidance.argument: family.guidance.theirs(run.guidance)}
    if run.negative is not None or (family.guidance.distilled is not None and run.guidance != 1):
        asked["negative_prompt"] = run.negative or ""
    with quiet():
        scheduler = _scheduler(pretrained, run.spacing)
        with in_place_of_scheduler(pipeline, scheduler):
            pipeline(
                prompt=run.prompt,
                height=run.height,
                width=run.width,
                num_inference_steps=run.steps,
                latents=_as_the_pipeline_takes(pretrained, noise).to(pretrained.network.device),
                output_type="latent",
                callback_on_step_end=keep,
                **asked,
            )
    latents = last["latents"].float().cpu()
    if family.layout is TOKENS:
        latents = TOKENS.restore(latents, *noise.shape[2:])
    else:
        latents = F.pixel_unshuffle(latents, family.layout.patch)
    scale = pretrained.spacing.sigma_max if family.is_flow else float(scheduler.init_noise_sigma)
    return latents, scale


def _as_the_pipeline_takes(pretrained: Pretrained, noise: Tensor) -> Tensor:
    """FLUX.1 and Chroma take tokens, FLUX.2 takes latents as D does, and others as the VAE does."""
    family = pretrained.family
    if family.name == "flux2_klein":
        return noise
    return TOKENS.arrange(noise) if family.layout is TOKENS else F.pixel_shuffle(noise, family.layout.patch)


def _scheduler(pretrained: Pretrained, spacing: str) -> Any:
    """Euler's method of diffusers in that spacing, with the pipeline's own noise levels."""
    from diffusers import EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler

    config = pretrained.pipeline.scheduler.config
    euler: Any = FlowMatchEulerDiscreteScheduler if pretrained.family.is_flow else EulerDiscreteScheduler
    own: dict[str, Any] = {
        "use_karras_sigmas": spacing == KARRAS,
        "use_exponential_sigmas": False,
        "use_beta_sigmas": False,
    }
    if not pretrained.family.is_flow:
        own["timestep_spacing"] = spacing if spacing in DISCRETE else "linspace"
    return euler.from_config(config, **own)
