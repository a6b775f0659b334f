"""Which works are near copies of a picture that was learned from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.errors import SfumatoError

COMPARED_AT = 32  # pixels
COPY_RATIO = 1 / 3
CORRELATED_AT = 16  # pixels: of a blurred copy all is left that shows there
CORRELATED = 0.95
# A near copy is this many times nearer to one motif than to any other; flat tiles correlate with many.
STANDS_OUT = 3.0
AT_A_TIME = 1024
WORKS_AT_A_TIME = 64


@dataclass(frozen=True, eq=False)
class Nearest:
    """For each of N pictures the nearest training picture, and the nearest of another group than that one's.

    indices: [N, 2], places among the training pictures; distances: [N, 2], float64.
    """

    indices: Tensor
    distances: Tensor

    @property
    def ratios(self) -> Tensor:
        """[N], 0..1: how much nearer the nearest one is; small for a copy."""
        return self.distances[:, 0] / self.distances[:, 1].clamp_min(torch.finfo(torch.float64).tiny)

    @property
    def are_copies(self) -> Tensor:
        """[N], bool: the nearest is at less than a third of the distance to the second nearest."""
        return self.ratios < COPY_RATIO

    @property
    def fraction(self) -> float:
        return self.are_copies.double().mean().item()


def nearest_pictures(images: Tensor, training: Tensor, groups: Tensor) -> Nearest:
    """Look for each picture among all training pictures, mirrored ones too.

    images: [N, 3, H, W] in -1..1; training: [M, 3, H, W]; groups: [M], equal for near duplicates, of which the second
    nearest must not be one: else a copy of a picture that was there twice would pass. Distances are Euclidean between
    pictures reduced to 32 pixels, so that a copy with other grain is found too; a copy that was shifted or cropped is
    not. Raises SfumatoError where the training pictures are all of one group.
    """
    if (groups == groups[0]).all():
        raise SfumatoError("near copies: the training pictures are all near duplicates of each other; give others too")
    points = _rows(images)
    kept = torch.full((len(points), 2), torch.inf, dtype=torch.float64)
    indices = torch.zeros(len(points), 2, dtype=torch.int64)
    for start in range(0, len(training), AT_A_TIME):
        centres = training[start : start + AT_A_TIME]
        found = torch.minimum(*(torch.cdist(points, _rows(some)) for some in (centres, centres.flip(-1))))
        places = torch.arange(start, start + len(centres)).expand(len(points), -1)
        # The two best of before compete with this part: whichever group wins, its best rival is among them.
        distances, candidates = torch.cat((kept, found), 1), torch.cat((indices, places), 1)
        first = distances.argmin(1, keepdim=True)
        same = groups[candidates] == groups[candidates.gather(1, first)]
        others = distances.masked_fill(same, torch.inf)
        second = others.argmin(1, keepdim=True)
        kept = torch.cat((distances.gather(1, first), others.gather(1, second)), 1)
        indices = torch.cat((candidates.gather(1, first), candidates.gather(1, second)), 1)
    return Nearest(indices, kept)


@dataclass(frozen=True, eq=False)
class Correlated:
    """For each of N pictures the training picture that it correlates with most, and the most of another group.

    indices: [N, 2]; values: [N, 2], -1..1; -1 for the second where all are of one group.
    """

    indices: Tensor
    values: Tensor

    @property
    def are_copies(self) -> Tensor:
        """[N], bool: over 0.95."""
        return self.values[:, 0] > CORRELATED

    @property
    def fraction(self) -> float:
        return self.are_copies.double().mean().item()


def correlated_pictures(images: Tensor, training: Tensor, groups: Tensor) -> Correlated:
    """Pearson's correlation of all values, at 16 x 16 pixels, with each training picture, mirrored or not.

    images: [N, 3, H, W] in -1..1; training: [M, 3, H, W]; groups: [M], equal for near duplicates. It finds copies that
    are blurred, paler or darker, which are far from their original in Euclidean distance. Where many real pictures are
    alike, as small tiles of flat colours are, they correlate with each other as well.
    """
    return correlated_with(images, correlation_rows(training), groups)


def correlated_with(images: Tensor, known: Tensor, groups: Tensor) -> Correlated:
    """The same, with the training pictures as `correlation_rows`: [M, D]."""
    indices, kept = [], []
    for some in torch.split(images, WORKS_AT_A_TIME):
        values = torch.maximum(correlation_rows(some) @ known.T, correlation_rows(some.flip(-1)) @ known.T)
        first = values.argmax(1, keepdim=True)
        others = values.masked_fill(groups.expand(len(values), -1) == groups[first], -1.0)
        second = others.argmax(1, keepdim=True)
        indices.append(torch.cat((first, second), 1))
        kept.append(torch.cat((values.gather(1, first), others.gather(1, second)), 1))
    return Correlated(torch.cat(indices), torch.cat(kept))


def correlation_rows(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N, D], averaged over 16 x 16 cells, without their means and of length 1.

    Their products are correlations, and 0 with a picture of one colour.
    """
    down, across = (_cells(side) for side in images.shape[2:])
    rows = (down.T @ (images @ across)).flatten(1)  # several times as fast as torch's pooling
    rows = rows - rows.mean(1, keepdim=True)
    return F.normalize(rows, dim=1)


def _cells(side: int) -> Tensor:
    """[side, 16]: the share of each pixel in the mean of each cell; a pixel between two cells is divided."""
    pixels, cells = torch.arange(side)[:, None], torch.arange(CORRELATED_AT) * side / CORRELATED_AT
    width = side / CORRELATED_AT
    overlap = torch.minimum(pixels + 1, cells + width) - torch.maximum(pixels, cells)
    return overlap.clamp_min(0) / width


def reduced(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N, 3, 32, 32]; to look for copies among very many, no more of them need be kept."""
    side = (COMPARED_AT, COMPARED_AT)
    return images if images.shape[2:] == side else F.interpolate(images, side, mode="bilinear", antialias=True)


def _rows(images: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N, D], float64: in float32 the distance of a picture from itself would not be 0."""
    return reduced(images).flatten(1).double()
