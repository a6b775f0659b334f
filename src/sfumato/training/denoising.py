"""Learning to remove noise: the objective of diffusion models."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import PIXELS, Codec, Condition, Denoiser, LogNormal
from sfumato.features.vgg import PerceptualLoss
from sfumato.images.tensors import normalised
from sfumato.models import Model
from sfumato.training.objective import Losses, works_of
from sfumato.works.values import Precision


@dataclass(eq=False)
class Denoising:
    """The squared error of the denoiser, weighted by its preconditioning (Karras et al. 2022, eq. 2 and 8).

    perceptual: is added, times ``perceptual_weight``, for the pictures whose sigma is below ``perceptual_below``. With
    more noise than that the estimate is an average over many pictures, and has no fine features to compare.
    codec: what the pictures are encoded with.
    """

    denoiser: Denoiser
    density: LogNormal
    class_dropout: float = 0.1
    perceptual: PerceptualLoss | None = None
    perceptual_weight: float = 1.0
    perceptual_below: float = 0.5
    codec: Codec = PIXELS

    @property
    def module(self) -> Denoiser:
        return self.denoiser

    def losses(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        return self._losses(self.denoiser, images, condition, generator, self.class_dropout)

    @torch.no_grad()
    def measured(self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        return self._losses(denoiser, images, condition, generator, 0.0).total

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        return works_of(model, seed, precision)

    def remark(self, dataset: Dataset) -> str:
        return ""

    def _losses(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator, class_dropout: float
    ) -> Losses:
        clean = self.codec.encode(images)
        sigma = self.density.sample(len(clean), generator).to(clean.device)
        dropped = torch.rand(len(clean), generator=generator) < class_dropout
        noise = torch.randn(clean.shape, generator=generator).to(clean.device)
        noisy = clean + sigma.view(-1, 1, 1, 1) * noise
        denoised = denoiser(noisy, sigma, condition.drop(dropped))
        error = (denoised - clean).square().mean((1, 2, 3))
        weighted: Tensor = denoiser.preconditioning.weight(sigma) * error
        clear = sigma < self.perceptual_below
        if self.perceptual is None or not clear.any():
            return Losses(weighted)
        felt = torch.zeros_like(weighted)
        felt[clear] = self.perceptual(normalised(self.codec.decode(denoised[clear])), normalised(images[clear]))
        return Losses(weighted + self.perceptual_weight * felt, {"mse": weighted, "perceptual": felt})
