"""What a cascade is shown: whole pictures in the small, and crops of the larger ones."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.dataset.batches import Windows
from sfumato.dataset.dataset import gather
from sfumato.diffusion.condition import Condition
from sfumato.diffusion.enlarging import reduced
from sfumato.images.tensors import to_float, to_levels
from sfumato.random import batch_generator
from sfumato.training.configuration import TrainingConfig
from sfumato.training.encoded import EncodedPictures
from sfumato.training.examples import EncodedExamples, Examples, PreparedExamples
from sfumato.training.objectives.cascade import CascadeConfig
from sfumato.training.objectives.crops import CascadeBatch, Crops


def examples_of(
    dataset: Dataset,
    encoded: EncodedPictures | None,
    conditions: Condition,
    settings: TrainingConfig,
    device: torch.device,
) -> Examples:
    """What a training of such settings is shown. encoded: what a pre-trained model has made of the pictures, if one is
    adapted."""
    if encoded is not None:
        return EncodedExamples(dataset, encoded, settings, device)
    kind = CascadeExamples if isinstance(settings.objective, CascadeConfig) else PreparedExamples
    return kind(dataset, conditions, settings, device)


class CascadeExamples(Examples):
    """Of each batch the pictures in the small, all of them, and for each upscaler crops of some of them.

    The small pictures are made once in a session and stay in memory, and so do those between two upscalers; what is cut
    out of the largest is read from the disk.
    """

    def __init__(self, dataset: Dataset, conditions: Condition, settings: TrainingConfig, device: torch.device) -> None:
        assert isinstance(settings.objective, CascadeConfig), "whose batches these are"
        self.large, self.conditions, self.settings, self.device = dataset, conditions, settings, device
        self.config = settings.objective
        self.places = [self.config.places(place, settings.size) for place in range(len(self.config.factors))]

    @cached_property
    def levels(self) -> Sequence[Dataset]:
        """The data set in all sizes, from the smallest up."""
        factors = self.config.factors
        smaller = smaller_datasets(self.large, [math.prod(factors[place:]) for place in range(len(factors))])
        return (*smaller, self.large)

    @cached_property
    def dataset(self) -> Dataset:  # type: ignore[override]  # made when it is first asked for
        """The small pictures."""
        return self.levels[0]

    @cached_property
    def small(self) -> PreparedExamples:
        return PreparedExamples(self.dataset, self.conditions, self.settings, self.device)

    def batch(self, step: int) -> tuple[CascadeBatch, Condition]:  # type: ignore[override]  # more than the pictures
        windows = self.small.batches.windows(step)
        images = self.small.batches.images(windows)
        generator = batch_generator(self.settings.seed, "crops", step)
        crops = [self._crops(place, windows, generator) for place in range(len(self.places))]
        return CascadeBatch(images, crops), self.conditions[windows.pictures].to(self.device)

    def epochs(self, step: int) -> float:
        return self.small.epochs(step)

    def some(self, chosen: Tensor) -> Iterator[tuple[Tensor, Tensor, Condition]]:
        return self.small.some(chosen)

    def _crops(self, number: int, windows: Windows, generator: torch.Generator) -> Crops:
        places, factor = self.places[number], self.config.factors[number]
        chosen = places.pictures(len(windows.pictures))
        start, inside = places.drawn(len(chosen), generator)
        seen = Windows(*(part[chosen] for part in (windows.pictures, windows.top, windows.left, windows.flip)))
        small = self._seen(number, seen, start, places.around)
        clean = self._seen(number + 1, seen, (start + inside) * factor, places.side * factor)
        return Crops(clean, small, start, inside, chosen)

    def _seen(self, level: int, windows: Windows, at: Tensor, side: int) -> Tensor:
        """[M, 3, side, side]: what lies at [M, 2] in windows on pictures of that level."""
        data, scale = self.levels[level], self.config.sides(1)[level]
        whole = scale * self.settings.size
        top, left = at.unbind(1)
        # From the right in a window that is mirrored.
        left = torch.where(windows.flip, whole - side - left, left)
        offsets, widths = data.offsets[windows.pictures], data.widths[windows.pictures]
        place = windows.top * scale + top, windows.left * scale + left
        return to_float(gather(data.pixels, side, offsets, widths, *place, windows.flip)).to(self.device)


def smaller_datasets(dataset: Dataset, factors: Sequence[int]) -> list[Dataset]:
    """The same data set with all its pictures reduced, for each of the factors, in memory. What does not fill a pixel
    of the smallest is cut off, so that they all show the same."""
    coarsest = max(factors)
    shapes = [
        (side // coarsest, width // coarsest) for side, width in zip(dataset.heights, dataset.widths, strict=True)
    ]
    heights, widths = (torch.tensor([int(side) for side in sides]) for sides in zip(*shapes, strict=True))
    made = []
    for factor in factors:
        small, finer = copy.copy(dataset), coarsest // factor
        small.size, small.heights, small.widths = dataset.size // factor, heights * finer, widths * finer
        areas = small.heights * small.widths
        small.offsets = areas.cumsum(0) - areas
        small.pixels = torch.empty((int(areas.sum()), 3), dtype=torch.uint8)
        made.append(small)
    for index in range(len(dataset)):
        height, width = int(dataset.heights[index]), int(dataset.widths[index])
        first = int(dataset.offsets[index])
        whole = to_float(dataset.pixels[first : first + height * width].view(1, height, width, 3))
        whole = whole[:, :, : heights[index] * coarsest, : widths[index] * coarsest]
        for small, factor in zip(made, factors, strict=True):
            pixels = to_levels(reduced(whole, factor)).byte()[0].permute(1, 2, 0).reshape(-1, 3)
            start = int(small.offsets[index])
            small.pixels[start : start + len(pixels)] = pixels
    return made
