"""Which pictures that could be used are left out for what is said of them, and what is to be known of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from sfumato.collection.facts import Facts, Ownership, resolved
from sfumato.collection.metadata import Metadata
from sfumato.collection.origin import Origin
from sfumato.collection.pictures import Picture, Rejected
from sfumato.images import unusable
from sfumato.provenance.licences import is_reference, short_name
from sfumato.provenance.statements import FACTS, FAULT, LICENCE
from sfumato.text import counted

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person states of all pictures, and which they do not want.

    origin: the data set that they were fetched from; no_generated: pictures that a model made are left out.
    """

    origin: Origin | None = None
    ownership: Ownership | None = None
    no_generated: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """The facts of every sound file by its name, and what keeps one out: the marks on any file of the same content, by
    its digest. owner: who says that the pictures are their own; '' for nobody."""

    facts: Mapping[str, Facts]
    refused: Mapping[str, str]
    no_generated: bool
    owner: str = ""

    @classmethod
    def of(cls, pictures: Mapping[str, Picture], metadata: Metadata, choices: Choices) -> Self:
        """pictures: by the names of their files, each with all that its file says of itself."""
        unsaid = resolved((), choices.ownership)
        facts: dict[str, Facts] = {}
        refused: dict[str, str] = {}
        for file, picture in pictures.items():
            said = (*metadata.stated.get(file, ()), *picture.said)
            facts[file] = resolved(said, choices.ownership) if said else unsaid
            if facts[file].refused:
                refused.setdefault(picture.sha256, facts[file].refused)
        stated = choices.ownership
        owner = stated.creator if stated is not None and stated.is_own else ""
        return cls(facts, refused, choices.no_generated, owner)

    def refusal(self, picture: Picture) -> Rejected | None:
        """Why a picture is left out; None where it is not."""
        kind, reason = "", ""
        if mark := self.refused.get(picture.sha256, ""):
            others = f"; it names somebody else than {self.owner}" if self.owner else ""
            kind, reason = unusable.OPTED_OUT, f"not to be learned from: {mark}{others}"
        elif self.no_generated and (how := self.facts[picture.file].generated):
            kind, reason = unusable.GENERATED, f"made by a model: {how}"
        if not kind:
            return None
        return Rejected(picture.file, kind, reason, picture.bytes, picture.stamp, picture.sha256)


def notes_on(pictures: Iterable[Picture], choices: Choices) -> list[str]:
    """What a person should know of the pictures that are kept: each thing in a sentence, with the first of them."""
    pictures = list(pictures)
    return [
        *_conflicts(pictures),
        *_faults(pictures),
        *_words(pictures),
        *_one(
            pictures,
            lambda picture: picture.lifted,
            "marked as not to be learned from, and kept as the pictures are "
            f"{choices.ownership.creator if choices.ownership else ''}'s own",
        ),
        *_one(pictures, lambda picture: picture.generated, "made by a model (--no-generated leaves such out)"),
    ]


def _one(pictures: Iterable[Picture], what: Callable[[Picture], str], said: str) -> Iterator[str]:
    found = [(picture.file, text) for picture in pictures if (text := what(picture))]
    if found:
        named = "; ".join(f"{file}: {text}" for file, text in found[:_MOST_NAMED])
        more = f"; and {len(found) - _MOST_NAMED:,} more" if len(found) > _MOST_NAMED else ""
        yield f"{counted(len(found), 'picture')} {said}: {named}{more}"


def _conflicts(pictures: Iterable[Picture]) -> Iterator[str]:
    """Where sources disagree, of each fact."""
    for about in FACTS:
        found = [(each, other) for each in pictures for other in each.conflicts if other.about == about]
        if not found:
            continue
        picture, other = found[0]
        value = getattr(picture, about)
        shown = short_name(value) if about == LICENCE else value
        files = len({each.file for each, _ in found})
        yield (
            f"sources disagree on the {about} of {counted(files, 'picture')}: of {picture.file}, "
            f"{picture.found[about]} says '{shown}', which counts, and {other.where} says '{other.text}'"
        )


def _faults(pictures: Iterable[Picture]) -> Iterator[str]:
    """What in files could not be read, or is not believed."""
    first: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for picture in pictures:
        for each in picture.said:
            if each.about == FAULT:
                first.setdefault(each.text, picture.file)
                counts[each.text] += 1
    for text, count in counts.items():
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        yield f"{first[text]}: {text}{more}"


def _words(pictures: Iterable[Picture]) -> Iterator[str]:
    """Licences in words that no list has."""
    counts = Counter(picture.licence for picture in pictures if is_reference(picture.licence))
    if counts:
        named = ", ".join(f"{licence} ({count:,})" for licence, count in counts.most_common(_MOST_NAMED))
        more = f" and {len(counts) - _MOST_NAMED:,} more" if len(counts) > _MOST_NAMED else ""
        yield f"licences that no list has, or without their version, kept in their own words: {named}{more}"
