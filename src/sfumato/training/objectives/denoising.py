"""Learning to remove noise: the objective of diffusion models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from sfumato.diffusion import PIXELS, Codec, Condition, Denoiser, LogNormal
from sfumato.features.vgg import PerceptualLoss
from sfumato.images.tensors import normalised
from sfumato.models import Model
from sfumato.training.objectives.objective import (
    FeatureSource,
    Losses,
    NoiseMean,
    NoiseStd,
    Objective,
    ObjectiveConfig,
    Weight,
)
from sfumato.works.values import NoiseLevel

if TYPE_CHECKING:
    from sfumato.training.configuration import TrainingConfig


# Measured, see benchmarks/log.md: larger works lack fine detail, those of 32 pixels composition no less.
NOISE_MEAN, NOISE_MEAN_OF_LARGER, LARGER_FROM = -0.9, -1.8, 64


class DenoisingConfig(ObjectiveConfig):
    """Sigmas go from 1e-6 to 10,000."""

    kind: Literal["denoising"] = "denoising"
    noise_mean: NoiseMean | None = Field(default=None, description="of log sigma, at 32 pixels; None for the usual one")
    noise_std: NoiseStd = 1.3
    class_dropout: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="how often a picture's class is hidden, for guidance"
    )
    perceptual: FeatureSource = "none"
    perceptual_weight: Weight = 1.0
    perceptual_below: NoiseLevel = Field(default=0.5, description="only for pictures with less noise than that (sigma)")

    knows_classes: ClassVar[bool] = True
    adapts: ClassVar[bool] = True
    description: ClassVar[str] = "A diffusion model for pictures"
    tag: ClassVar[str] = "diffusion"

    @property
    def features(self) -> str:
        return self.perceptual

    def density(self, size: int) -> LogNormal:
        """Of the noise levels that pictures of ``size`` pixels are shown with."""
        mean = self.noise_mean
        if mean is None:
            mean = NOISE_MEAN if size < LARGER_FROM else NOISE_MEAN_OF_LARGER
        return LogNormal.for_size(size, mean, self.noise_std)

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Denoising:
        return Denoising(
            self.build_denoiser(settings, classes),
            self.density(settings.latent_size),
            self.class_dropout,
            perceptual,
            self.perceptual_weight,
            self.perceptual_below,
            settings.codec,
        )


class Denoising(Objective):
    """The squared error of the denoiser, weighted by its preconditioning (Karras et al. 2022, eq. 2 and 8).

    perceptual: is added, times ``perceptual_weight``, for the pictures whose sigma is below ``perceptual_below``. With
    more noise than that the estimate is an average over many pictures, and has no fine features to compare. codec:
    what the pictures are encoded with.
    """

    perceptual: PerceptualLoss | None

    def __init__(
        self,
        denoiser: Denoiser,
        density: LogNormal,
        class_dropout: float = 0.1,
        perceptual: PerceptualLoss | None = None,
        perceptual_weight: float = 1.0,
        perceptual_below: float = 0.5,
        codec: Codec = PIXELS,
    ) -> None:
        super().__init__(denoiser)
        self.density, self.class_dropout, self.codec = density, class_dropout, codec
        self.__dict__["perceptual"] = perceptual  # not a submodule: it does not learn
        self.perceptual_weight, self.perceptual_below = perceptual_weight, perceptual_below

    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        return self._losses(self.denoiser, images, condition, generator, self.class_dropout)

    @torch.no_grad()
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        return self._losses(denoiser, images, condition, generator, 0.0).total

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
