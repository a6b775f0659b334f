"""Learning to make works like those of a collection with a pre-trained model: nothing learns but LoRA layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from sfumato.collection.captions import USUAL_TEMPLATE
from sfumato.dataset import Dataset
from sfumato.diffusion import Condition, Denoiser, Mixture
from sfumato.diffusion.randomness import SeededNoise
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_pictures
from sfumato.models import Model
from sfumato.models.sampling import InitialNoise, sampling_of
from sfumato.pretrained.prompts import PromptCondition
from sfumato.training.objectives.objective import Losses, Objective, ObjectiveConfig
from sfumato.works.values import Precision

if TYPE_CHECKING:
    from sfumato.features.vgg import PerceptualLoss
    from sfumato.pretrained.bridge import Pretrained
    from sfumato.training.configuration import TrainingConfig

LARGEST_SNAPSHOT: Final = 256  # pixels a side: a sheet is to be looked at, and there are many
SNAPSHOT_PROMPTS: Final = 4

Text = Annotated[str, Field(max_length=1000)]


class AdaptingConfig(ObjectiveConfig):
    """caption: the template of what is learned of a picture without a caption (see `CaptionTemplate`); trigger: a word
    that begins captions."""

    kind: Literal["adapting"] = "adapting"
    caption: Text = USUAL_TEMPLATE
    trigger: Text = ""
    caption_dropout: float = Field(
        default=0.1, ge=0, le=1, description="how often a picture's caption is hidden, for guidance"
    )
    checkpointing: bool = Field(
        default=False, description="what the network computes is computed twice, and takes less memory in between"
    )

    adapts: ClassVar[bool] = True
    description: ClassVar[str] = "A text-to-picture model, adapted to a collection"
    tag: ClassVar[str] = "lora"

    @property
    def samples_freely(self) -> bool:
        """It is sampled as its base is, and how often a picture may be shown is not known of it."""
        return False

    def adapting(self, base: Pretrained, rank: int, alpha: float, targets: Sequence[str], seed: int) -> Adapting:
        """The objective of a run that adapts a base, in which it puts LoRA layers. rank, alpha, targets, seed: see
        `AdaptedDenoiser.fresh`, whose SfumatoErrors it raises."""
        from sfumato.training.low_rank import AdaptedDenoiser

        denoiser = AdaptedDenoiser.fresh(base, rank, alpha, targets, seed)
        if self.checkpointing:
            base.network.enable_gradient_checkpointing()
        else:
            base.network.disable_gradient_checkpointing()
        return Adapting(denoiser, NoiseLevels.of(base), self.caption_dropout)

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Adapting:
        """Raises SfumatoError: it needs a base."""
        raise SfumatoError("the objective adapting needs a pre-trained model; give one with --from MODEL --adapt")


class NoiseLevels:
    """The noise levels that a family was trained with: drawn in the same proportions when it is adapted."""

    def __init__(self, levels: Tensor | None, shift: float) -> None:
        """levels: [T], sigmas, of which each is as likely; None for a flow, whose times are shifted."""
        self.levels, self.shift = levels, shift

    @classmethod
    def of(cls, base: Pretrained) -> NoiseLevels:
        spacing = base.spacing
        return cls(spacing.levels, 1.0 if spacing.levels is not None else spacing.shift(28, base.size, base.size))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """[count] float32, > 0.

        DDPM's families: uniform over their discrete levels (Ho et al. 2020, arXiv:2006.11239, algorithm 1). Flows:
        t logit-normal of mean 0 and variance 1 (Esser et al. 2024, arXiv:2403.03206, eq. 19), then shifted as the
        family shifts its sampling (eq. 23), sigma = t / (1 - t).
        """
        if self.levels is not None:
            return self.levels[torch.randint(len(self.levels), (count,), generator=generator)].float()
        # sigmoid(u) / (1 - sigmoid(u)) = e^u, and the shift multiplies just that.
        return self.shift * torch.randn(count, generator=generator).exp()


class Adapting(Objective):
    """The squared error of what the base's network predicts, at the noise levels that it learned with.

    As an error of D, weighted by the base's preconditioning, it is that of noise, of v or of a flow's velocity.
    shown: the prompts of snapshots.
    """

    def __init__(self, denoiser: Denoiser, noise: NoiseLevels, caption_dropout: float) -> None:
        super().__init__(denoiser)
        self.noise, self.caption_dropout = noise, caption_dropout
        self.shown: PromptCondition | None = None

    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """images: [N, C, h, w], latents of pictures of one shape; condition: of their captions."""
        return Losses(self._losses(self.denoiser, images, condition, generator, self.caption_dropout))

    @torch.no_grad()
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        return self._losses(denoiser, images, condition, generator, 0.0)

    def _losses(
        self, denoiser: Denoiser, clean: Tensor, condition: Condition, generator: torch.Generator, dropout: float
    ) -> Tensor:
        sigma = self.noise.sample(len(clean), generator).to(clean.device)
        dropped = torch.rand(len(clean), generator=generator) < dropout
        noise = torch.randn(clean.shape, generator=generator).to(clean.device)
        denoised = denoiser(clean + sigma.view(-1, 1, 1, 1) * noise, sigma, condition.drop(dropped))
        weighted: Tensor = denoiser.preconditioning.weight(sigma) * (denoised - clean).square().mean((1, 2, 3))
        return weighted

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """What it makes of the prompts of snapshots, of the same noise at every moment, as the base is sampled."""
        assert self.shown is not None, "prompts are encoded before the text encoders go"
        pictures = []
        for place in range(len(self.shown)):
            mixture = Mixture.of(self.shown[place : place + 1]).to(model.device)
            initial = [InitialNoise(SeededNoise(seed, place), mixture)]
            with torch.autocast(model.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
                pictures += to_pictures(sampling_of(model, model.config.generation, initial).last())
        for picture in pictures:
            picture.thumbnail((LARGEST_SNAPSHOT, LARGEST_SNAPSHOT))
        return pictures
