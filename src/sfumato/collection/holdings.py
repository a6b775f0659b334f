"""What a collection holds, counted: the record that cards are made from, and that a model keeps of what it saw.

It names creators, public sources and licences, and no file and no place on anybody's disk.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sfumato.collection.origin import Origin, Reference
from sfumato.collection.period import period_of
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.collection.pictures import Picture
from sfumato.collection.storing import Collection
from sfumato.errors import SfumatoError, faults_of
from sfumato.images import unusable
from sfumato.provenance.licences import UNKNOWN
from sfumato.provenance.sources import Count, LearnedFrom, Licence, Sha256
from sfumato.provenance.terms import Terms, terms_of
from sfumato.text import readable, shortened

MOST_NAMES: Final = 100_000
MOST_CREDITS: Final = 10_000
MOST_TITLES: Final = 10  # and sources, of one credit
_MOST_LETTERS: Final = 300

Bytes = bytes  # whose name a field has
Name = Annotated[str, Field(max_length=2 * _MOST_LETTERS)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tally(_Record):
    """How many pictures have which name, the commonest first; those that have none count under ''.

    beyond: how many names there are that are not listed, and beyond_pictures how many pictures have one of them.
    """

    counts: Annotated[dict[Name, Count], Field(max_length=MOST_NAMES + 1)] = {}
    beyond: Count = 0
    beyond_pictures: Count = 0

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        found = Counter(shortened(readable(name), _MOST_LETTERS) for name in names)
        unnamed = found.pop("", 0)
        ranked = sorted(found.items(), key=lambda each: (-each[1], each[0]))
        rest = ranked[MOST_NAMES:]
        counts = dict(ranked[:MOST_NAMES]) | ({"": unnamed} if unnamed else {})
        return cls(counts=counts, beyond=len(rest), beyond_pictures=sum(count for _, count in rest))

    @property
    def named(self) -> dict[str, int]:
        """Without the pictures that have no name."""
        return {name: count for name, count in self.counts.items() if name}

    @property
    def names(self) -> int:
        """How many names there are, listed or not."""
        return len(self.counts) - ("" in self.counts) + self.beyond

    @property
    def unknown(self) -> int:
        """How many pictures have no name."""
        return self.counts.get("", 0)

    @property
    def pictures(self) -> int:
        return sum(self.counts.values()) + self.beyond_pictures


class Years(_Record):
    """When the pictures of which a year is stated were made; years before Christ are negative."""

    earliest: int = Field(ge=-100_000, le=9999)
    latest: int = Field(ge=-100_000, le=9999)
    known: Count


class Credit(_Record):
    """The pictures of one creator under one licence that asks for attribution. creator: '' where nobody is named;
    titles, sources: the first of them."""

    creator: Name
    licence: Licence
    pictures: Count
    titles: Annotated[tuple[Name, ...], Field(max_length=MOST_TITLES)] = ()
    sources: Annotated[tuple[Name, ...], Field(max_length=MOST_TITLES)] = ()


class DataSet(_Record):
    """The data set that the pictures were fetched from: see `sfumato.collection.Origin`."""

    reference: Name
    version: Name = ""
    licence: Name | None = None

    def name_on(self, host: str) -> str:
        """Its 'owner/name' on a host, which is 'hf' or 'kaggle'; '' where it is on another."""
        try:
            found = Reference.parse(self.reference)
        except SfumatoError:
            return ""
        return found.name if found.host == host else ""

    @property
    def is_of_museum(self) -> bool:
        """Whether it is what a museum gave, work by work, and not a data set."""
        return Origin(self.reference).is_of_museum


class Holdings(_Record):
    """All in pictures, but `bytes`. collection: its digest; hosts: the hosts of the addresses that the pictures are
    stated to come from, and other sources in their own words; sides: the smallest, the median and the largest shorter
    side in pixels; left_out: files by the kind of reason why they are not in it (`sfumato.images.unusable`); lifted:
    of which a mark against learning does not count, as they are their collector's own; owner: who says so, '' for
    nobody; policy: which pictures were allowed to be learned from; owners: the lines by which owners of pictures want
    to be named, of those that have one."""

    format: Literal["sfumato-holdings-1"] = "sfumato-holdings-1"
    collection: Sha256
    pictures: Count
    bytes: Count
    sides: tuple[Count, Count, Count]
    classes: Tally
    creators: Tally
    hosts: Tally
    licences: dict[Licence, Count]
    years: Years | None = None
    origin: DataSet | None = None
    owner: Name = ""
    captions: Count = 0
    near_duplicates: Count = 0
    generated: Count = 0
    conflicts: Count = 0
    lifted: Count = 0
    left_out: dict[Name, Count] = {}
    policy: PicturePolicy = PicturePolicy()
    credits: Annotated[tuple[Credit, ...], Field(max_length=MOST_CREDITS)] = ()
    owners: Tally = Tally()
    credits_beyond: Count = Field(0, description="pictures that ask for attribution, beyond those of the credits")

    @model_validator(mode="after")
    def _every_picture_is_counted_once(self) -> Self:
        counted = {each.pictures for each in (self.classes, self.creators, self.hosts)}
        if counted | {sum(self.licences.values())} != {self.pictures}:
            raise ValueError("the counts are not those of as many pictures as there are")
        if self.owners.pictures > self.pictures:
            raise ValueError("the owners are those of more pictures than there are")
        asking = sum(self.terms.asking("attribution").values())
        if sum(each.pictures for each in self.credits) + self.credits_beyond != asking:
            raise ValueError("the credits are not those of as many pictures as ask for attribution")
        return self

    @classmethod
    def of(cls, collection: Collection) -> Self:
        """Count what a collection holds, and what was left out of it."""
        pictures, summary, origin = collection.pictures, collection.summary, collection.origin
        credits, beyond = _credits(pictures)
        licences = LearnedFrom.of(None, Counter(picture.licence or UNKNOWN for picture in pictures)).licences or {}
        owner = collection.ownership.creator if collection.ownership and collection.ownership.is_own else ""
        return cls(
            collection=collection.digest,
            pictures=len(pictures),
            bytes=summary.bytes,
            sides=(summary.smallest_side, summary.median_side, summary.largest_side),
            classes=Tally.of(picture.category for picture in pictures),
            creators=Tally.of(picture.creator for picture in pictures),
            hosts=Tally.of(host_of(picture.source) for picture in pictures),
            licences=dict(Terms.of(licences).licences),
            years=_years(pictures),
            origin=None
            if origin is None
            else DataSet(reference=origin.reference, version=origin.version, licence=origin.licence),
            owner=shortened(owner, _MOST_LETTERS),
            captions=summary.captions,
            near_duplicates=summary.near_duplicates,
            generated=summary.generated,
            conflicts=summary.conflicts,
            lifted=summary.lifted,
            left_out=dict(sorted(Counter(rejected.kind for rejected in collection.left_out).items())),
            policy=collection.policy,
            credits=credits,
            owners=Tally.of(picture.credit for picture in pictures if picture.credit),
            credits_beyond=beyond,
        )

    def to_json(self) -> str:
        """All of it, as one line of JSON."""
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str | Bytes) -> Self:
        """The inverse of `to_json`. Raises ValueError for text that is not such a one."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            fault = faults_of(error)[0]
            raise ValueError(f"{fault.name}: {fault.said}" if fault.name else fault.said) from error

    @property
    def terms(self) -> Terms:
        """What follows from the licences."""
        return Terms.of(self.licences)

    @property
    def excluded(self) -> dict[str, int]:
        """How many pictures could be used and are left out for what is said of them, by the kind of reason."""
        return {kind: count for kind, count in self.left_out.items() if kind in unusable.EXCLUDED}

    @property
    def opted_out(self) -> int:
        """How many pictures are left out as they are marked as not to be learned from."""
        return self.left_out.get(unusable.OPTED_OUT, 0)


def _credits(pictures: Iterable[Picture]) -> tuple[tuple[Credit, ...], int]:
    """The credits that licences ask for, the largest first, and how many pictures are beyond the last that is kept."""
    groups: dict[tuple[str, str], list[Picture]] = {}
    for picture in pictures:
        if "attribution" in terms_of(picture.licence).conditions:
            groups.setdefault((picture.creator, picture.licence), []).append(picture)
    ranked = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    credits = (
        Credit(
            creator=_text(creator),
            licence=licence,
            pictures=len(members),
            titles=_first(picture.title for picture in members),
            sources=_first(address for picture in members if (address := public_source(picture.source))),
        )
        for (creator, licence), members in ranked[:MOST_CREDITS]
    )
    return tuple(credits), sum(len(members) for _, members in ranked[MOST_CREDITS:])


def _first(texts: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        if text:
            found.setdefault(_text(text))
            if len(found) == MOST_TITLES:
                break
    return tuple(found)


def _text(text: str) -> str:
    return shortened(readable(text), _MOST_LETTERS)


_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?://)(?:[^/?#\s]*@)?(?P<host>\[[0-9a-f:.]+\]|[^/?#@:\[\]\s]+)(?P<rest>(?::\d+)?(?:[/?#]\S*)?)",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(r"(?i:file|https?):|[/~.]|[A-Za-z]:[\\/]|.*\\", re.DOTALL)


def public_source(source: str) -> str:
    """A stated source that others can use: an address without a name and a password in it, or words; '' for a place on
    somebody's disk, and for an address that is none."""
    source = source.strip()
    if (match := _ADDRESS.fullmatch(source)) is not None:
        return f"{match['scheme']}{match['host']}{match['rest']}"
    return "" if _PLACE.match(source) else " ".join(source.split())


def host_of(source: str) -> str:
    """The host of the address that a picture is stated to come from, or the source in its words; '' for none."""
    match = _ADDRESS.fullmatch(source.strip())
    return public_source(source) if match is None else match["host"].lower().removeprefix("www.")


def _years(pictures: Iterable[Picture]) -> Years | None:
    found = [period for picture in pictures if picture.year and (period := period_of(picture.year)) is not None]
    if not found:
        return None
    return Years(earliest=min(each.first for each in found), latest=max(each.last for each in found), known=len(found))
