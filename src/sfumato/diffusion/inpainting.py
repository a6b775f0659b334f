"""Inpainting: what a mask leaves of a picture is kept, the rest is sampled to fit it.

To put the picture in at every noise level is not enough: the denoiser sees the known pixels under as much noise as the
others, and makes little of what they say. RePaint (Lugmayr et al. 2022, arXiv:2201.09865, algorithm 1) repeats every
step with fresh noise for that. Here the noise under the known pixels is no longer left to chance: it is corrected by
what the denoiser's own estimate of them misses of the picture. That needs no gradients and goes with every sampler.

Where nothing is missed, the estimate of the other pixels is, for Gaussian pictures, exactly their mean given the known
ones: it minimises |x - estimate|^2 / sigma^2 over the others plus the prior's quadratic form, under the constraint that
the known ones are the picture's, and (corrected known pixels - picture) / sigma^2 is the constraint's Lagrange
multiplier. To first order one correction is the guidance of PiGDM (Song et al. 2023, 'Pseudoinverse-guided diffusion
models', ICLR) without its weight: an ideal denoiser's Jacobian is symmetric, so a second evaluation gives its product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from sfumato.diffusion.samplers import Denoise, Noise, Sampler, Step
from sfumato.errors import SfumatoError


def inpaint(
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    noise: Noise,
    *,
    sampler: Sampler,
    picture: Tensor,
    mask: Tensor,
    repeats: int = 1,
) -> Iterator[Step]:
    """Yields ``sampler``'s steps, each with the known pixels of ``picture`` in its estimate.

    x:       [N, 3, H, W], noise of standard deviation sigmas[0] (plus the picture, to refine what the mask covers)
    sigmas, noise: the sampler's; noise is drawn for the sampler's own steps and nothing else
    picture: [1 or N, 3, H, W] in -1..1; what the mask covers is not looked at but in the last step
    mask:    [1 or N, 1, H, W] in 0..1: 0 is known and kept as it is, all else is made anew; between 0 and 1 the last
             step's x passes from the picture to what was made
    repeats: corrections at every noise level, 1 or more; they start from the last level's, so that more steps help too

    ``denoise`` is evaluated ``repeats`` times as often as by the sampler alone (by its own count: once a step, Heun's
    twice but for the last). Raises SfumatoError for a picture or a mask of another size, values of the mask outside
    0..1, a mask that covers nothing or everything of a picture, and repeats under 1.
    """
    _check(x, picture, mask, repeats)
    picture, mask = picture.to(x), mask.to(x)
    return _finished(sampler(_fitted(denoise, picture, mask > 0, repeats), x, sigmas, noise), picture, mask)


def _fitted(denoise: Denoise, picture: Tensor, made: Tensor, repeats: int) -> Denoise:
    """The denoiser's estimate given that the pixels which are not ``made`` are the picture's."""
    # In units of sigma, a change of the noise: what is carried over so fades with the level, and cannot pile up.
    correction = torch.zeros_like(picture)

    def denoised(x: Tensor, sigma: float) -> Tensor:
        nonlocal correction
        for _ in range(repeats):
            estimate = denoise(x + correction * sigma, sigma)
            correction = correction + torch.where(made, 0, picture - estimate) / sigma
        return torch.where(made, estimate, picture)

    return denoised


def _finished(steps: Iterator[Step], picture: Tensor, mask: Tensor) -> Iterator[Step]:
    for step in steps:
        # Clipped, or where the mask is grey a made pixel beyond white would brighten the picture's own.
        yield step if step.index + 1 < step.steps else replace(step, x=picture.lerp(step.x.clamp(-1, 1), mask))


def _check(x: Tensor, picture: Tensor, mask: Tensor, repeats: int) -> None:
    for what, given, channels in (("picture", picture, x.shape[1]), ("mask", mask, 1)):
        if given.ndim != 4 or len(given) not in (1, len(x)) or given.shape[1:] != (channels, *x.shape[2:]):
            raise SfumatoError(
                f"inpainting: the {what} is {list(given.shape)} and {list(x.shape)} are to be made; "
                f"give {[len(x), channels, *x.shape[2:]]}, or one for all"
            )
    if not 0 <= mask.min() <= mask.max() <= 1:
        raise SfumatoError(
            f"inpainting: the mask has values from {mask.min():g} to {mask.max():g}; give 0 for what is kept to 1"
        )
    made = (mask > 0).flatten(1)
    if not made.any(1).all():
        raise SfumatoError("inpainting: the mask covers nothing of a picture; give 1 where it is to be made anew")
    if made.all(1).any():
        raise SfumatoError("inpainting: the mask keeps nothing of a picture; give 0 somewhere, or sample without one")
    if repeats < 1:
        raise SfumatoError(f"inpainting: {repeats} repeats; give 1 or more")
