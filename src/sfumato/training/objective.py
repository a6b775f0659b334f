"""What the training loop optimises: a module and a batch in, losses out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from sfumato.diffusion import Denoiser, LogNormal


class Objective(Protocol):
    """module: what is trained."""

    module: nn.Module

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """images: [N, 3, H, W] in -1..1; labels: [N], -1 for no class; generator: on the CPU, for all randomness.

        Returns [N], a loss a picture, with gradients.
        """
        ...


@dataclass(eq=False)
class Denoising:
    """The squared error of the denoiser, weighted by its preconditioning (Karras et al. 2022, eq. 2 and 8)."""

    module: Denoiser
    density: LogNormal
    class_dropout: float = 0.1

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        sigma = self.density.sample(len(images), generator).to(images.device)
        hidden = torch.rand(len(images), generator=generator) < self.class_dropout
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        noisy = images + sigma.view(-1, 1, 1, 1) * noise
        denoised = self.module(noisy, sigma, labels.masked_fill(hidden.to(labels.device), -1))
        error = (denoised - images).square().mean((1, 2, 3))
        weighted: Tensor = self.module.preconditioning.weight(sigma) * error
        return weighted
