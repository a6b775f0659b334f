"""What the upscalers of a cascade learn from in a step: crops, and the places where they are cut out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sfumato.diffusion.enlarging import REACH

CROPS_A_PICTURE = 6  # of one that the base has made, which costs more than their enlargement


def cut(images: Tensor, places: Tensor, side: int) -> Tensor:
    """One square of each picture: [N, C, H, W], its upper left corner [N, 2] -> [N, C, side, side]."""
    return torch.stack(
        [one[:, top : top + side, left : left + side] for one, (top, left) in zip(images, places.tolist(), strict=True)]
    )


@dataclass(frozen=True, eq=False)
class Crops:
    """What one upscaler learns from in a step.

    clean: [M, 3, S, S]; small: [M, 3, s, s], of the picture before it is enlarged, what is needed for the crop, with
    what is around it; start: [M, 2], where that begins in the whole small picture; inside: [M, 2], where the crop
    begins in it, both in the small picture's pixels; pictures: [M], places in the batch.
    """

    clean: Tensor
    small: Tensor
    start: Tensor
    inside: Tensor
    pictures: Tensor


@dataclass(frozen=True, eq=False)
class CascadeBatch:
    """small: [N, 3, H, W], whole pictures; crops: for each upscaler."""

    small: Tensor
    crops: Sequence[Crops]

    def __len__(self) -> int:
        return len(self.small)


@dataclass(frozen=True)
class CropPlaces:
    """Where crops are, in pixels of the pictures before they are enlarged.

    whole: the side of those pictures; side: of a crop; real, made: how many crops there are of pictures as they are,
    and of those that the base has made.
    """

    whole: int
    side: int
    real: int
    made: int

    @property
    def around(self) -> int:
        """The side of a crop with what bicubic values go by on either side, so that it is enlarged there as in the
        whole picture."""
        return min(self.whole, self.side + 2 * REACH)

    def drawn(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """start, inside: [count, 2] each, see `Crops`."""
        at = torch.randint(self.whole - self.side + 1, (count, 2), generator=generator)
        start = (at - REACH).clamp(0, self.whole - self.around)
        return start, at - start

    def pictures(self, batch: int) -> Tensor:
        """[crops], of which pictures of a batch: of as many as there are, and of those that the base makes several."""
        return torch.cat((torch.arange(self.real), self.real + torch.arange(self.made) // CROPS_A_PICTURE)) % batch
