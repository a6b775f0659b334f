"""How far one set of pictures is from another, in colours and textures at several scales; no trained network needed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.random import keyed_generator

COARSEST = 16  # pixels: a pyramid is built down to this side or the first one below it
SCALE = 1000
# Lightness, red against green, yellow against blue: orthogonal, each of length 1.
OPPONENT = ((3**-0.5,) * 3, (2**-0.5, -(2**-0.5), 0.0), (6**-0.5, 6**-0.5, -2 * 6**-0.5))
# The eye is less keen on colour than on light: a colour axis is not scaled up beyond four times the lightness.
LEAST_COLOUR = 0.25
# What rounding to 8 bits leaves in a flat surface: no level is scaled up beyond it.
ROUNDING = 2 / 255 / math.sqrt(12)
# Directions that are projected at a time, for the memory's sake.
AT_A_TIME = 32


class Level(NamedTuple):
    """One level of the pyramid. pixels: the shorter side of the pictures there; distance: x 1000."""

    pixels: int
    distance: float


@dataclass(frozen=True)
class SlicedWasserstein:
    """The distance of a set of pictures from a reference. levels: the finest first."""

    levels: tuple[Level, ...]

    @property
    def mean(self) -> float:
        return math.fsum(level.distance for level in self.levels) / len(self.levels)


def sliced_wasserstein(
    a: Tensor, b: Tensor, *, patches: int = 64, size: int = 7, directions: int = 256, seed: int = 0
) -> SlicedWasserstein:
    """The sliced Wasserstein distance of pictures ``a`` from the reference ``b``, on patches of a Laplacian pyramid.

    a, b: [N, 3, H, W] and [M, 3, H, W], in -1..1. patches: from each picture and level, at places that all pictures
    share, so that their order is of no consequence. size: of a patch, in pixels. directions: on which patches are
    projected, random for the ``seed``; nothing else is random. The coarsest level holds the low-pass pictures
    themselves, with a shorter side of 16 pixels or the first half below it.

    The distance of two projected sets is the first Wasserstein distance (Rabin et al. 2011), the area
    between their quantile functions; a level's is the mean over the directions, times 1000 (Karras et al. 2018,
    arXiv:1710.10196, section 5). The pyramid is that of Burt and Adelson (1983), with a = 0.375.

    Two differences from that paper. It normalises each set by its own mean and standard deviation (std) per channel, so
    that a set with another palette, or with a grey veil over it, may be at distance 0. Here both are normalised by
    those of the reference: a wrong palette or contrast is far, and the distance is not symmetric in ``a`` and ``b``.
    And its channels are red, green and blue, which are nearly the same in most pictures, so that a set without any
    colour is near too. Here they are lightness and two opponent colours, whose std counts as a quarter of that of
    lightness at least, so that a trace of colour in grey pictures is not blown up.

    The distance falls with N and M, also between sets of one distribution: compare distances of equal N and M only, and
    show beside them the baseline, the distance of as many other real pictures from the same reference.

    Raises SfumatoError if a set is empty, not of that shape, not finite, of another picture size than the other one,
    or smaller than a patch; ValueError if a count is less than 1.
    """
    if min(patches, size, directions) < 1:
        raise ValueError("patches, size and directions are at least 1")
    _check(a, b, size)
    levels = []
    pyramids = (laplacian_pyramid(_opponent(images), size) for images in (a, b))
    for index, (ours, reference) in enumerate(zip(*pyramids, strict=True)):
        generator = keyed_generator("sliced Wasserstein", seed, index)
        places = _places(ours, patches, size, generator)
        projections = F.normalize(torch.randn(3 * size * size, directions, generator=generator), dim=0)
        one, other = _normalised(_at(places, ours, size), _at(places, reference, size))
        parts = torch.split(projections.T, AT_A_TIME)
        distance = sum(float(wasserstein(some @ one.T, some @ other.T).sum()) for some in parts) / directions
        levels.append(Level(min(ours.shape[2:]), SCALE * distance))
    return SlicedWasserstein(tuple(levels))


def laplacian_pyramid(images: Tensor, smallest: int = 1) -> Iterator[Tensor]:
    """The details lost at each halving, finest first, and last the low-pass pictures (Burt and Adelson 1983).

    images: [N, C, H, W]. smallest: no level has a side below it, if the pictures have none.
    """
    while min(images.shape[2:]) > COARSEST and (min(images.shape[2:]) + 1) // 2 >= smallest:
        low = _blurred(images)[:, :, ::2, ::2]
        # EXPAND: the pixels in between are empty, and the kernel's share in them is made up for.
        spread = torch.zeros_like(images)
        spread[:, :, ::2, ::2] = 4 * low
        yield images - _blurred(spread)
        images = low
    yield images


def wasserstein(a: Tensor, b: Tensor) -> Tensor:
    """The first Wasserstein distance of each row's numbers: [D, N] and [D, M] -> [D].

    The area between the two quantile functions, which are steps of 1/N and of 1/M.
    """
    n, m = a.shape[1], b.shape[1]
    # Where either function steps, in shares of 1 / (N M): whole numbers, so that no step is missed by rounding.
    steps = (torch.arange(1, count + 1).numpy() * others for count, others in ((n, m), (m, n)))
    ends = torch.from_numpy(np.union1d(*steps))
    widths = ends.diff(prepend=ends.new_zeros(1))
    gaps = _rising(a)[:, (ends - 1) // m] - _rising(b)[:, (ends - 1) // n]
    return torch.mv(gaps.abs(), widths.to(gaps)) / (n * m)


def _rising(rows: Tensor) -> Tensor:
    return torch.from_numpy(np.sort(rows.numpy(), axis=1))  # on one thread several times as fast as torch's


def _check(a: Tensor, b: Tensor, size: int) -> None:
    for images in (a, b):
        if images.ndim != 4 or images.shape[1] != 3:
            shape = " x ".join(map(str, images.shape))
            raise SfumatoError(f"sliced Wasserstein: pictures are [N, 3, H, W], not {shape}; convert them to RGB")
    if not len(a) or not len(b):
        raise SfumatoError("sliced Wasserstein: one of the sets is empty; give at least one picture in each")
    if a.shape[2:] != b.shape[2:]:
        sizes = " and ".join(f"{images.shape[3]} x {images.shape[2]}" for images in (a, b))
        raise SfumatoError(f"sliced Wasserstein: the pictures are of two sizes, {sizes}; scale them to one")
    if min(a.shape[2:]) < max(size, 3):
        raise SfumatoError(
            f"sliced Wasserstein: pictures of {a.shape[3]} x {a.shape[2]} hold no patch of {size} pixels; "
            "use larger pictures"
        )
    if not (a.isfinite().all() and b.isfinite().all()):
        raise SfumatoError("sliced Wasserstein: a picture holds numbers that are not finite; leave it out")


def _opponent(images: Tensor) -> Tensor:
    """In lightness and two colours, on the CPU."""
    return torch.einsum("ck,nkhw->nchw", torch.tensor(OPPONENT), images.detach().to("cpu", torch.float32))


def _blurred(images: Tensor) -> Tensor:
    """With 1 4 6 4 1 along both axes; mirrored at the edge, which keeps even places on even ones."""
    images = F.pad(images, (2, 2, 2, 2), mode="reflect")
    for axis in (2, 3):
        first, second, middle, fourth, fifth = (images.narrow(axis, n, images.shape[axis] - 4) for n in range(5))
        images = (first + fifth) / 16 + (second + fourth) / 4 + middle * (6 / 16)
    return images


def _places(images: Tensor, count: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Rows and columns [P] of the patches' upper left corners, none twice; all that there are if they are fewer."""
    rows, columns = (side - size + 1 for side in images.shape[2:])
    chosen = torch.randperm(rows * columns, generator=generator)[:count]
    return chosen // columns, chosen % columns


def _at(places: tuple[Tensor, Tensor], images: Tensor, size: int) -> Tensor:
    """[N, 3, H, W] -> [N x P, 3, size x size]."""
    rows, columns = places
    windows = images.unfold(2, size, 1).unfold(3, size, 1)[:, :, rows, columns]
    return windows.transpose(1, 2).reshape(-1, 3, size * size)


def _normalised(ours: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Both by the mean and the std of each axis in the reference; flattened to [N x P, D]."""
    std, mean = torch.std_mean(reference, (0, 2), correction=0, keepdim=True)
    scale = torch.maximum(std, LEAST_COLOUR * std[:, :1]).clamp(min=ROUNDING)
    return ((ours - mean) / scale).flatten(1), ((reference - mean) / scale).flatten(1)
