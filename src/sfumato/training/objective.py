"""What the training loop optimises: a batch in, losses out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch
from PIL import Image
from torch import Tensor, nn

from sfumato.dataset import Dataset
from sfumato.diffusion import Condition, Denoiser
from sfumato.models import Generation, Model
from sfumato.works.values import Precision

PICTURES = 8  # in a snapshot


@dataclass(frozen=True, eq=False)
class Losses:
    """total: [N], a loss a picture, with gradients; parts: what it is made of, each [N], where that is of interest."""

    total: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)

    def means(self) -> dict[str, float]:
        """The parts' means over the batch."""
        return {name: part.detach().mean().item() for name, part in self.parts.items()}


class Objective(Protocol):
    """module: all that learns; denoiser: the part of it that becomes the model."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def denoiser(self) -> Denoiser: ...

    def losses(self, images: Tensor, condition: Condition, generator: torch.Generator) -> Losses:
        """images: [N, 3, H, W] in -1..1; condition: of N; generator: on the CPU, for all randomness."""
        ...

    def measured(self, denoiser: Denoiser, images: Tensor, condition: Condition, generator: torch.Generator) -> Tensor:
        """[N], without gradients: the loss that is compared between training pictures and held-out ones.

        denoiser: the averaged one, in eval mode.
        """
        ...

    def snapshot(self, model: Model, dataset: Dataset, seed: int, precision: Precision) -> list[Image.Image]:
        """``PICTURES`` pictures that show what the model of the moment does, comparable from moment to moment."""
        ...

    def remark(self, dataset: Dataset) -> str:
        """What a person should know before the first step, or ''."""
        ...


def works_of(model: Model, seed: int, precision: Precision) -> list[Image.Image]:
    """The snapshot of an objective whose model generates: the first ``PICTURES`` works of the seed."""
    generation = Generation.of(model, seed=seed, precision=precision)
    return [work.image for work in generation.works(PICTURES)]
