"""What is kept of the pictures of one training: descriptors, names and credits, and no pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.images.tensors import picture_digest
from sfumato.likeness.calibration import Calibration
from sfumato.likeness.descriptors import NUMBERS, described
from sfumato.likeness.discriminant import FITTED_TO, Discriminant
from sfumato.likeness.finding import Finding, Neighbour
from sfumato.likeness.kin import families, thumbnails
from sfumato.likeness.search import Rows
from sfumato.likeness.views import framed, viewed
from sfumato.random import keyed_generator

# How much of the second family's similarity is taken from the first's: a work that is near to many is a copy of none.
RIVAL: Final = 0.25
MOST_FAMILIES: Final = 2000  # that are left out; more would not change the threshold
SHARE_OF_FIT: Final = 0.4  # of a time that is to be kept
AT_A_TIME: Final = 64
Pictures = Callable[[Tensor], Tensor]
"""[n] places -> [n, 3, H, W] in -1..1."""


@dataclass(frozen=True, eq=False)
class Index:
    """M training pictures.

    rows: [M, D], int8; groups: [M], int64, equal for a family of variants; digests: [M, 32], uint8, SHA-256 of the
    pixels; files, creators: M names, '' for a creator who is not known; least_spread: the smallest `spread` of them;
    contents: [M, 32], uint8, SHA-256 of the files that they were read from, None in an older index.
    """

    discriminant: Discriminant
    rows: Tensor
    groups: Tensor
    digests: Tensor
    files: Sequence[str]
    creators: Sequence[str]
    calibration: Calibration
    least_spread: float = 0.0
    contents: Tensor | None = None

    @classmethod
    def of(
        cls,
        pictures: Pictures,
        groups: Tensor,
        files: Sequence[str],
        creators: Sequence[str],
        seconds_left: Callable[[], float] | None = None,
        contents: Sequence[str] = (),
    ) -> Index:
        """groups: [M], equal for near duplicates, M 1 or more; variants of one another are found here. contents: M
        SHA-256 in hex, of the pictures' files, or none.

        Raises SfumatoError where there are no pictures.
        """
        count = len(groups)
        if not count:
            raise SfumatoError("an index of training pictures: there are none; train with one picture or more")
        seconds = seconds_left() if seconds_left else 0.0

        def goes_on() -> bool:
            return seconds_left is None or seconds_left() > (1 - SHARE_OF_FIT) * seconds

        order = torch.randperm(count, generator=keyed_generator("likeness", "fitted to"))
        discriminant = Discriminant.fit(pictures, order[:FITTED_TO], goes_on)
        digests: list[str] = []
        rows, small, least = [], [], math.inf
        for places in torch.split(torch.arange(count), AT_A_TIME):
            images = pictures(places)
            rows.append(discriminant.rows(described(framed(images))))
            small.append(thumbnails(images))
            least = min(least, float(spread(images).min()))
            digests += map(picture_digest, images)
        kin = families(torch.cat(small), groups)
        index = cls(
            discriminant, torch.cat(rows), kin, _bytes(digests), files, creators,
            Calibration.of(()), least, _bytes(contents) if contents else None,
        )  # fmt: skip
        return index.calibrated(pictures, seconds_left)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _rows(self) -> Rows:
        return Rows(self.rows, self.groups)

    def calibrated(self, pictures: Pictures, seconds_left: Callable[[], float] | None = None) -> Index:
        """The same with a threshold, for which one family after the other is left out, in an order drawn by lot.

        pictures: those of the index; one of each family is judged.
        """
        scores: list[float] = []
        for places in torch.split(self._one_of_each()[:MOST_FAMILIES], AT_A_TIME):
            before = seconds_left() if seconds_left else 0.0
            rows = self.discriminant.rows(described_views(pictures(places)))
            found, cosines = self._rows.nearest(rows, self.groups[places])
            scores += _scores(cosines)[found[:, 0] >= 0].tolist()
            # No more where the next would end too late.
            if seconds_left and 2 * seconds_left() < before:
                break
        return replace(self, calibration=Calibration.of(scores))

    def _one_of_each(self) -> Tensor:
        """A picture of each family, drawn by lot: [families] places, in an order that is drawn too."""
        order = torch.randperm(len(self), generator=keyed_generator("likeness", "left out"))
        seen: dict[int, int] = {}
        for place, family in zip(order.tolist(), self.groups[order].tolist(), strict=True):
            seen.setdefault(family, place)
        return torch.tensor(list(seen.values()), dtype=torch.int64)

    def findings(self, numbers: Tensor) -> list[Finding]:
        """For works as `described_views` gives them, [N, V, NUMBERS]: N findings."""
        places, cosines = self._rows.nearest(self.discriminant.rows(numbers))
        scores = _scores(cosines).tolist()
        return [
            Finding(
                tuple(self._neighbour(*one) for one in zip(pair, values, strict=True) if one[0] >= 0),
                score, self.calibration.threshold, self.calibration.rate,
            )
            for pair, values, score in zip(places.tolist(), cosines.tolist(), scores, strict=True)
        ]  # fmt: skip

    def _neighbour(self, place: int, similarity: float) -> Neighbour:
        digest = bytes(self.digests[place].tolist()).hex()
        return Neighbour(self.files[place], self.creators[place], digest, similarity, place)


def _bytes(digests: Sequence[str]) -> Tensor:
    """N SHA-256 in hex -> [N, 32], uint8."""
    return torch.tensor([list(bytes.fromhex(digest)) for digest in digests], dtype=torch.uint8)


def spread(images: Tensor) -> Tensor:
    """How much of more than one colour pictures are: [N, 3, H, W] in -1..1 -> [N], the largest of the standard
    deviations of their channels; 0 for one flat colour."""
    return images.flatten(2).std(2, correction=0).amax(1)


def described_views(images: Tensor) -> Tensor:
    """[N, 3, H, W] in -1..1 -> [N, V, NUMBERS], of all views of each."""
    views = viewed(images)
    return described(views.flatten(0, 1)).reshape(*views.shape[:2], NUMBERS)


def _scores(cosines: Tensor) -> Tensor:
    """[N, 2], of the nearest and the nearest of another family -> [N]."""
    first, second = cosines.unbind(1)
    return first - RIVAL * second.clamp_min(0)
