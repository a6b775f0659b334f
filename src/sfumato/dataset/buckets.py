"""Shapes that pictures are learned from in where a network takes any: about its own area, and little is cut off."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Self

import torch
from torch import Tensor

from sfumato.random import batch_generator
from sfumato.text import counted

LONGEST: Final = 4.0  # how many times as long as wide a shape is at most; of longer pictures the middle is taken
_HARDLY_MORE: Final = 0.03  # of a picture, that may be cut off for the sake of more pixels


class Shape(NamedTuple):
    """In pixels; both are multiples of what the network needs."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


@lru_cache(maxsize=64)
def shapes(area: int, multiple: int) -> tuple[Shape, ...]:
    """Of about that many pixels and never more, at least one cell each way: from the tallest to the longest.

    For each width the largest height, as the aspect-ratio buckets of NovelAI have it (2022, 'NovelAI improvements on
    Stable Diffusion'), without a list of fixed sizes.
    """
    cells = max(1, area // multiple**2)
    found = [(width, cells // width) for width in range(1, cells + 1)]
    fitting = [(width, height) for width, height in found if max(width, height) <= LONGEST * min(width, height)]
    # Of several widths with one height the widest has the largest area.
    widest = {height: (width, height) for width, height in fitting}
    return tuple(Shape(width * multiple, height * multiple) for width, height in widest.values())


def shape_for(width: int, height: int, area: int, multiple: int) -> tuple[Shape, bool]:
    """The shape for a picture of that size, and whether it has to be enlarged for it.

    area: pixels of the network's own size. Of the shapes that the picture covers without being enlarged the largest of
    those for which about the least is cut off. A picture too small for them has a shape of its own size, in whole
    cells; one that is smaller than a cell is enlarged to that.
    """
    covered = [shape for shape in shapes(area, multiple) if shape.width <= width and shape.height <= height]
    own = _whole_cells(width, height, multiple)
    if own.width * own.height <= area:
        covered.append(own)
    least = min(_cut_off(width, height, shape) for shape in covered)
    fitting = [shape for shape in covered if _cut_off(width, height, shape) <= least + _HARDLY_MORE]
    best = max(fitting, key=lambda shape: (shape.width * shape.height, -_cut_off(width, height, shape)))
    return best, best.width > width or best.height > height


def _whole_cells(width: int, height: int, multiple: int) -> Shape:
    """The largest shape in a picture, which is no longer than any shape may be."""
    across, down = (max(1, side // multiple) for side in (width, height))
    longest = int(LONGEST) * min(across, down)
    return Shape(multiple * min(across, longest), multiple * min(down, longest))


def _cut_off(width: int, height: int, shape: Shape) -> float:
    """The share of a picture that a centre crop of that shape leaves away, 0..1."""
    aspect, wanted = width / height, shape.width / shape.height
    return 1 - min(aspect / wanted, wanted / aspect)


@dataclass(frozen=True, eq=False)
class Buckets:
    """shapes: of N pictures; enlarged: how many of them have fewer pixels than their shape; area: in pixels, that of a
    picture which is large enough."""

    shapes: tuple[Shape, ...]
    enlarged: int
    area: int

    @classmethod
    def of(cls, sizes: Iterable[tuple[int, int]], *, area: int, multiple: int) -> Self:
        """sizes: width and height of each picture, in pixels."""
        chosen = [shape_for(width, height, area, multiple) for width, height in sizes]
        return cls(tuple(shape for shape, _ in chosen), sum(enlarged for _, enlarged in chosen), area)

    @property
    def sentence(self) -> str:
        """'725 pictures in 9 shapes of about 512 x 512 pixels, 12 in smaller ones, as they have no more pixels'."""
        pictures, forms = counted(len(self.shapes), "picture"), counted(len(set(self.shapes)), "shape")
        side = math.isqrt(self.area)
        said = f"{pictures} in {forms} of about {side} x {side} pixels"
        smaller = sum(4 * shape.width * shape.height < 3 * self.area for shape in self.shapes) - self.enlarged
        if smaller > 0:
            said += f", {smaller:,} in smaller ones, as they have no more pixels"
        if self.enlarged:
            said += f", {self.enlarged:,} enlarged, as they are smaller than the smallest shape"
        return said


class BucketBatches:
    """Which pictures each batch holds, all of one shape: a function of the seed and the step alone.

    In an epoch each shape has as many batches as its share of the pictures asks for, rounded up or down so that over
    many epochs every picture is shown equally often; they come in an order that each epoch draws anew.
    """

    def __init__(self, shapes: Sequence[Shape], indices: Tensor, batch_size: int, *, seed: int) -> None:
        """shapes: of N pictures; indices: [n] of those that are learned from, at least one; batch_size: at least 1."""
        self.batch_size, self.seed = batch_size, seed
        members: dict[Shape, list[int]] = {}
        for index in indices.tolist():
            members.setdefault(shapes[index], []).append(index)
        self.members = [torch.tensor(members[shape]) for shape in sorted(members)]
        self.count = len(indices)
        self.per_epoch = max(1, round(self.count / batch_size))
        self._epoch, self._batches = -1, list[Tensor]()

    def batch(self, step: int) -> Tensor:
        """[batch_size] indices of the pictures of batch number ``step``, from 0."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._drawn(epoch)
        return self._batches[place]

    def epochs(self, step: int) -> float:
        """How many times every picture was seen, on average, in ``step`` batches."""
        return step * self.batch_size / self.count

    def _drawn(self, epoch: int) -> list[Tensor]:
        """The batches of an epoch in their order: evenly spaced places along the row of all pictures, shape by shape,
        from a start that is drawn (systematic sampling), say which shape each batch is of."""
        generator = batch_generator(self.seed, "buckets", epoch)
        start = float(torch.rand((), generator=generator, dtype=torch.float64))
        batches: list[Tensor] = []
        begun = 0
        for members in self.members:
            first, end = (self.per_epoch * place / self.count for place in (begun, begun + len(members)))
            begun += len(members)
            count = math.ceil(end - start) - math.ceil(first - start)
            order = members[torch.randperm(len(members), generator=generator)]
            if count:
                wanted = count * self.batch_size
                batches += torch.split(order.repeat(-(-wanted // len(order)))[:wanted], self.batch_size)
        return [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]
