"""Pictures of a collection that are the same, or nearly, two by two, and which of the two is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sfumato.collection.decisions import Keep
from sfumato.collection.pictures import Picture, Rejected
from sfumato.collection.storing import Collection
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.text import printable, readable, shortened


@dataclass(frozen=True, slots=True)
class Pair:
    """kept: a picture that is in the collection; other: one of the same content under another name (kind 'same'), or
    nearly the same picture ('near'); is_other_kept: that one is in the collection too; is_decided: by a person."""

    kept: Picture
    other: Picture
    kind: Literal["same", "near"]
    is_other_kept: bool = False
    is_decided: bool = False

    @property
    def files(self) -> tuple[str, str]:
        """The names of both files, in an order that stays when the other one is kept."""
        first, second = sorted((self.kept.file, self.other.file))
        return first, second


def pairs_of(collection: Collection) -> list[Pair]:
    """All pairs, in the order of their files' names. Of several near duplicates each is set against the first."""
    return sorted((*_same(collection), *_near(collection), *_left_out(collection)), key=lambda pair: pair.files)


def keeps_for(collection: Collection, file: str, over: str = "", *, both: bool = False) -> list[Keep]:
    """The decisions by which a file is kept: over another one, or over all that are the same or nearly; with `both`
    these are kept too. Raises SfumatoError for a name that is none of the collection's, or a file that is like no
    other."""
    name = readable(file)
    near = [(picture, other) for group in _families(collection) for picture in group for other in group]
    same = [(pair.other, pair.kept) for pair in _same(collection)]
    same += [(kept, other) for other, kept in same]
    meant = [
        (picture, other)
        for picture, other in (*same, *near)
        if readable(picture.file) == name and other.file != picture.file and over in ("", readable(other.file))
    ]
    if both:
        meant = [(picture, other) for picture, other in meant if picture.sha256 != other.sha256]
    if not meant:
        beside = f" and {printable(shortened(over))}" if over else ""
        verb = "are no pair" if over else "is like no other picture"
        raise SfumatoError(
            f"{collection.path}: {printable(shortened(file))}{beside} {verb} that both could be in it; "
            "'sfumato collection show --duplicates' lists them"
        )
    return [Keep(mine.sha256, other.sha256, mine.file, other.file, both) for mine, other in meant]


def _same(collection: Collection) -> Iterator[Pair]:
    """Files of one content: the collection has one of them."""
    by_content = {picture.sha256: picture for picture in (*collection.pictures, *collection.excluded)}
    names = collection.decisions.names
    for rejected in collection.left_out:
        if rejected.kind == unusable.DUPLICATE and (kept := by_content.get(rejected.sha256)) is not None:
            is_decided = names.get(kept.sha256) == readable(kept.file)
            yield Pair(kept, _renamed(kept, rejected), "same", is_decided=is_decided)


def _renamed(picture: Picture, rejected: Rejected) -> Picture:
    return replace(picture, file=rejected.file, bytes=rejected.bytes, stamp=rejected.stamp)


def _near(collection: Collection) -> Iterator[Pair]:
    """Near duplicates that are all in the collection."""
    decided = {keep.pair for keep in collection.decisions.keeps if keep.both}
    groups: dict[str, list[Picture]] = defaultdict(list)
    for picture in collection.pictures:
        groups[picture.group].append(picture)
    for first, *others in groups.values():
        for other in others:
            pair = frozenset((first.sha256, other.sha256))
            yield Pair(first, other, "near", is_other_kept=True, is_decided=pair in decided)


def _left_out(collection: Collection) -> Iterator[Pair]:
    """Pictures that are left out for one that is nearly the same."""
    kept = {picture.sha256: picture for picture in collection.pictures}
    files = {rejected.file for rejected in collection.left_out if rejected.kind == unusable.NEAR_DUPLICATE}
    for other in collection.excluded:
        instead = collection.decisions.kept_instead(other.sha256, kept) if other.file in files else ""
        if instead:
            yield Pair(kept[instead], other, "near", is_decided=True)


def _families(collection: Collection) -> Iterable[list[Picture]]:
    """Pictures that are nearly the same, those among them that are left out for another."""
    families: dict[str, list[Picture]] = defaultdict(list)
    for picture in collection.pictures:
        families[picture.group].append(picture)
    for pair in _left_out(collection):
        families[pair.kept.group].append(pair.other)
    return families.values()
