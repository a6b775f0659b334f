"""What a denoiser is told besides the noise: classes, a reference picture, later a text's embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Self, TypeVar

import torch
from torch import Tensor

C = TypeVar("C", bound="Condition")


@dataclass(frozen=True, eq=False)
class Condition:
    """What N pictures are to be. Every field of a subclass is a tensor [N, ...].

    A condition whose 'nothing' is not zeros defines its own ``drop``; one whose network takes more than the first of
    its fields defines its own ``inputs``.
    """

    @property
    def inputs(self) -> Tensor:
        """What the network is given, [N, ...]."""
        first: Tensor = getattr(self, fields(self)[0].name)
        return first

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def __getitem__(self, index: Tensor | slice) -> Self:
        """That of some of the pictures. index: a slice, [M] indices or [N] booleans."""
        return self.map(lambda tensor: tensor[index])

    def repeat(self, count: int) -> Self:
        """All N in their order, ``count`` times: [count * N]."""
        return self.map(lambda tensor: tensor.repeat(count, *[1] * (tensor.ndim - 1)))

    def to(self, device: torch.device | str) -> Self:
        return self.map(lambda tensor: tensor.to(device))

    def drop(self, dropped: Tensor | None = None) -> Self:
        """'Nothing' in place of some, [N] booleans, or of all: what classifier-free guidance leads away from, and what
        training shows now and then (Ho and Salimans 2022, arXiv:2207.12598, algorithm 1)."""
        if dropped is None:
            return self.map(torch.zeros_like)

        def change(tensor: Tensor) -> Tensor:
            return tensor.masked_fill(dropped.to(tensor.device).view(-1, *[1] * (tensor.ndim - 1)), 0)

        return self.map(change)

    def windows(self, places: Sequence[tuple[Tensor, Tensor]]) -> Self:
        """That of windows cut out of the pictures: window 0 of all N, then window 1 of all, [len(places) * N].

        places: rows and columns of each. Only a condition with a height and a width differs between windows.
        """
        return self.repeat(len(places))

    def map(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same condition with every tensor changed."""
        return replace(self, **{each.name: change(getattr(self, each.name)) for each in fields(self)})


def joined(conditions: Sequence[C]) -> C:
    """Conditions of one kind, one after the other: [N1 + N2 + ...]."""
    names = [each.name for each in fields(conditions[0])]
    return replace(conditions[0], **{name: torch.cat([getattr(one, name) for one in conditions]) for name in names})


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
        """What one picture is asked to be. classes: their indices and weights, of sum 1; none for no class."""
        return Mixture(tuple(cls.of([index]) for index in classes), torch.tensor([*classes.values()]).view(-1, 1))


@dataclass(frozen=True, eq=False)
class PictureCondition(Condition):
    """picture: [N, C, H, W], a reference that the pictures resemble, in the form that is denoised (see `Codec`)."""

    picture: Tensor

    def drop(self, dropped: Tensor | None = None) -> Self:
        """Itself: without its reference an upscaler has nothing to enlarge, and none learns to do without."""
        return self

    def windows(self, places: Sequence[tuple[Tensor, Tensor]]) -> Self:
        return type(self)(torch.cat([self.picture[:, :, rows[:, None], columns] for rows, columns in places]))


@dataclass(frozen=True, eq=False)
class Mixture:
    """What each of N pictures is asked to be: a weighted mean of the estimates under K conditions.

    conditions: K of them, each of all N; none for no condition at all. weights: [K, N], for each picture of sum 1.
    """

    conditions: tuple[Condition, ...] = ()
    weights: Tensor = field(default_factory=lambda: torch.zeros(0, 1))

    @classmethod
    def of(cls, condition: Condition) -> Self:
        """One condition for each picture."""
        return cls((condition,), torch.ones(1, len(condition)))

    @classmethod
    def joined(cls, mixtures: Sequence[Self]) -> Self:
        """Those of several pictures, of one picture each, one after the other.

        A picture with fewer conditions than another has its first once more, with weight 0.
        """
        most = max(len(mixture.conditions) for mixture in mixtures)
        if most == 0:
            return cls((), torch.zeros(0, len(mixtures)))
        nothing = next(mixture.conditions[0] for mixture in mixtures if mixture.conditions).drop()
        weights = torch.zeros(most, len(mixtures))
        columns: list[list[Condition]] = [[] for _ in range(most)]
        for picture, mixture in enumerate(mixtures):
            own = mixture.conditions or (nothing,)
            weights[: len(own), picture] = mixture.weights[:, 0] if mixture.conditions else 1.0
            for place, column in enumerate(columns):
                column.append(own[place if place < len(own) else 0])
        return cls(tuple(joined(column) for column in columns), weights)

    def __getitem__(self, index: slice) -> Self:
        """That of some of the pictures."""
        return type(self)(tuple(condition[index] for condition in self.conditions), self.weights[:, index])

    def to(self, device: torch.device | str) -> Self:
        return type(self)(tuple(condition.to(device) for condition in self.conditions), self.weights.to(device))

    def windows(self, places: Sequence[tuple[Tensor, Tensor]]) -> Self:
        """That of windows cut out of the pictures, as `Condition.windows` orders them."""
        conditions = tuple(condition.windows(places) for condition in self.conditions)
        return type(self)(conditions, self.weights.repeat(1, len(places)))
