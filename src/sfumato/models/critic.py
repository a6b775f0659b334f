"""What tells a model's works from the pictures that it learned from, and so which of several works to keep."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from sfumato.features.appearance import Descriptor, gradient_energies, lightness_levels

MEASURES = 189  # the descriptor's, and the logarithm of the gradients' energy


class Critic(BaseModel):
    """A logistic regression between pictures and works, by plain measures of what they look like; no network.

    weights: of each measure. The higher a score, the more a work is like the pictures; only differences mean anything:
    of two works that one is exp(difference) times as likely to be a picture, in proportion (as in rejection sampling by
    a discriminator: Azadi et al. 2019, arXiv:1810.06758, section 3).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weights: Annotated[tuple[float, ...], Field(min_length=MEASURES, max_length=MEASURES)]

    def scores(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in -1..1, as small as the model's own network makes them -> [N], float64."""
        return measures(images) @ torch.tensor(self.weights, dtype=torch.float64)


def measures(images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1 -> [N, MEASURES], float64."""
    images = images.cpu().float()
    return measures_of(Descriptor()(images).double(), gradient_energies(lightness_levels(images)))


def measures_of(descriptors: Tensor, energies: Tensor) -> Tensor:
    """The same of what is known of pictures already: [N, MEASURES - 1], [N] -> [N, MEASURES]."""
    return torch.cat((descriptors, energies[:, None]), 1)
