"""Learning to pass for real: the objective of a generative adversarial network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from sfumato.diffusion import PIXELS, Codec, Condition, Denoiser
from sfumato.models import Model, SamplerSettings
from sfumato.models.configuration import Answer
from sfumato.networks import GeneratorConfig
from sfumato.networks.adversarial import Discriminator
from sfumato.training.objectives.objective import Losses, Objective, ObjectiveConfig

if TYPE_CHECKING:
    from sfumato.features.vgg import PerceptualLoss
    from sfumato.training.configuration import TrainingConfig


class AdversarialConfig(ObjectiveConfig):
    """It has no settings of its own: the discriminator is as wide as the generator."""

    kind: Literal["adversarial"] = "adversarial"

    answer: ClassVar[Answer] = "sample"
    is_direct: ClassVar[bool] = True
    description: ClassVar[str] = (
        "The generator of a generative adversarial network: it makes pictures from noise in one step"
    )
    tag: ClassVar[str] = "gan"

    def build(
        self,
        settings: TrainingConfig,
        classes: int,
        perceptual: PerceptualLoss | None = None,
        teacher: Model | None = None,
    ) -> Adversarial:
        assert isinstance(settings.network, GeneratorConfig), "the settings were checked"
        denoiser, codec = self.build_denoiser(settings, classes), settings.codec
        judge = Discriminator(settings.latent_size, in_channels=codec.channels, width=settings.network.width)
        return Adversarial(denoiser, judge, codec)

    def sampling(self, settings: TrainingConfig) -> SamplerSettings:
        """One step, from noise of any size."""
        return SamplerSettings(sampler="euler", steps=1, sigma_min=0.01, sigma_max=1.0, guidance=1.0)


class Adversarial(Objective):
    """A generator against a discriminator (Goodfellow et al. 2014, arXiv:1406.2661), both in their plainest form.

    The discriminator's loss is the cross-entropy of real against made pictures, the generator's is the one that
    does not saturate (their section 3). Both are stepped at once, each by the gradients of its own loss: so they are
    one objective of a loop that takes one step at a time. codec: what the pictures are encoded with before they are
    judged.
    """

    def __init__(self, denoiser: Denoiser, discriminator: Discriminator, codec: Codec = PIXELS) -> None:
        super().__init__(denoiser)
        self.discriminator, self.codec = discriminator, codec

    def forward(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        real = self.codec.encode(images)
        noise = torch.randn(real.shape, generator=generator).to(images.device)
        made = self.denoiser(noise, 1.0)
        judge = F.softplus(-self.discriminator(real)) + F.softplus(self.discriminator(made.detach()))
        # Its own weights must not learn from the generator's loss: they take part as constants. And its statistics of
        # batches go on as they would without this third pass, in copies.
        frozen = {name: tensor.detach() for name, tensor in self.discriminator.named_parameters()}
        frozen |= {name: tensor.clone() for name, tensor in self.discriminator.named_buffers()}
        forger = F.softplus(-functional_call(self.discriminator, frozen, (made,)))
        return Losses(judge + forger, {"discriminator": judge, "generator": forger})

    @torch.no_grad()
    def validation_loss(
        self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator
    ) -> Tensor:
        """The discriminator's own loss on real pictures: far higher on held-out ones, it knows the others by heart."""
        self.discriminator.eval()
        try:
            return F.softplus(-self.discriminator(self.codec.encode(images)))
        finally:
            self.discriminator.train()
