"""Inversion: the noise that a picture would have come from, so that it can be made again, or under another class.

``invert`` walks the differential equation of the samplers upwards and keeps what it saw; ``restore`` walks down again.
A second walk would not meet the first one's footsteps: each step's error, and with a rounded denoiser each rounding, is
another one on the way down. So ``restore`` solves for the *difference* d from the known way x* alone,

    dd / dsigma = (d - (D'(x* + d, sigma) - D(x*, sigma))) / sigma,

which is the samplers' equation at x* + d less the one at x*. With the denoiser of the inversion the right side is
nothing at d = 0, and the picture comes back bit for bit, in any number of steps and in any precision. Keeping the
source's own way is that of Ju et al. 2023 (arXiv:2310.01506), the difference that of Kulikov et al. 2024
(arXiv:2412.08629, section 4), who draw their way at random and so have no noise to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from sfumato.diffusion.samplers import Denoise, Step, dpmpp_2m


def invert(denoise: Denoise, pictures: Tensor, sigmas: Tensor, noise: Tensor) -> Iterator[Step]:
    """From pictures to their noise, by DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095, algorithm 2) upwards.

    pictures: [N, 3, H, W] in -1..1. sigmas: [steps + 1], falling, the last 0, as for the samplers; a schedule without
    its first levels leaves more of the picture standing. noise: standard normal, of the pictures' shape, which stands
    in them at the lowest level above 0. Training showed the denoiser no picture without it, and what is perfectly flat
    has no noise to come from: with zeros the noise found is too small wherever the picture is smooth.

    Yields a Step for each level above 0, the lowest first: x the pictures with noise of level ``sigma``, and in
    ``denoised`` the estimate made from that x. The last x over its sigma is near standard normal. One evaluation each.
    """
    rising = [level for level in reversed(torch.as_tensor(sigmas).tolist()) if level > 0]
    x = pictures + rising[0] * noise
    # The last move has no length: it is there for the estimate at the highest level.
    for step in dpmpp_2m(denoise, x, torch.tensor([*rising, rising[-1]], dtype=torch.float64)):
        yield Step(step.index, len(rising), rising[step.index], x, step.denoised)
        x = step.x


def restore(
    denoise: Denoise, pictures: Tensor, inverted: Iterable[Step], moved: Tensor | None = None
) -> Iterator[Step]:
    """From the noise that ``invert`` found to pictures again, by DPM-Solver++(2M), through the same levels down to 0.

    pictures: those that were inverted; inverted: all the steps of that (two tensors of the pictures' shape a step).
    denoise: that of the inversion, and the last x equals the pictures; another one (of another class, or with more
    guidance), and it is they with what that denoiser sees otherwise. One evaluation a step. moved:
    what of that is known before, of the pictures' shape; by default nothing.
    """
    known = {step.sigma: step for step in inverted}
    falling = sorted(known, reverse=True)

    def difference(x: Tensor, sigma: float) -> Tensor:
        return denoise(known[sigma].x + x, sigma) - known[sigma].denoised

    levels = torch.tensor([*falling, 0.0], dtype=torch.float64)
    for step in dpmpp_2m(difference, torch.zeros_like(pictures) if moved is None else moved, levels):
        way = known[step.sigma].x if step.sigma > 0 else pictures
        estimate = known[falling[step.index]].denoised + step.denoised
        yield Step(step.index, step.steps, step.sigma, way + step.x, estimate)
