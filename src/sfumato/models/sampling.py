"""From drafts to pictures: the one place where a model, its guidance and a sampler meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, Denoise, Step, away_from, conditioned, mixed
from sfumato.diffusion.randomness import PictureNoise
from sfumato.models.configuration import SamplerSettings
from sfumato.models.model import Model

# Kernels may round differently for batches of different sizes. So every batch has this many places, and a picture
# always stands in the same one.
BATCH = 16
NO_CLASS = -1


@dataclass(frozen=True)
class Draft:
    """What one picture begins with: its noise, and shares of classes that sum to 1 ({} for no class)."""

    noise: PictureNoise
    classes: Mapping[int, float]


@torch.inference_mode()
def sampled(
    model: Model,
    settings: SamplerSettings,
    drafts: Sequence[Draft],
    *,
    away: int = NO_CLASS,
    picture: Tensor | None = None,
    strength: float = 1.0,
) -> Iterator[Step]:
    """Yields every step of all the drafts together.

    drafts: ``BATCH`` of them, for pictures that are to be the same to the bit another time. away: the class that
    guidance leads away from. picture: [3, size, size] in -1..1 to begin with, and strength, 0..1: the share of the
    steps that refine it (SDEdit: Meng et al. 2022, arXiv:2108.01073).
    """
    device = next(model.denoiser.parameters()).device
    shape = (3, model.config.size, model.config.size)

    def noise(step: int) -> Tensor:
        return torch.stack([draft.noise.draw(step, shape) for draft in drafts]).to(device)

    sigmas = SCHEDULES[settings.schedule](settings.steps, settings.sigma_min, settings.sigma_max)
    sigmas = sigmas[settings.steps - max(1, round(strength * settings.steps)) :]
    begun = 0.0 if picture is None else picture.to(device)
    wanted = _of_classes(model, [draft.classes for draft in drafts], device)
    against = None if away == NO_CLASS else torch.full((len(drafts),), away, device=device)
    denoise = guided(model, settings, wanted, against)
    yield from SAMPLERS[settings.sampler](denoise, begun + noise(-1) * sigmas[0].float(), sigmas, noise)


def guided(model: Model, settings: SamplerSettings, wanted: Denoise, against: Tensor | None = None) -> Denoise:
    """What a sampler asks: an estimate of the model with guidance and sharpness, in the precision of the settings.

    wanted: the estimate without; against: the class of each picture that it is led away from, [N], None for no class.
    """

    def told(estimate: Denoise) -> Denoise:
        def denoise(x: Tensor, sigma: float) -> Tensor:
            with torch.autocast(x.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
                return estimate(x, sigma * (1 - settings.sharpness))

        return denoise

    kind = effective_guidance(model, settings, away=against is not None)
    if kind == "none":
        return told(wanted)
    worse = model.worse() if kind == "autoguidance" else model.denoiser
    interval = (settings.guidance_low, settings.guidance_high)
    return away_from(told(conditioned(worse, against)), told(wanted), settings.guidance, interval)


def effective_guidance(model: Model, settings: SamplerSettings, *, away: bool = False) -> str:
    """'none' where nothing would change: at 1, or away from no class in a model that has none."""
    without = settings.guidance_kind == "classifier_free" and not model.config.classes and not away
    return "none" if settings.guidance == 1 or without else settings.guidance_kind


def _of_classes(model: Model, classes: Sequence[Mapping[int, float]], device: torch.device) -> Denoise:
    """The estimate of every picture's own mixture, with as many evaluations as the longest of them has classes."""
    most = max(1, *map(len, classes))
    # A picture with fewer classes than another asks for its first one again, with a share of 0.
    given = [mixture or {NO_CLASS: 1.0} for mixture in classes]
    filled = [[*mixture.items(), *[(next(iter(mixture)), 0.0)] * most][:most] for mixture in given]
    indices = torch.tensor([[index for index, _ in mixture] for mixture in filled], device=device).T
    shares = torch.tensor([[share for _, share in mixture] for mixture in filled], device=device).T
    return mixed([conditioned(model.denoiser, one) for one in indices], shares)
