"""What a denoiser knows besides the noise level: classes, a reference picture, later a text's embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

C = TypeVar("C", bound="Condition")


@dataclass(frozen=True, eq=False)
class Condition:
    """A condition on each of N pictures. Every field of a subclass is a tensor [N, ...].

    A subclass whose 'nothing' is not zeros, such as the embedding of an empty prompt, defines its own ``drop``; one
    whose network takes more than its first field defines its own ``inputs``.
    """

    @property
    def inputs(self) -> Any:
        """What the network is called with."""
        return getattr(self, fields(self)[0].name)

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def __getitem__(self, index: Tensor | slice) -> Self:
        """The condition of some of the pictures. index: a slice, [M] indices or [N] booleans."""
        return self.map(lambda tensor: tensor[index])

    def repeat(self, count: int) -> Self:
        """All N in their order, ``count`` times over: [count * N]."""
        return self.map(lambda tensor: tensor.repeat(count, *[1] * (tensor.ndim - 1)))

    def to(self, device: torch.device | str) -> Self:
        return self.map(lambda tensor: tensor.to(device))

    def drop(self, dropped: Tensor | None = None) -> Self:
        """The same with 'nothing' for some pictures, [N] booleans, or for all: what training shows now and then, and
        classifier-free guidance leads away from (Ho and Salimans 2022, arXiv:2207.12598, algorithms 1 and 2)."""
        if dropped is None:
            return self.map(torch.zeros_like)

        def change(tensor: Tensor) -> Tensor:
            return tensor.masked_fill(dropped.to(tensor.device).view(-1, *[1] * (tensor.ndim - 1)), 0)

        return self.map(change)

    def windows(self, positions: Sequence[tuple[Tensor, Tensor]]) -> Self:
        """The condition of windows cut out of the pictures: window 0 of all N, then window 1 of all.

        positions: the rows and the columns of each window. Only a condition with a height and a width is cut; others
        are repeated. Returns [len(positions) * N].
        """
        return self.repeat(len(positions))

    def map(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same condition with every tensor changed."""
        return replace(self, **{each.name: change(getattr(self, each.name)) for each in fields(self)})

    def followed_by(self, others: Sequence[Self]) -> Self:
        """This one, and others of its kind after it: [N + N1 + N2 + ...]."""
        names = [each.name for each in fields(self)]
        return replace(self, **{name: torch.cat([getattr(one, name) for one in (self, *others)]) for name in names})


def joined(conditions: Sequence[C]) -> C:
    """Conditions of one kind, one after the other: [N1 + N2 + ...]."""
    return conditions[0].followed_by(conditions[1:])


@dataclass(frozen=True, eq=False)
class ClassCondition(Condition):
    """rows: [N] int64, each picture's row in a table of embeddings: 0 for no class, then one for each class."""

    rows: Tensor

    @classmethod
    def of(cls, labels: Tensor | Sequence[int]) -> Self:
        """labels: [N], indices of classes, or -1 for no class, as in a dataset."""
        return cls(torch.as_tensor(labels, dtype=torch.int64) + 1)

    @classmethod
    def mixture(cls, classes: Mapping[int, float]) -> Mixture:
        """A mixture for one picture. classes: their indices and weights, of sum 1; none for no class."""
        return Mixture(tuple(cls.of([index]) for index in classes), torch.tensor([*classes.values()]).view(-1, 1))


@dataclass(frozen=True, eq=False)
class PictureCondition(Condition):
    """picture: [N, C, H, W], a reference that the pictures resemble, as the codec encodes it; or [N, C + 1, H, W], with
    what is told of the noise in it (see ``told``)."""

    picture: Tensor

    def told(self, noise: Tensor) -> Self:
        """The same with the noise level of each reference, [N], as one more channel: conditioning augmentation (Ho et
        al. 2022, arXiv:2106.15282, section 4.2), by which an upscaler learns how far its reference is to be trusted."""
        plane = noise.to(self.picture).view(-1, 1, 1, 1).expand(-1, 1, *self.picture.shape[2:])
        return type(self)(torch.cat((self.picture, plane), 1))

    def drop(self, dropped: Tensor | None = None) -> Self:
        """The same: a reference is never dropped, as no upscaler learns to do without."""
        return self

    def windows(self, positions: Sequence[tuple[Tensor, Tensor]]) -> Self:
        return type(self)(torch.cat([self.picture[:, :, rows[:, None], columns] for rows, columns in positions]))


@dataclass(frozen=True, eq=False)
class Mixture:
    """What is asked of N pictures: for each a weighted mean of the estimates under K conditions.

    conditions: K, each of all N pictures; none for no condition at all. weights: [K, N], of sum 1 for each picture.
    """

    conditions: tuple[Condition, ...] = ()
    weights: Tensor = field(default_factory=lambda: torch.zeros(0, 1))

    @classmethod
    def of(cls, condition: Condition) -> Self:
        """One condition for each picture."""
        return cls((condition,), torch.ones(1, len(condition)))

    @classmethod
    def joined(cls, mixtures: Sequence[Self]) -> Self:
        """Mixtures of one picture each, one after the other.

        A picture with fewer conditions than another has its first one again, with weight 0.
        """
        most = max(len(mixture.conditions) for mixture in mixtures)
        if most == 0:
            return cls((), torch.zeros(0, len(mixtures)))
        nothing = cls.of(next(mixture.conditions[0] for mixture in mixtures if mixture.conditions).drop())
        each = [mixture if mixture.conditions else nothing for mixture in mixtures]
        columns = [[*own.conditions, *own.conditions[:1] * (most - len(own.conditions))] for own in each]
        weights = [F.pad(own.weights, (0, 0, 0, most - len(own.conditions))) for own in each]
        return cls(tuple(map(joined, zip(*columns, strict=True))), torch.cat(weights, 1))

    def __getitem__(self, index: slice) -> Self:
        """The mixtures of some of the pictures."""
        return type(self)(tuple(condition[index] for condition in self.conditions), self.weights[:, index])

    def to(self, device: torch.device | str) -> Self:
        return type(self)(tuple(condition.to(device) for condition in self.conditions), self.weights.to(device))

    def windows(self, positions: Sequence[tuple[Tensor, Tensor]]) -> Self:
        """The mixtures of windows cut out of the pictures, in the order of `Condition.windows`."""
        conditions = tuple(condition.windows(positions) for condition in self.conditions)
        return type(self)(conditions, self.weights.repeat(1, len(positions)))
