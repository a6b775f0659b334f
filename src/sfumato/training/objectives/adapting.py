"""Learning to make works like those of a collection with a pre-trained text-to-picture model: LoRA layers alone learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from sfumato.collection.captions import USUAL_TEMPLATE
from sfumato.dataset import Dataset
from sfumato.diffusion import Condition, Denoiser
from sfumato.models import Model
from sfumato.training.objectives.objective import Losses, Objective, ObjectiveConfig
from sfumato.works.values import Precision

if TYPE_CHECKING:
    from sfumato.features.vgg import PerceptualLoss
    from sfumato.pretrained.bridge import Pretrained
    from sfumato.training.configuration import TrainingConfig

Text = Annotated[str, Field(max_length=1000)]


class AdaptingConfig(ObjectiveConfig):
    """caption: the template of what is learned of a picture without a caption; trigger: a word that begins captions;
    targets: layers, by the ends of their names, where none are given those of attention."""

    kind: Literal["adapting"] = "adapting"
    rank: int = Field(default=16, ge=1, le=1024, description="of the layers that learn (LoRA)")
    alpha: float = Field(default=16.0, gt=0, le=10_000, description="the layers count alpha / rank times")
    targets: tuple[str, ...] = Field(default=(), max_length=1000)
    caption: Text = USUAL_TEMPLATE
    trigger: Text = ""
    caption_dropout: float = Field(
        default=0.1, ge=0, le=1, description="how often a picture's caption is hidden, for guidance"
    )

    description: ClassVar[str] = "A text-to-picture model, adapted to a collection"
    tag: ClassVar[str] = "lora"

    @property
    def teacher(self) -> Literal["none", "parent", "parent's teacher", "base"]:
        return "base"

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Adapting:
        """teacher: the base, in which the layers are put."""
        from sfumato.training.low_rank import AdaptedDenoiser

        assert teacher is not None and teacher.pretrained is not None, "a pre-trained model is adapted"
        base = teacher.pretrained
        denoiser = AdaptedDenoiser.fresh(base, self.rank, self.alpha, self.targets, settings.seed)
        return Adapting(denoiser, NoiseLevels.of(base), self.caption_dropout)


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
    """

    def __init__(self, denoiser: Denoiser, noise: NoiseLevels, caption_dropout: float) -> None:
        super().__init__(denoiser)
        self.noise, self.caption_dropout = noise, caption_dropout

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
