"""Who and what is in a collection, counted: creators, periods, classes, licences, shapes, duplicates, colours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final, Self

import numpy as np
import torch
from numpy.typing import NDArray

from sfumato.collection import Picture
from sfumato.collection.period import period_of
from sfumato.evaluation.concentration import Concentration
from sfumato.evaluation.palette import Swatch, palette
from sfumato.evaluation.traits import COLOURS, TONES, TraitName, tones_and_colours
from sfumato.images.tensors import to_float
from sfumato.random import spread
from sfumato.text import natural_order

MOST_NAMED: Final = 12  # creators, and groups of near duplicates, that are named
UNREAD_SHOWN: Final = 5
SQUARE: Final = 1.05  # the longer side over the shorter one, up to which a picture passes for a square
_AT_A_TIME, _MOST_PAINTED = 4096, 4096  # thumbnails as numbers: all at once, and of which the palette is made
_NOBODY: Final = re.compile(
    r"\W*(?:various|several|diverse?|verschiedene|anonym(?:ous|e)?|anon|unknown|unidentified|unbekannt|inconnue?|n/?a|none)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Creators:
    """concentration: of pictures among those who are named; largest: the first names and their pictures; collective:
    names that stand for nobody in particular ('various', 'anonymous'), and their pictures, which are not among those
    of the others; unknown: pictures of which nobody says who made them."""

    concentration: Concentration
    largest: Mapping[str, int]
    collective: Mapping[str, int]
    unknown: int

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """names: of each picture its creator, '' where none is stated."""
        counts = Counter(name.strip() for name in names)
        unknown = counts.pop("", 0)
        collective = {name: counts.pop(name) for name in sorted(counts) if _NOBODY.match(name)}
        ranked = sorted(counts, key=lambda name: (-counts[name], name))
        return cls(Concentration.of(counts), {name: counts[name] for name in ranked[:MOST_NAMED]}, collective, unknown)


@dataclass(frozen=True)
class Periods:
    """centuries: pictures of each, -5 the fifth before Christ, in their order; vague: of which more than a century is
    stated; unread: of which something is stated that is not read as years, and examples of it; undated: of which
    nothing is stated."""

    centuries: Mapping[int, int]
    vague: int
    unread: int
    unread_examples: Sequence[str]
    undated: int

    @classmethod
    def of(cls, stated: Iterable[str]) -> Self:
        """stated: of each picture its date in somebody's words, '' where none is stated."""
        centuries, unread, vague = Counter[int](), Counter[str](), 0
        undated = 0
        for text, pictures in Counter(text.strip() for text in stated).items():
            period = period_of(text)
            if not text:
                undated += pictures
            elif period is None:
                unread[text] += pictures
            elif (century := period.century) is None:
                vague += pictures
            else:
                centuries[century] += pictures
        examples = sorted(unread, key=lambda text: (-unread[text], text))[:UNREAD_SHOWN]
        return cls(dict(sorted(centuries.items())), vague, unread.total(), examples, undated)

    @property
    def dated(self) -> int:
        """Pictures of which the century is known."""
        return sum(self.centuries.values())


@dataclass(frozen=True)
class Shapes:
    """sides: the smallest, the lower quartile, the median, the upper quartile and the largest of the shorter sides, in
    pixels; upright, level, square: pictures, by which of their sides is longer."""

    sides: tuple[int, int, int, int, int]
    upright: int
    level: int
    square: int

    @classmethod
    def of(cls, sizes: Sequence[tuple[int, int]]) -> Self:
        """sizes: widths and heights; there is one or more."""
        shorter = sorted(min(size) for size in sizes)
        low, middle, high = quantiles(shorter, n=4, method="inclusive") if len(shorter) > 1 else 3 * [float(shorter[0])]
        square = sum(max(size) <= SQUARE * min(size) for size in sizes)
        upright = sum(height > SQUARE * width for width, height in sizes)
        sides = (shorter[0], int(low), int(middle), int(high), shorter[-1])
        return cls(sides, upright, len(sizes) - square - upright, square)


@dataclass(frozen=True)
class Duplicates:
    """pictures: beyond the first of each family of near duplicates; families: of two pictures and more; largest: the
    files of the largest ones; of_two_classes: how many families lie in more than one class."""

    pictures: int
    families: int
    largest: Sequence[Sequence[str]]
    of_two_classes: int

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> Self:
        members: dict[str, list[Picture]] = {}
        for number, picture in enumerate(pictures):
            members.setdefault(picture.group or f"\0{number}", []).append(picture)
        families = [family for family in members.values() if len(family) > 1]
        families.sort(key=lambda family: (-len(family), family[0].file))
        return cls(
            pictures=len(pictures) - len(members),
            families=len(families),
            largest=[[picture.file for picture in family] for family in families[:MOST_NAMED]],
            of_two_classes=sum(len({picture.category for picture in family}) > 1 for family in families),
        )


@dataclass(frozen=True)
class Representation:
    """A collection. missing: pictures that have no creator, year, title, source, licence or class; classes, licences:
    pictures of each; looks: the means of tones and colours, see `evaluation.traits`, over thumbnails of 16 x 16
    pixels."""

    pictures: int
    creators: Creators
    periods: Periods
    classes: Mapping[str, int]
    class_concentration: Concentration
    licences: Mapping[str, int]
    shapes: Shapes
    duplicates: Duplicates
    generated: int
    missing: Mapping[str, int]
    looks: Mapping[TraitName, float]
    palette: Sequence[Swatch]

    @classmethod
    def of(cls, pictures: Sequence[Picture], thumbnails: NDArray[np.uint8], seed: int = 0) -> Self:
        """thumbnails: [N, 16, 16, 3] of the N pictures, 1 or more."""
        classes = Counter(picture.category for picture in pictures)
        unclassed = classes.pop("", 0)
        pixels = torch.from_numpy(thumbnails)
        looks = torch.cat([tones_and_colours(to_float(part)) for part in torch.split(pixels, _AT_A_TIME)])
        some = to_float(pixels[spread(torch.arange(len(pixels)), min(len(pixels), _MOST_PAINTED))])
        creators = Creators.of(picture.creator for picture in pictures)
        periods = Periods.of(picture.year for picture in pictures)
        return cls(
            pictures=len(pictures),
            creators=creators,
            periods=periods,
            classes={name: classes[name] for name in sorted(classes, key=natural_order)},
            class_concentration=Concentration.of(classes),
            licences=dict(Counter(picture.licence for picture in pictures).most_common()),
            shapes=Shapes.of([(picture.width, picture.height) for picture in pictures]),
            duplicates=Duplicates.of(pictures),
            generated=sum(bool(picture.generated) for picture in pictures),
            missing={
                "creator": creators.unknown + sum(creators.collective.values()),
                "year": periods.undated + periods.unread + periods.vague,
                "title": sum(not picture.title for picture in pictures),
                "source": sum(not picture.source for picture in pictures),
                "licence": sum(picture.licence in ("", "unknown") for picture in pictures),
                "class": unclassed,
            },
            looks=dict(zip((*TONES, *COLOURS), looks.mean(0).tolist(), strict=True)),
            palette=palette(some, seed),
        )
