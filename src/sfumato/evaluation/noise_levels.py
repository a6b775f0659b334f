"""How well a diffusion model removes noise, at each strength of it, from pictures that it saw and that it did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import Denoiser
from sfumato.diffusion.condition import ClassCondition
from sfumato.evaluation.classes import class_labels
from sfumato.models import Model
from sfumato.random import keyed_generator, spread

SIGMAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
DATA_STD = 0.5  # of pictures in -1..1, about
MOST_DENOISED = 128  # pictures of each kind
AT_A_TIME = 32


@dataclass(frozen=True)
class NoiseLevels:
    """Denoising losses for each sigma, over ``pictures`` of each kind. See ``denoising_losses``."""

    sigmas: Sequence[float]
    training: Sequence[float]
    held_out: Sequence[float]
    pictures: int


def noise_levels(model: Model, dataset: Dataset) -> NoiseLevels | None:
    """The losses on training and on held-out pictures, as many of each; None for a model that does not denoise."""
    if not model.config.samples_freely:
        return None
    count = min(MOST_DENOISED, len(dataset.held_out), len(dataset.train))
    if not count:
        return None
    losses = []
    for side in (dataset.train, dataset.held_out):
        places = spread(side, count)
        known = dict(enumerate(dataset.classes))
        names = [known.get(label) for label in dataset.labels[places].tolist()]
        labels = class_labels(names, model.config.classes)
        losses.append(denoising_losses(model.denoiser, model.codec.encode(dataset.images(places)), labels))
    return NoiseLevels(SIGMAS, losses[0], losses[1], count)


@torch.inference_mode()
def denoising_losses(
    denoiser: Denoiser, images: Tensor, labels: Tensor, *, sigmas: Sequence[float] = SIGMAS, seed: int = 0
) -> list[float]:
    """The mean squared error of D(x + sigma * noise, sigma), for each sigma, over that of the best linear guess.

    images: [N, C, H, W], as the codec encodes them; labels: [N], -1 for no class. The best linear guess at independent
    numbers of standard deviation 0.5 has the error 1 / (1 / sigma^2 + 1 / 0.5^2); it is the inverse of the weight in
    Karras et al. 2022 (arXiv:2206.00364, table 1), so the losses can be compared between levels and between models of
    any preconditioning. The noise depends on the seed, the level and the picture's place alone.
    """
    device = next(denoiser.parameters()).device
    losses = []
    for level, sigma in enumerate(sigmas):
        total = 0.0
        generators = (keyed_generator("noise level", seed, level, place) for place in range(len(images)))
        noise = torch.stack([torch.randn(images.shape[1:], generator=generator) for generator in generators])
        parts = (torch.split(whole, AT_A_TIME) for whole in (images, images + sigma * noise, labels))
        for part, noisy, named in zip(*parts, strict=True):
            denoised = denoiser(noisy.to(device), sigma, ClassCondition.of(named).to(device)).cpu()
            total += (denoised - part).square().mean((1, 2, 3)).sum().item()
        losses.append(total / len(images) * (sigma**-2 + DATA_STD**-2))
    return losses
