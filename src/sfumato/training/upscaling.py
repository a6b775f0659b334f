"""Learning to enlarge: the objective of an upscaler."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import Condition, Denoiser, LogNormal, PictureCondition
from sfumato.diffusion.enlarging import enlarged, reduced
from sfumato.models import Model, SamplerSettings, to_pictures, upscale
from sfumato.networks import UNetConfig
from sfumato.random import spread
from sfumato.training.configuration import TrainingConfig
from sfumato.training.objective import PICTURES, Losses
from sfumato.works.values import Precision

# The settings of an upscaler's run, but for its factor and its length. Pixels alone at the finest level, for detail; no
# early weights, as no guidance is needed by what sees the picture.
UPSCALER: Mapping[str, Any] = {"objective": "upscaling", "early": 1.0}
NETWORK = UNetConfig(patch=1, channels=(32, 64), blocks=2, width=128, depth=2, heads=2)
MEASURED = 256  # pictures whose detail is measured
LEAST_DETAIL = 0.01  # so that pictures of plain colours leave something to divide by


@dataclass(eq=False)
class Upscaling:
    """The error of a denoiser of crops that sees their small form (SR3: Saharia et al. 2021, arXiv:2104.07636).

    factor: of the enlargement; side: of the crops, in pixels.
    """

    denoiser: Denoiser
    density: LogNormal
    factor: int
    side: int

    @property
    def module(self) -> Denoiser:
        return self.denoiser

    def losses(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """images: [N, 3, S, S], S = factor * side, of each of which one crop is used; the condition is not."""
        return Losses(self._losses(self.denoiser, images, generator))

    @torch.no_grad()
    def measured(self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        return self._losses(denoiser, images, generator)

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """What it makes of the middle of held-out pictures, no larger than a window asks."""
        indices = dataset.held_out if len(dataset.held_out) else dataset.train
        chosen = spread(indices, min(PICTURES, len(indices)))
        small = reduced(dataset.images(chosen), self.factor)
        side = -(-self.side // self.factor)
        start = (small.shape[2] - side) // 2
        middles = to_pictures(small[:, :, start : start + side, start : start + side])
        return [upscale(model, middle, seed=seed, precision=precision).image for middle in middles]

    def remark(self, dataset: Dataset) -> str:
        return ""

    def _losses(self, denoiser: Denoiser, images: Tensor, generator: torch.Generator) -> Tensor:
        pairs = torch.cat((images, enlarged(reduced(images, self.factor), self.factor)), 1)
        places = torch.randint(images.shape[2] - self.side + 1, (len(images), 2), generator=generator).tolist()
        clean, reference = torch.stack(
            [
                pair[:, top : top + self.side, left : left + self.side]
                for pair, (top, left) in zip(pairs, places, strict=True)
            ]
        ).chunk(2, 1)
        sigma = self.density.sample(len(images), generator).to(images.device)
        noise = torch.randn(clean.shape, generator=generator).to(images.device)
        denoised = denoiser(clean + sigma.view(-1, 1, 1, 1) * noise, sigma, PictureCondition(reference))
        weighted: Tensor = denoiser.preconditioning.weight(sigma) * (denoised - clean).square().mean((1, 2, 3))
        return weighted


def upscaling_density(settings: TrainingConfig) -> LogNormal:
    """Noise levels as for whole pictures, whose deviation is 0.5, at the scale of the detail; it has one size only."""
    return LogNormal(settings.noise_mean + math.log(settings.detail / 0.5), settings.noise_deviation)


def upscaling_sampling(settings: TrainingConfig) -> SamplerSettings:
    """How an upscaler is sampled: from where next to nothing of the detail is left, the reference says the rest."""
    return SamplerSettings(
        steps=8,
        sigma_min=0.06 * settings.detail,
        sigma_max=20 * settings.detail,
        guidance=1.0,
        precision=settings.precision,
    )


def detail_of(dataset: Dataset, factor: int) -> float:
    """The standard deviation of what training pictures have beyond their enlarged small forms, in -1..1."""
    chosen = spread(dataset.train, min(MEASURED, len(dataset.train)))
    total = 0.0
    for part in torch.split(chosen, 8):
        images = dataset.images(part)
        total += float((images - enlarged(reduced(images, factor), factor)).square().mean((1, 2, 3)).double().sum())
    return max(LEAST_DETAIL, math.sqrt(total / len(chosen)))
