"""Learning to pass for real: the objective of a generative adversarial network."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.func import functional_call

from sfumato.dataset import Dataset
from sfumato.diffusion import Condition, Denoiser
from sfumato.models import Model
from sfumato.networks.adversarial import Discriminator
from sfumato.training.objective import Losses, works_of
from sfumato.works.values import Precision


@dataclass(eq=False)
class Adversarial:
    """A generator against a discriminator (Goodfellow et al. 2014, arXiv:1406.2661), both in their plainest form.

    The discriminator's loss is the cross-entropy of real against made pictures, the generator's is the one that
    does not saturate (their section 3). Both are stepped at once, each by the gradients of its own loss: so they are
    one objective of a loop that takes one step at a time.
    """

    denoiser: Denoiser
    discriminator: Discriminator
    module: nn.ModuleDict = field(init=False)

    def __post_init__(self) -> None:
        self.module = nn.ModuleDict({"generator": self.denoiser, "discriminator": self.discriminator})

    def losses(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        made = self._made(self.denoiser, len(images), images, generator)
        judge = F.softplus(-self.discriminator(images)) + F.softplus(self.discriminator(made.detach()))
        # Its own weights must not learn from the generator's loss: they take part as constants. And its statistics of
        # batches go on as they would without this third pass, in copies.
        frozen = {name: tensor.detach() for name, tensor in self.discriminator.named_parameters()}
        frozen |= {name: tensor.clone() for name, tensor in self.discriminator.named_buffers()}
        forger = F.softplus(-functional_call(self.discriminator, frozen, (made,)))
        return Losses(judge + forger, {"discriminator": judge, "generator": forger})

    @torch.no_grad()
    def measured(self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        """The discriminator's own loss on real pictures: far higher on held-out ones, it knows the others by heart."""
        self.discriminator.eval()
        try:
            return F.softplus(-self.discriminator(images))
        finally:
            self.discriminator.train()

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        return works_of(model, seed, precision)

    def remark(self, dataset: Dataset) -> str:
        return ""

    def _made(self, denoiser: Denoiser, count: int, like: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn((count, *like.shape[1:]), generator=generator).to(like.device)
        made: Tensor = denoiser(noise, 1.0)
        return made
