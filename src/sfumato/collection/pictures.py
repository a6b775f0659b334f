"""The pictures of a collection, the files that were left out, and how many there are of each kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from sfumato.images import unusable
from sfumato.provenance.licences import UNKNOWN as UNKNOWN
from sfumato.provenance.statements import Statement, statement_from
from sfumato.text import natural_order

_OFTEN_EMPTY = (
    "credit",
    "found",
    "conflicts",
    "generated",
    "lifted",
    "said",
)  # so that most lines stay as short as they are


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is kept, and all that is known of it.

    `file` is relative to the source, with forward slashes. `stamp` tells a changed file from an unchanged one: the
    modification time in ns, or the CRC-32 of a member of a zip. `width` and `height` are in pixels, after orientation.
    `transparent` says that the background shows through. `hash` is a 64-bit perceptual hash; near duplicates have the
    same `group`. `split` is the side that others put it on ('train', 'validation', 'test'); what sfumato trains on does
    not depend on it. `credit` is the line by which its owner wants to be named. What nobody stated is '', but the
    licence, which is then 'unknown', and has its one name otherwise (`provenance.licences`). `found` says where each of
    creator, title, year, source, licence and caption was found, and that the category was edited, where it was;
    `conflicts` what others say of them; `generated` how a model made the picture, '' where nothing says so; `lifted`
    which mark against learning from it does not count, as it is its creator's own who collects. `said` is all that the
    picture's own file says, as it was read.
    """

    file: str
    sha256: str
    bytes: int
    stamp: int
    width: int
    height: int
    transparent: bool
    hash: int
    group: str = ""
    category: str = ""
    caption: str = ""
    creator: str = ""
    title: str = ""
    year: str = ""
    source: str = ""
    licence: str = UNKNOWN
    split: str = ""
    credit: str = ""
    found: Mapping[str, str] = field(default_factory=dict, hash=False)
    conflicts: tuple[Statement, ...] = ()
    generated: str = ""
    lifted: str = ""
    said: tuple[Statement, ...] = ()

    def to_json(self) -> str:
        """One line; file names that are not valid Unicode survive as escaped surrogates."""
        # All fields are plain values: `asdict` would copy each of them deeply, which takes longer than all else here.
        plain: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        plain["hash"] = f"{self.hash:016x}"
        for name in _OFTEN_EMPTY:
            if not plain[name]:
                del plain[name]
        return json.dumps(plain)

    @classmethod
    def from_json(cls, line: str) -> Picture:
        """The inverse of `to_json`. Raises ValueError, TypeError or KeyError for a line that is not such a one."""
        fields = json.loads(line)
        fields["hash"] = int(fields["hash"], 16)
        for name in ("conflicts", "said"):
            if name in fields:
                fields[name] = tuple(map(statement_from, fields[name]))
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that is left out. `kind` is one of a few words to count by, `reason` the sentence for people; `same_as`
    names the kept file with the same content, if that is the reason."""

    file: str
    kind: str
    reason: str
    bytes: int = 0
    stamp: int = 0
    sha256: str = ""
    same_as: str = ""

    def to_json(self) -> str:
        """One line, without the fields that say nothing: all others are the keywords of an equal one."""
        return json.dumps({name: value for name in self.__slots__ if (value := getattr(self, name))})


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a collection.

    `classes`, `licences` and `splits` map a name to a number of pictures, `left_out` a reason to a number of files
    (exact duplicates not among them). Pictures of no class count under '', those on no side of a split nowhere.
    `near_duplicates` counts the pictures beyond the first of each group, `generated` those that a model made,
    `conflicts` those of which sources disagree, and `lifted` those whose mark against learning from them does not
    count. The sides are in pixels, of the shorter side.
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
    generated: int = 0
    conflicts: int = 0
    lifted: int = 0

    @classmethod
    def of(cls, pictures: list[Picture], rejected: Iterable[Rejected]) -> Summary:
        """Count them; there is at least one picture."""
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
            generated=sum(bool(picture.generated) for picture in pictures),
            conflicts=sum(bool(picture.conflicts) for picture in pictures),
            lifted=sum(bool(picture.lifted) for picture in pictures),
        )
