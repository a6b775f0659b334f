"""What a training is shown: batches in an order that seed and step decide, and the pictures that it is judged by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final

import torch
from torch import Tensor

from sfumato.dataset import Batches, Dataset
from sfumato.dataset.buckets import BucketBatches, Shape
from sfumato.diffusion.condition import Condition
from sfumato.random import spread
from sfumato.training.configuration import TrainingConfig
from sfumato.training.encoded import EncodedPictures

EVALUATED: Final = 128  # pictures at most that a measurement looks at
LOOKS: Final = 64  # and pairs of picture and noise at least
AT_ONCE: Final = 32


class Examples(ABC):
    """Clean pictures, or what a codec makes of them, each with what the network is told of it. dataset: the pictures in
    the size in which the network sees them."""

    dataset: Dataset

    @abstractmethod
    def batch(self, step: int) -> tuple[Tensor, Condition]:
        """Batch number ``step``, from 0: [B, C, H, W] and the condition of B, on the device."""

    @abstractmethod
    def epochs(self, step: int) -> float:
        """How many times every picture was seen, on average, in ``step`` batches."""

    @abstractmethod
    def some(self, chosen: Tensor) -> Iterator[tuple[Tensor, Tensor, Condition]]:
        """Of pictures [n] by their indices in the data set, in parts of up to AT_ONCE: the places of a part in
        ``chosen``, [m]; as they are, not augmented, [m, C, H, W]; and the condition of m; on the device."""


class PreparedExamples(Examples):
    """The prepared pictures of a data set. conditions: [N], what the network is told of each."""

    def __init__(self, dataset: Dataset, conditions: Condition, settings: TrainingConfig, device: torch.device) -> None:
        self.dataset, self.conditions, self.device = dataset, conditions, device
        self.batches = Batches(
            dataset,
            dataset.train,
            settings.batch,
            seed=settings.seed,
            balance=settings.balance,
            flip=settings.flip,
            device=device,
        )

    def batch(self, step: int) -> tuple[Tensor, Condition]:
        images, pictures = self.batches.batch(step)
        return images, self.conditions[pictures].to(self.device)

    def epochs(self, step: int) -> float:
        return self.batches.epochs(step)

    def some(self, chosen: Tensor) -> Iterator[tuple[Tensor, Tensor, Condition]]:
        for places in torch.split(torch.arange(len(chosen)), AT_ONCE):
            part = chosen[places]
            yield places, self.dataset.images(part).to(self.device), self.conditions[part].to(self.device)


class EncodedExamples(Examples):
    """Latents of pictures in several shapes, with their captions: a batch is of one shape."""

    def __init__(
        self, dataset: Dataset, encoded: EncodedPictures, settings: TrainingConfig, device: torch.device
    ) -> None:
        self.dataset = dataset
        self.encoded, self.device, self.at_once = encoded, device, min(settings.batch, AT_ONCE)
        self.batches = BucketBatches(encoded.shapes, dataset.train, settings.batch, seed=settings.seed)

    def batch(self, step: int) -> tuple[Tensor, Condition]:
        return self._of(self.batches.batch(step))

    def epochs(self, step: int) -> float:
        return self.batches.epochs(step)

    def some(self, chosen: Tensor) -> Iterator[tuple[Tensor, Tensor, Condition]]:
        places: dict[Shape, list[int]] = {}
        for place, index in enumerate(chosen.tolist()):
            places.setdefault(self.encoded.shapes[index], []).append(place)
        for shape in sorted(places):
            for part in torch.split(torch.tensor(places[shape]), self.at_once):
                yield part, *self._of(chosen[part])

    def _of(self, pictures: Tensor) -> tuple[Tensor, Condition]:
        indices = pictures.tolist()
        latents, conditions = self.encoded.latents(indices), self.encoded.conditions(indices)
        return latents.to(self.device), conditions.to(self.device)


def judged_by(indices: Tensor) -> Tensor:
    """Which pictures a measurement looks at, evenly chosen of the indices [n]: up to EVALUATED.

    Of fewer than LOOKS pictures each is looked at with several noises, equally many, so that few give hardly a rougher
    measure of the model than many.
    """
    if len(indices) < LOOKS:
        return indices[torch.arange(LOOKS) * len(indices) // LOOKS]
    return spread(indices, min(EVALUATED, len(indices)))
