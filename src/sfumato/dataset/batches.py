"""Batches for training, gathered and augmented in torch: each is a function of the seed and the step alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from sfumato.dataset.dataset import Dataset, gather
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_float
from sfumato.random import batch_generator

Balance = Literal["none", "class", "creator"]

# More pixels than this stay in the computer's memory, and each batch is sent to the device.
_MOST_DEVICE_BYTES: Final = 2 * 1024**3


@dataclass(frozen=True, eq=False)
class Windows:
    """Squares of a dataset's size in B of its pictures. pictures: [B] int64, which ones; top, left: [B] int64, the
    upper left corner; flip: [B] bool, whether what is seen is mirrored, left to right."""

    pictures: Tensor
    top: Tensor
    left: Tensor
    flip: Tensor


class Batches:
    """`batch(step)` gives the same pictures whenever it is asked, so a resumed run needs nothing but its step.

    With balance 'none' every picture comes once an epoch, in an order that each epoch draws anew. With 'class' or
    'creator' each draw takes a class (creator) and then one of its pictures, every one equally likely; unknown creators
    count as one, and so do pictures of no class. All draws are made on the CPU, so they are the same on every device.
    """

    def __init__(
        self,
        dataset: Dataset,
        indices: Tensor,
        batch_size: int,
        *,
        seed: int,
        balance: Balance = "none",
        flip: bool = True,
        device: torch.device | str = "cpu",
    ) -> None:
        """Draw from the dataset's pictures `indices` [n]. Raises SfumatoError where balance has nothing to go by."""
        if len(indices) == 0:
            raise SfumatoError("There are no pictures to train on; collect more of them.")
        if batch_size < 1:
            raise SfumatoError(f"The batch size is {batch_size}; it is 1 or more.")
        self.dataset = dataset
        self.indices = indices.to("cpu", torch.int64)
        self.batch_size = batch_size
        self.seed = seed
        self.flip = flip
        self.device = torch.device(device)
        self._choices = None if balance == "none" else _Choices(self.indices, _groups(dataset, balance))
        self._orders: dict[int, Tensor] = {}
        self._pixels = dataset.pixels
        if self.device.type != "cpu" and self._pixels.numel() <= _MOST_DEVICE_BYTES:
            self._pixels = self._pixels.to(self.device)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Batch number `step`, from 0: images [B, 3, size, size], float32 in -1..1, on the device, and which of the
        dataset's pictures they are, [B] int64."""
        drawn = self.windows(step)
        return self.images(drawn), drawn.pictures

    def images(self, windows: Windows) -> Tensor:
        """What is seen through them: [B, 3, size, size], float32 in -1..1, on the device."""
        data, chosen = self.dataset, windows.pictures
        parts = (data.offsets[chosen], data.widths[chosen], windows.top, windows.left, windows.flip)
        images = gather(self._pixels, data.size, *(part.to(self._pixels.device) for part in parts)).to(self.device)
        return to_float(images)

    def windows(self, step: int) -> Windows:
        """What of which pictures is in batch number `step`."""
        generator = batch_generator(self.seed, "step", step)
        if self._choices is None:
            chosen = self._in_turn(step * self.batch_size)
        else:
            chosen = self._choices.draw(self.batch_size, generator)
        data, size, count = self.dataset, self.dataset.size, self.batch_size
        # Always drawn, needed or not, so that turning one off leaves the others as they are.
        draws = torch.rand(3, count, generator=generator, dtype=torch.float64)
        top = (draws[0] * (data.heights[chosen] - size + 1)).long()
        left = (draws[1] * (data.widths[chosen] - size + 1)).long()
        return Windows(chosen, top, left, (draws[2] < 0.5) & self.flip)

    def epochs(self, step: int) -> float:
        """How many times every picture was seen, on average, in `step` batches."""
        return step * self.batch_size / len(self.indices)

    def _in_turn(self, position: int) -> Tensor:
        """The pictures from this position on, counted over all epochs. -> [B]"""
        count, parts, wanted = len(self.indices), [], self.batch_size
        while wanted > 0:
            epoch, start = divmod(position, count)
            part = self._order(epoch)[start : start + wanted]
            parts.append(part)
            position, wanted = position + len(part), wanted - len(part)
        return torch.cat(parts)

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            if len(self._orders) >= 2:  # a batch may lie across two epochs
                self._orders.pop(next(iter(self._orders)))
            order = torch.randperm(len(self.indices), generator=batch_generator(self.seed, "epoch", epoch))
            self._orders[epoch] = self.indices[order]
        return self._orders[epoch]


class _Choices:
    """Draws a group (a class, a creator) and then one of its pictures."""

    def __init__(self, indices: Tensor, groups: Tensor) -> None:
        """indices: [n] pictures; groups: [N], the group that each picture of the dataset belongs to."""
        own = groups[indices]
        self.sorted = indices[torch.argsort(own, stable=True)]
        self.counts = torch.unique(own, return_counts=True)[1]
        self.starts = torch.cumsum(self.counts, 0) - self.counts

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """[count] pictures."""
        group, member = torch.rand(2, count, generator=generator, dtype=torch.float64)
        chosen = (group * len(self.counts)).long()
        return self.sorted[self.starts[chosen] + (member * self.counts[chosen]).long()]


def _groups(dataset: Dataset, balance: Balance) -> Tensor:
    if balance == "class":
        if not dataset.classes:
            raise SfumatoError(
                "There are no classes to balance by: put the pictures into sub-folders, or use balance none."
            )
        return dataset.labels
    if balance == "creator":
        if dataset.creator_names in ([], [""]):
            raise SfumatoError("No picture has a known creator: name them in metadata.csv, or use balance none.")
        return dataset.creators
    raise SfumatoError(f"There is no balance {balance}; it is none, class or creator.")
