"""The figures of a collection: what is in it, what is not and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from sfumato.collection import unusable
from sfumato.collection.pictures import Picture, Rejected
from sfumato.text import natural_order


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a collection.

    `classes`, `licences` and `splits` map a name to a number of pictures, `left_out` a reason to a number of files
    (exact duplicates not among them). Pictures of no class count under '', those on no side of a split nowhere.
    `near_duplicates` counts the pictures beyond the first of each group. The sides are in pixels, of the shorter side.
    """

    pictures: int
    classes: dict[str, int]
    left_out: dict[str, int]
    exact_duplicates: int
    near_duplicates: int
    groups: int
    smallest_side: int
    median_side: int
    largest_side: int
    licences: dict[str, int]
    captions: int
    creators: int
    bytes: int
    splits: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def of(cls, pictures: list[Picture], rejected: Iterable[Rejected]) -> Summary:
        """Count. There is at least one picture."""
        reasons = Counter(entry.kind for entry in rejected)
        duplicates = reasons.pop(unusable.DUPLICATE, 0)
        groups = len({picture.group for picture in pictures})
        classes = Counter(picture.category for picture in pictures)
        sides = [min(picture.width, picture.height) for picture in pictures]
        return cls(
            pictures=len(pictures),
            classes={name: classes[name] for name in sorted(classes, key=natural_order)},
            left_out=dict(sorted(reasons.items())),
            exact_duplicates=duplicates,
            near_duplicates=len(pictures) - groups,
            groups=groups,
            smallest_side=min(sides),
            median_side=int(median(sides)),
            largest_side=max(sides),
            licences=dict(Counter(picture.licence for picture in pictures).most_common()),
            captions=sum(bool(picture.caption) for picture in pictures),
            creators=len({picture.creator for picture in pictures if picture.creator}),
            bytes=sum(picture.bytes for picture in pictures),
            splits=dict(sorted(Counter(picture.split for picture in pictures if picture.split).items())),
        )
