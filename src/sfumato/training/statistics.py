"""What is measured of a set of pictures, so that works can be set beside them: plain numbers of pixels, no network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.features.appearance import Descriptor, gradient_energies, lightness_levels
from sfumato.models.emptiness import EMPTY
from sfumato.random import keyed_generator

# Measured beside distances in a network's features, see benchmarks/log.md.
WEIGHT_OF_PATCHES, WEIGHT_OF_EMPTY = 8.0, 1.0
PATCH, PATCHES, DIRECTIONS, QUANTILES = 4, 16, 32, 200
LEAST_CONTRAST = 2.0  # levels: what rounding leaves in a flat patch is not blown up


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is measured of each of N pictures.

    descriptors: [N, 188], what it looks like, see `Descriptor`: colours over its cells, edges and grain; energies: [N],
    the logarithm of the mean squared difference of neighbours in lightness, in levels of 255; patches: [N, PATCHES,
    DIRECTIONS], small patches of its lightness, each less its mean and of contrast 1, along fixed random directions:
    how edges and grain are drawn, however strong they are.
    """

    descriptors: Tensor
    energies: Tensor
    patches: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Statistics:
        """images: [N, 3, H, W] in -1..1, H and W 4 or more."""
        light = lightness_levels(images)
        return cls(Descriptor()(images).double(), gradient_energies(light), _projected(light))

    @classmethod
    def joined(cls, parts: Iterable[Statistics]) -> Statistics:
        """Of all the sets together, one or more."""
        each = list(parts)
        return cls(*(torch.cat([getattr(one, part.name) for one in each]) for part in fields(cls)))

    def __len__(self) -> int:
        return len(self.energies)

    @cached_property
    def spread(self) -> float:
        """How unlike its pictures are to each other: the mean distance of two of them. 0 of copies; N 2 or more."""
        distances = torch.cdist(self.descriptors, self.descriptors).fill_diagonal_(0)
        return distances.sum().item() / (len(self) * (len(self) - 1))

    @cached_property
    def quantiles(self) -> Tensor:
        """[DIRECTIONS, QUANTILES], of all patches along each direction."""
        rising = self.patches.flatten(0, 1).T.contiguous().sort(1).values
        places = (torch.arange(QUANTILES, dtype=torch.float64) + 0.5) / QUANTILES
        return rising[:, (places * rising.shape[1]).long()]

    def distance(self, other: Statistics) -> float:
        """How far another set is from this one: in what pictures look like and in how patches are drawn, those left out
        that are all but empty, as they are drawn again; and the farther the more there are of them. About 0 where the
        sets are of one kind."""
        empty = self.are_empty(other)
        seen = other if (~empty).sum() < 2 else other.of_these(~empty)
        apart = self.energy_distance(seen) + WEIGHT_OF_PATCHES * self.patch_distance(seen)
        return apart + WEIGHT_OF_EMPTY * max(0.0, empty.double().mean().item() - EMPTY)

    def energy_distance(self, other: Statistics) -> float:
        """That of the descriptors (Szekely and Rizzo 2013, 'Energy statistics', eq. 5), without bias.

        It is twice the mean distance of two pictures, one from each set, less the spread of either: works that are all
        alike are far, however likely each is. A little less than 0 by chance.
        """
        across = torch.cdist(self.descriptors, other.descriptors).mean().item()
        return 2 * across - self.spread - other.spread

    def patch_distance(self, other: Statistics) -> float:
        """Wasserstein's distance of the patches along the directions, the mean of them (Rabin et al. 2011)."""
        return (self.quantiles - other.quantiles).abs().mean().item()

    def are_empty(self, other: Statistics) -> Tensor:
        """[N], of each of another set's pictures whether it has less gradient than all but EMPTY of this one's."""
        return other.energies < torch.quantile(self.energies, EMPTY)

    def of_these(self, chosen: Tensor) -> Statistics:
        """Of some of the pictures. chosen: [N], whether each is one."""
        return Statistics(*(getattr(self, part.name)[chosen] for part in fields(self)))


def _projected(light: Tensor) -> Tensor:
    """[N, H, W], in levels -> [N, PATCHES, DIRECTIONS]; patches at places that all pictures share."""
    generator = keyed_generator("patches", 0)
    windows = light.unfold(1, PATCH, 1).unfold(2, PATCH, 1)
    rows, columns = (torch.randint(side, (PATCHES,), generator=generator) for side in windows.shape[1:3])
    patches = windows[:, rows, columns].flatten(2)
    patches = patches - patches.mean(2, keepdim=True)
    patches = patches / (patches.std(2, keepdim=True) + LEAST_CONTRAST)
    directions = F.normalize(torch.randn(PATCH**2, DIRECTIONS, generator=generator, dtype=torch.float64), dim=0)
    return patches @ directions
