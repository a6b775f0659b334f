"""Inpainting: what a mask leaves of a picture is kept, the rest is sampled to fit it.

At every noise level the known pixels are the picture's with noise of that level, so that the denoiser sees nothing that
it has not learned, and the others are sampled beside them (RePaint: Lugmayr et al. 2022, arXiv:2201.09865, eq. 8). Two
things make the others fit, and neither needs gradients:

- The estimate of the others depends only on what of the known ones shows through the noise. Where it is wrong about the
  known pixels, it is wrong about the others too, in proportion to their covariance given the noisy picture, which is
  sigma squared times the derivative of the estimate (moment matching posterior sampling: Rozet et al. 2024,
  arXiv:2405.13712). For a Gaussian this is exact. Finite differences of estimates replace the derivatives, and one or
  more steps of conjugate gradients replace the inverse.
- Every few levels are repeated several times, with the noise that they removed put back, since what was made before the
  known pixels came out of the noise does not fit them (RePaint's section 4.2, 'resampling'; Xu et al. 2023, 'Restart
  sampling', arXiv:2306.14878, algorithm 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.diffusion.samplers import Denoise, Noise, Sampler, Step
from sfumato.errors import SfumatoError

Draw = Callable[[int], Tensor]

PIECE = 3  # levels that are repeated together: with fewer the picture cannot change, with more it forgets
LOWEST = 0.1  # sigma, down to which levels are repeated: below it nothing visible changes
NUDGE = 0.2  # of the noise's standard deviation: how far the known pixels are moved to see what changes with them


def inpaint(
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    noise: Draw,
    *,
    sampler: Sampler,
    picture: Tensor,
    mask: Tensor,
    repeats: int = 1,
    nudges: int = 1,
    nudged: Denoise | None = None,
    highest: float = math.inf,
    adds_noise: Callable[[float], bool] = lambda sigma: True,
) -> Iterator[Step]:
    """Yields ``sampler``'s steps, each with the known pixels of ``picture`` in its estimate; see `kept` for the last.

    x:       [N, C, H, W], noise of standard deviation sigmas[0], plus a picture to begin with where the mask covers it
    sigmas, noise: the sampler's; noise is also drawn for the step numbers from len(sigmas) on
    picture: [1 or N, C, H, W], clean; what the mask covers is not used
    mask:    [1 or N, 1, H, W] in 0..1: 0 is known and kept as it is, all else is made anew
    repeats: how many times each level down to sigma 0.1 is sampled, 1 or more; the steps of the last time are yielded
    nudges:  steps of conjugate gradients for every estimate, 0 or more; 0 is RePaint without resampling
    nudged:  the estimate that they evaluate, nudges + 1 times (the first is ``denoise``'s where it is the same); by
             default ``denoise``; one without guidance costs less
    highest: sigma above which there are none; a network's derivative is a covariance only where it sees something
    adds_noise: whether the sampler's step from a sigma adds fresh noise; repeating levels always does

    Raises SfumatoError for a picture or a mask of another size, values of the mask outside 0..1, a mask that covers
    nothing or everything of a picture, repeats under 1 and nudges under 0.
    """
    _check(x, picture, mask, repeats, nudges)
    picture, mask = picture.to(x), mask.to(x)
    fitting = _fitting(denoise, nudged or denoise, picture, mask > 0, nudges, highest)
    return _repeated(fitting, x, sigmas, noise, sampler, repeats, adds_noise)


def kept(made: Tensor, picture: Tensor, mask: Tensor) -> Tensor:
    """What was made, with the picture's own pixels wherever the mask is 0, and a mean of both where it is under 1.

    made: [N, 3, H, W] in about -1..1; picture: [1 or N, 3, H, W]; mask: [1 or N, 1, H, W] in 0..1.
    """
    # Clipped, or where the mask is grey a made pixel beyond white would brighten the picture's own.
    return picture.to(made).lerp(made.clamp(-1, 1), mask.to(made))


def _fitting(denoise: Denoise, nudged: Denoise, picture: Tensor, made: Tensor, nudges: int, highest: float) -> Denoise:
    """The estimate with the picture's own known pixels, and with ``made`` ones that fit them."""

    def estimate(x: Tensor, sigma: float) -> Tensor:
        guess = denoise(x, sigma)
        if nudges and sigma <= highest:
            plain = guess if nudged is denoise else nudged(x, sigma)
            guess = guess + _following(nudged, x, sigma, plain, torch.where(made, 0, picture - plain), ~made, nudges)
        return torch.where(made, guess, picture)

    return estimate


def _following(
    denoise: Denoise, x: Tensor, sigma: float, guess: Tensor, wrong: Tensor, known: Tensor, nudges: int
) -> Tensor:
    """What all pixels change by where the known ones of ``guess``, denoise(x, sigma), change by ``wrong``.

    wrong: [N, C, H, W], 0 where nothing is ``known``, [1 or N, 1, H, W]. With J the derivative of the estimate, it is
    J z for the z on the known pixels of which J z is ``wrong`` there. J is a covariance over sigma squared, and so
    symmetric and positive.
    """
    distance = NUDGE * sigma * known.expand_as(x).sum((1, 2, 3), keepdim=True).sqrt()
    change, left, direction = torch.zeros_like(wrong), wrong, wrong
    square = _dot(left, left)
    for _ in range(nudges):
        scale = distance / _dot(direction, direction).sqrt().clamp_min(1e-12)
        moved = (denoise(x + scale * direction, sigma) - guess) / scale
        known_moved = torch.where(known, moved, 0)
        curvature = _dot(direction, known_moved)
        # A network's derivative need not be positive; there is nothing to follow then.
        length = torch.where(curvature > 1e-3 * _dot(direction, direction), square / curvature, 0)
        change, left = change + length * moved, left - length * known_moved
        before, square = square, _dot(left, left)
        direction = torch.where(length > 0, left + square / before * direction, 0)
    return change


def _dot(one: Tensor, other: Tensor) -> Tensor:
    """[N, C, H, W] twice -> [N, 1, 1, 1]."""
    return (one * other).sum((1, 2, 3), keepdim=True)


def continued(picture: Tensor, mask: Tensor) -> Tensor:
    """The picture, with the mean light and colour of its surroundings where the mask covers it, ever vaguer.

    picture: [N, 3, H, W]; mask: [1 or N, 1, H, W], 0 is known, in every picture somewhere. Push and pull (Gortler et
    al. 1996, 'The Lumigraph', section 3.4): means of the known pixels of 2 x 2 cells, of the cells of those, and so on
    until none is empty; then back, each empty one filled from the coarser.
    """
    known = (mask == 0).to(picture).expand(len(picture), 1, *picture.shape[2:])
    if bool(known.all()):
        return picture
    fraction = F.avg_pool2d(known, 2, ceil_mode=True, count_include_pad=False)
    means = F.avg_pool2d(picture * known, 2, ceil_mode=True, count_include_pad=False) / fraction.clamp_min(1e-6)
    coarser = continued(means, (fraction == 0).to(mask))
    return torch.where(known > 0, picture, F.interpolate(coarser, picture.shape[2:], mode="bilinear"))


def _repeated(
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    noise: Draw,
    sampler: Sampler,
    repeats: int,
    adds_noise: Callable[[float], bool],
) -> Iterator[Step]:
    levels = torch.as_tensor(sigmas).tolist()
    steps = drawn = len(levels) - 1
    for first, last, times in _pieces(levels, repeats):
        begun = first
        for time in range(times):
            if time:  # back to the piece's first level: variances of independent noise add
                x = x + noise(drawn) * math.sqrt(levels[first] ** 2 - levels[last] ** 2)
                begun, drawn = drawn + 1, drawn + 1 + last - first
            fresh = _from(noise, begun, levels[first:], adds_noise)
            for step in sampler(denoise, x, sigmas[first : last + 1], fresh):
                x = step.x
                if time + 1 == times:
                    yield replace(step, index=first + step.index, steps=steps)


def _from(noise: Draw, begun: int, levels: Sequence[float], adds_noise: Callable[[float], bool]) -> Noise:
    return lambda index: noise(begun + index) if adds_noise(levels[index]) else None


def _pieces(levels: Sequence[float], repeats: int) -> list[tuple[int, int, int]]:
    """The levels in pieces: the index of a piece's first and last level, and how many times it is sampled."""
    steps = len(levels) - 1
    last = sum(sigma >= LOWEST for sigma in levels) - 1
    if repeats == 1 or last < 1:
        return [(0, steps, 1)]
    bounds = [*range(0, last, PIECE), last]
    return [*((one, other, repeats) for one, other in pairwise(bounds)), (last, steps, 1)]


def _check(x: Tensor, picture: Tensor, mask: Tensor, repeats: int, nudges: int) -> None:
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
    if repeats < 1 or nudges < 0:
        raise SfumatoError(f"inpainting: {repeats} repeats and {nudges} nudges; give 1 or more and 0 or more")
