"""Learning to make the picture that is shown: the objective of the article's autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import PIXELS, Codec, Condition, Denoiser
from sfumato.features.vgg import PerceptualLoss
from sfumato.images.tensors import denormalised, normalised
from sfumato.models import Model, Request
from sfumato.models.configuration import Answer, BeginsWith
from sfumato.models.verbs import reimagining
from sfumato.policy.policy import Policy
from sfumato.random import spread
from sfumato.training.objectives.objective import PICTURES, FeatureSource, Losses, Objective, ObjectiveConfig, Weight
from sfumato.works.values import Precision

if TYPE_CHECKING:
    from sfumato.training.configuration import TrainingConfig


class ReconstructionConfig(ObjectiveConfig):
    """perceptual_weight: of the features' error beside that of the pictures."""

    kind: Literal["reconstruction"] = "reconstruction"
    perceptual: FeatureSource = "none"
    perceptual_weight: Weight = 1.0

    begins_with: ClassVar[BeginsWith] = "picture"
    answer: ClassVar[Answer] = "sample"
    is_direct: ClassVar[bool] = True
    description: ClassVar[str] = "An autoencoder: it makes a picture again that it is shown"
    tag: ClassVar[str] = "autoencoder"

    @property
    def features(self) -> str:
        return self.perceptual

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Reconstruction:
        denoiser = self.build_denoiser(settings, classes)
        return Reconstruction(denoiser, perceptual, self.perceptual_weight, settings.codec)


class Reconstruction(Objective):
    """Squared error of normalised pictures, and of their VGG16 features (Johnson et al. 2016, arXiv:1603.08155)."""

    perceptual: PerceptualLoss | None

    def __init__(
        self,
        denoiser: Denoiser,
        perceptual: PerceptualLoss | None = None,
        perceptual_weight: float = 1.0,
        codec: Codec = PIXELS,
    ) -> None:
        super().__init__(denoiser)
        self.__dict__["perceptual"] = perceptual  # not a submodule: it does not learn
        self.perceptual_weight, self.codec = perceptual_weight, codec

    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        return self._losses(self.denoiser, images)

    @torch.no_grad()
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        return self._losses(denoiser, images).total

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """Held-out pictures made again; training pictures where none are held out."""
        shown = dataset.held_out if len(dataset.held_out) else dataset.train
        chosen = spread(shown, PICTURES).tolist()
        shown_again = (reimagining(model, Request(), dataset.picture(index), policy=Policy.none()) for index in chosen)
        return [generation.work().image for generation in shown_again]

    def notice(self, dataset: Dataset) -> str:
        """Where the listing's range is kept: how much of the loss no training can take away."""
        if getattr(self.denoiser.network, "output", "picture") != "listing":
            return ""
        least = torch.cat([listing_floor(dataset.images(part)) for part in torch.split(dataset.train, 64)]).mean()
        return (
            "its output is a sigmoid's 0..1 and the normalised pictures reach from about -2.1 to 2.6: "
            f"however long it trains, the squared error of these pictures cannot fall below {least:.4f}"
        )

    def _losses(self, denoiser: Denoiser, images: Tensor) -> Losses:
        shown = normalised(self.codec.decode(denoiser(self.codec.encode(images), 1.0)))
        wanted = normalised(images)
        error = (shown - wanted).square().mean((1, 2, 3))
        if self.perceptual is None:
            return Losses(error)
        felt = self.perceptual(shown, wanted)
        return Losses(error + self.perceptual_weight * felt, {"mse": error, "perceptual": felt})


def listing_floor(images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1 -> [N]: the smallest squared error of normalised pictures that values in 0..1 can have."""
    wanted = normalised(images)
    return (wanted - wanted.clamp(0, 1)).square().mean((1, 2, 3))


def listing_reach() -> tuple[list[float], list[float]]:
    """The darkest and the lightest red, green and blue, 0..1, that the listing's output can show."""
    low, high = ((denormalised(torch.full((1, 3, 1, 1), value)) + 1) / 2 for value in (0.0, 1.0))
    return low.flatten().tolist(), high.flatten().tolist()
