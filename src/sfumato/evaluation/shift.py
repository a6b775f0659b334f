"""What works have more or less of than the collection that was learned from: the bias that a model adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.evaluation.classes import class_labels
from sfumato.evaluation.classifier import Judges, mixture_shares
from sfumato.evaluation.resampling import DRAWS, LEVEL, Families, adjusted_p_values, draws_of, simultaneous
from sfumato.evaluation.traits import COLOURS, TONES, TRAITS, traits
from sfumato.features.appearance import Descriptor
from sfumato.features.features import extracted
from sfumato.random import keyed_generator

FEWEST_OF_A_CLASS: Final = 8  # families, so that each classifier learns from most of them and some are left to judge
MOST_CLASSES: Final = 16  # that are told apart; pictures of the rarer ones count together
OTHERS: Final = "(other classes)"
_AT_A_TIME: Final = 250  # draws
_LEAST_ERROR: Final = 1e-6  # of the mean of a trait that no picture has

Kind = Literal["class", "tone", "colour", "composition"]


@dataclass(frozen=True, eq=False)
class Looks:
    """What is measured of N pictures of one size. traits: [N, T], see `evaluation.traits`; rows: [N, D], by which
    classes are told."""

    traits: Tensor
    rows: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Self:
        """images: [N, 3, H, W] in -1..1, H and W 32 or more."""
        return cls(traits(images), extracted(Descriptor(), images))

    def at(self, places: Tensor) -> Looks:
        return Looks(self.traits[places], self.rows[places])


@dataclass(frozen=True, eq=False)
class Reference:
    """The collection, as works are read against it.

    looks: of its N pictures; families: [N]; classes: those that are told apart, none where there are fewer than two;
    labels: [N], -1 for pictures of none of them; seen: [N], by classifiers that have not seen them.
    """

    looks: Looks
    families: Tensor
    classes: Sequence[str]
    labels: Tensor
    judges: Judges | None
    seen: Tensor

    @classmethod
    def of(cls, looks: Looks, families: Tensor, labels: Tensor, classes: Sequence[str], seed: int = 0) -> Self:
        """families: [N], numbers, equal for near duplicates; labels: [N], of ``classes``, or -1."""
        names, labels = _told_apart(labels, families, classes)
        if not names:
            return cls(looks, families, (), torch.full_like(labels, -1), None, labels)
        judges = Judges.fit(looks.rows, labels, families, len(names), seed)
        return cls(looks, families, names, labels, judges, judges.seen(looks.rows))

    @property
    def rates(self) -> Tensor:
        """[C, C]: of pictures of a class the fraction that is seen as each, a pseudo-count of one spread over them."""
        one_hot = (F.one_hot(each[self.labels >= 0], len(self.classes)).double() for each in (self.labels, self.seen))
        true, seen = one_hot
        return _rates(true.T @ seen)

    def found(self) -> list[float]:
        """Of the pictures of each class the fraction that is seen as it, 0..1."""
        hits = (self.labels == self.seen).double()
        return [hits[self.labels == label].mean().item() for label in range(len(self.classes))]


def _told_apart(labels: Tensor, families: Tensor, classes: Sequence[str]) -> tuple[list[str], Tensor]:
    """The names of the classes that there are enough pictures of, and the labels among them, [N]."""
    counts = [len(torch.unique(families[labels == label])) for label in range(len(classes))]
    ranked = sorted(range(len(classes)), key=lambda label: (-counts[label], label))
    kept = sorted(label for label in ranked[:MOST_CLASSES] if counts[label] >= FEWEST_OF_A_CLASS)
    places = torch.full((len(classes) + 1,), len(kept), dtype=torch.int64)
    places[kept] = torch.arange(len(kept))
    places[-1] = -1  # which is where label -1 looks
    names, told = [classes[label] for label in kept], places[labels]
    if len(torch.unique(families[told == len(kept)])) >= FEWEST_OF_A_CLASS:
        names.append(OTHERS)
    else:
        told[told == len(kept)] = -1
    return (names, told) if len(names) > 1 else ([], torch.full_like(labels, -1))


def _rates(counts: Tensor) -> Tensor:
    """[..., C, C] -> the same, rows that sum to 1."""
    counts = counts + 1 / counts.shape[-1]
    return counts / counts.sum(-1, keepdim=True)


@dataclass(frozen=True)
class Shift:
    """One measure of works beside the collection: a trait's mean, or the share of a class, 0..1.

    works, works_interval: the mean over works and where that of all works of this kind lies; difference, interval:
    works less collection. Both intervals hold for all measures of a comparison at once, but for one time in twenty.
    deviation: of single pictures of the collection, to read a difference by. p: adjusted for the number of measures,
    how often sets that are of one kind would differ by as much in any of them. Of a class the shares are corrected for
    the classifier's errors; seen: as it says; asked: as the works were asked for, None where that is not known; found:
    of the collection's pictures of the class the fraction that it sees as that.
    """

    name: str
    kind: Kind
    collection: float
    works: float
    works_interval: tuple[float, float]
    difference: float
    interval: tuple[float, float]
    deviation: float
    p: float
    seen: float | None = None
    asked: float | None = None
    found: float | None = None

    @property
    def is_told(self) -> bool:
        """Whether the works are to be told from the collection by this: at the level, and beyond the interval."""
        return self.p <= LEVEL and not self.interval[0] <= 0 <= self.interval[1]


def shifts(
    reference: Reference,
    works: Looks,
    asked: Sequence[str | None] = (),
    *,
    seed: int = 0,
    draws: int = DRAWS,
    with_classes: bool = True,
) -> list[Shift]:
    """The classes first, then tones, colours and compositions in the order of ``TRAITS``.

    works: of M works, 2 or more; asked: the classes that they were asked for, M names or None. with_classes: whether
    works may be of the collection's classes at all.
    """
    judges = reference.judges if with_classes else None
    names = reference.classes if judges else ()
    number, count = len(names), len(works.traits)
    sides = _Sides.of(reference, works, judges)
    p_values = adjusted_p_values(sides.real, sides.made, keyed_generator("representation", "permutations", seed), draws)
    collection, means = sides.found()
    drawn_collection, drawn_means = sides.drawn(keyed_generator("representation", "draws", seed), draws)
    least = torch.full((len(means),), _LEAST_ERROR, dtype=torch.float64)
    least[:number] = 1 / count  # of what was not seen once among n there may be 3 / n
    low, high = simultaneous(means, drawn_means, least)
    less, more = simultaneous(means - collection, drawn_means - drawn_collection, least)
    deviations = torch.cat([(collection * (1 - collection))[:number].sqrt(), reference.looks.traits.std(0)])
    wanted, found, seen = _asked(asked, names), reference.found() if number else [], sides.made.means
    return [
        Shift(
            name=name,
            kind=kind,
            collection=collection[place].item(),
            works=means[place].item(),
            works_interval=_within(low[place], high[place], name),
            difference=(means - collection)[place].item(),
            interval=(max(-1.0, less[place].item()), min(1.0, more[place].item())),
            deviation=deviations[place].item(),
            p=p_values[place].item(),
            seen=seen[place].item() if kind == "class" else None,
            asked=wanted[place] if kind == "class" else None,
            found=found[place] if kind == "class" else None,
        )
        for place, (name, kind) in enumerate([*((name, "class") for name in names), *map(_trait, TRAITS)])
    ]


def agreement(reference: Reference, works: Looks, asked: Sequence[str | None]) -> float | None:
    """Of the works that were asked to be of a class that is told apart the fraction that is seen as it; None where none
    was. Where it is far below that of the collection's pictures, works are harder to tell than these, and shares that
    are corrected by these are off."""
    if reference.judges is None:
        return None
    labels = class_labels(asked, reference.classes)
    seen = reference.judges.seen_in_works(works.rows)
    known = labels >= 0
    return (labels == seen)[known].double().mean().item() if known.any() else None


@dataclass(frozen=True, eq=False)
class _Sides:
    """The collection and the works as they are drawn. real, made: of both sides the classes as they are seen, and then
    the traits; told: of the collection the known classes, and then each pair of a known class and a seen one."""

    real: Families
    made: Families
    told: Families
    classes: int

    @classmethod
    def of(cls, reference: Reference, works: Looks, judges: Judges | None) -> Self:
        families, number = reference.families, len(reference.classes) if judges else 0
        known = reference.labels >= 0
        told = torch.zeros(len(known), number * (number + 1), dtype=torch.float64)
        if judges is None:
            real, made = reference.looks.traits, works.traits
        else:
            seen, seen_in_works = (
                F.one_hot(labels, number).double() for labels in (reference.seen, judges.seen_in_works(works.rows))
            )
            real, made = torch.cat([seen, reference.looks.traits], 1), torch.cat([seen_in_works, works.traits], 1)
            true = F.one_hot(reference.labels[known], number).double()
            pairs = true[:, :, None] * seen[known][:, None]
            told[known] = torch.cat([true, pairs.flatten(1)], 1)
        return cls(Families.of(real, families), Families.of(made), Families.of(told, families), number)

    def found(self) -> tuple[Tensor, Tensor]:
        """The measures of the collection and of the works, [K] each."""
        once = (torch.ones(1, len(side), dtype=torch.float64) for side in (self.real, self.made))
        collection, means = self._estimates(*once)
        return collection[0], means[0]

    def drawn(self, generator: torch.Generator, draws: int) -> tuple[Tensor, Tensor]:
        """The same of families that are drawn again, [draws, K] each."""
        parts = []
        for begun in range(0, draws, _AT_A_TIME):
            few = min(_AT_A_TIME, draws - begun)
            parts.append(self._estimates(*(draws_of(len(side), generator, few) for side in (self.real, self.made))))
        collection, means = zip(*parts, strict=True)
        return torch.cat(collection), torch.cat(means)

    def _estimates(self, real_draws: Tensor, works_draws: Tensor) -> tuple[Tensor, Tensor]:
        """Of families as often as they are drawn, [B, F]: [B, K] each. Of the collection the classes are known, and how
        they are mistaken says how those of the works are to be corrected."""
        collection = real_draws @ self.real.sums / (real_draws @ self.real.sizes)[:, None]
        means = works_draws @ self.made.sums / works_draws.sum(1, keepdim=True)
        if self.classes:
            true, pairs = torch.split(real_draws @ self.told.sums, [self.classes, self.classes**2], 1)
            collection[:, : self.classes] = true / true.sum(1, keepdim=True)
            rates = _rates(pairs.reshape(-1, self.classes, self.classes))
            means[:, : self.classes] = mixture_shares(means[:, : self.classes], rates)
        return collection, means


def _within(low: Tensor, high: Tensor, name: str) -> tuple[float, float]:
    """The part of an interval where there are values at all."""
    return max(-1.0 if name == "symmetry" else 0.0, low.item()), min(1.0, high.item())


def _trait(name: str) -> tuple[str, Kind]:
    return name, "tone" if name in TONES else "colour" if name in COLOURS else "composition"


def _asked(asked: Sequence[str | None], names: Sequence[str]) -> list[float | None]:
    """Of each class the fraction of the works that were asked to be of it, of those of which that is known."""
    stated = [name for name in asked if name is not None]
    if not stated or not names:
        return [None] * len(names)
    labels = class_labels(stated, names)
    if OTHERS in names:
        labels[labels < 0] = names.index(OTHERS)
    return [(labels == place).double().mean().item() for place in range(len(names))]
