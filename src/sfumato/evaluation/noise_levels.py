"""How well a diffusion model removes noise, at each strength of it, from pictures that it saw and that it did not."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sfumato.diffusion import ClassCondition, Denoiser
from sfumato.random import keyed_generator

SIGMAS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
DATA_DEVIATION = 0.5  # of pictures in -1..1, about
AT_A_TIME = 32


@torch.inference_mode()
def denoising_losses(
    denoiser: Denoiser, images: Tensor, labels: Tensor, *, sigmas: Sequence[float] = SIGMAS, seed: int = 0
) -> list[float]:
    """The mean squared error of D(x + sigma * noise, sigma), for each sigma, over that of the best linear guess.

    images: [N, 3, H, W] in -1..1; labels: [N], -1 for no class. The best linear guess at pixels of deviation 0.5 that
    have nothing to do with each other has the error 1 / (1 / sigma^2 + 1 / 0.5^2); it is the inverse of the weight in
    Karras et al. 2022 (arXiv:2206.00364, table 1), so the figures can be compared between levels and between models of
    any preconditioning. The noise depends on the seed, the level and the picture's place alone.
    """
    device = next(denoiser.parameters()).device
    losses = []
    for level, sigma in enumerate(sigmas):
        total = 0.0
        for start in range(0, len(images), AT_A_TIME):
            part = images[start : start + AT_A_TIME]
            noise = torch.stack(
                [
                    torch.randn(part.shape[1:], generator=keyed_generator("noise level", seed, level, place))
                    for place in range(start, start + len(part))
                ]
            )
            noisy = (part + sigma * noise).to(device)
            condition = ClassCondition.of(labels[start : start + len(part)]).to(device)
            denoised = denoiser(noisy, sigma, condition).cpu()
            total += (denoised - part).square().mean((1, 2, 3)).sum().item()
        losses.append(total / len(images) * (sigma**-2 + DATA_DEVIATION**-2))
    return losses
