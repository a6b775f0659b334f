"""Which class a picture seems to be of, by classifiers that have not seen it, and how often they are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import torch
from torch import Tensor

from sfumato.random import keyed_generator

FOLDS: Final = 10
SHRINKAGE: Final = 0.2  # of covariances between features; from 0.1 to 0.4 it is right about as often on 725 pictures
_AT_LEAST: Final = 1e-6  # of each feature's variance: some do not vary at all


@dataclass(frozen=True, eq=False)
class LinearDiscriminant:
    """weights: [D, C]; offsets: [C]. The class of the highest ``rows @ weights + offsets`` is the one seen."""

    weights: Tensor
    offsets: Tensor

    @classmethod
    def fit(cls, rows: Tensor, labels: Tensor, classes: int) -> Self:
        """Fisher's linear discriminant (1936), all classes taken for equally common, so that a common one is not seen
        for that reason.

        rows: [N, D], float64; labels: [N], 0..classes - 1, of each class one or more. The covariance within classes is
        drawn towards its diagonal, as there may be more features than pictures (Friedman 1989, 'Regularized
        Discriminant Analysis'; Schaefer and Strimmer 2005, target D).
        """
        means = torch.stack([rows[labels == label].mean(0) for label in range(classes)])
        apart = rows - means[labels]
        covariance = apart.T @ apart / max(1, len(rows) - classes)
        diagonal = covariance.diagonal().clamp_min(_AT_LEAST)
        shrunk = (1 - SHRINKAGE) * covariance
        shrunk = shrunk - torch.diag(shrunk.diagonal()) + torch.diag(diagonal)
        weights = torch.linalg.solve(shrunk, means.T)
        return cls(weights, -(means * weights.T).sum(1) / 2)

    def seen(self, rows: Tensor) -> Tensor:
        """[N, D] -> [N], labels."""
        return (rows @ self.weights + self.offsets).argmax(1)


@dataclass(frozen=True, eq=False)
class Judges:
    """Classifiers, each fitted to all real pictures but a fold. folds: [N], which one has not seen a picture."""

    members: Sequence[LinearDiscriminant]
    folds: Tensor

    @classmethod
    def fit(cls, rows: Tensor, labels: Tensor, families: Tensor, classes: int, seed: int) -> Self:
        """rows: [N, D]; labels: [N], 0..classes - 1, or -1 of a picture of no class, which no classifier learns from;
        families: [N], numbers, equal for near duplicates, which lie in one fold together. Of each class there are two
        families or more."""
        folds = _folds(labels, families, seed)
        known = labels >= 0
        members = []
        for fold in range(FOLDS):
            others = known & (folds != fold)
            members.append(LinearDiscriminant.fit(rows[others], labels[others], classes))
        return cls(members, folds)

    def seen(self, rows: Tensor) -> Tensor:
        """The labels of the real pictures, each by the classifier that has not seen it: [N, D] -> [N]."""
        return self._seen(rows, self.folds)

    def seen_in_works(self, rows: Tensor) -> Tensor:
        """The labels of pictures that none has seen, which the classifiers judge in turn, so that each is judged as
        real ones are: by one fitted to nine tenths of them. [M, D] -> [M]"""
        return self._seen(rows, torch.arange(len(rows)) % FOLDS)

    def _seen(self, rows: Tensor, folds: Tensor) -> Tensor:
        labels = torch.zeros(len(rows), dtype=torch.int64)
        for fold, member in enumerate(self.members):
            labels[folds == fold] = member.seen(rows[folds == fold])
        return labels


def _folds(labels: Tensor, families: Tensor, seed: int) -> Tensor:
    """Families go into the folds in turn, class by class and in an order by lot, so that each fold has of each class
    nearly its share. -> [N]"""
    generator = keyed_generator("representation", "folds", seed)
    names, first = torch.unique(families, return_inverse=True)
    of_family = torch.full((len(names),), -1, dtype=torch.int64)
    of_family.scatter_reduce_(0, first, labels, "amax")
    place = torch.zeros(len(names), dtype=torch.int64)
    begun = 0
    for label in torch.unique(of_family).tolist():
        members = torch.nonzero(of_family == label).flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        place[members] = (begun + torch.arange(len(members))) % FOLDS
        begun += len(members)
    return place[first]


def mixture_shares(seen: Tensor, rates: Tensor, rounds: int = 500) -> Tensor:
    """The shares of classes that make the seen ones likeliest, given how often each class is seen as which.

    seen: [..., C], how often each class was seen, of any scale; rates: [..., C, C], rows that sum to 1: of pictures of
    a class the fraction that is seen as each. -> [..., C], 0..1, which sum to 1. It is the maximum of the likelihood of
    the mixture, found by expectation and maximisation (Dempster, Laird and Rubin 1977; for classifiers Saerens, Latinne
    and Decaestecker 2002), and where it lies within 0..1 also the solution of shares @ rates = seen.
    """
    seen = seen / seen.sum(-1, keepdim=True).clamp_min(1e-12)
    shares = torch.full_like(seen, 1 / seen.shape[-1])
    for _ in range(rounds):
        expected = (shares[..., None, :] @ rates)[..., 0, :].clamp_min(1e-12)
        shares = shares * (rates @ (seen / expected)[..., None])[..., 0]
    return shares
