"""Which pictures that could be used are left out for what is said of them, and what is to be known of the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from sfumato.collection.decisions import Decisions, Edit
from sfumato.collection.facts import Facts, Ownership, resolved
from sfumato.collection.metadata import Metadata
from sfumato.collection.origin import Origin
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.collection.pictures import Picture, Rejected
from sfumato.images import unusable
from sfumato.provenance.licences import OWN, is_reference, licence_of, short_name
from sfumato.provenance.statements import CREATOR, FACTS, FAULT, LICENCE, Statement
from sfumato.text import counted

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person states of all pictures, which of them may be learned from, and what was decided of single ones.

    origin: the data set that they were fetched from.
    """

    origin: Origin | None = None
    ownership: Ownership | None = None
    policy: PicturePolicy = field(default_factory=PicturePolicy)
    decisions: Decisions = field(default_factory=Decisions)

    def owner_of(self, edit: Edit | None) -> Ownership | None:
        """What is stated of a picture as a part of the whole, or by an edit that says that it is one's own."""
        if edit is None or licence_of(edit.fields.get(LICENCE, "")) != OWN:
            return self.ownership
        creator = edit.fields.get(CREATOR) or (self.ownership.creator if self.ownership is not None else "")
        return Ownership(OWN, creator) if creator else self.ownership


@dataclass(frozen=True, slots=True)
class Admission:
    """The facts of every sound file by its name. What is said of one file is said of all with the same content."""

    facts: Mapping[str, Facts]
    choices: Choices

    @classmethod
    def of(cls, pictures: Mapping[str, Picture], metadata: Metadata, choices: Choices) -> Self:
        """pictures: by the names of their files, each with all that its file says of itself."""
        unsaid = resolved((), choices.ownership)
        said_of_others = _said_of_twins(pictures, metadata)
        facts: dict[str, Facts] = {}
        for file, picture in pictures.items():
            edit = choices.decisions.edit_of(picture.sha256)
            edited = edit.statements if edit is not None else ()
            beside = (*metadata.stated.get(file, ()), *said_of_others.get(file, ()))
            said = (*edited, *beside, *picture.said)
            facts[file] = resolved(said, choices.owner_of(edit)) if said else unsaid
        return cls(facts, choices)

    def refusal(self, picture: Picture) -> Rejected | None:
        """Why a picture is left out; None where it is not."""
        facts = self.facts[picture.file]
        if (removal := self.choices.decisions.removal_of(picture.sha256, facts)) is not None:
            by_name = f": all by {removal.creator}" if removal.creator else ""
            return _left_out(picture, unusable.REMOVED, f"taken out on request{by_name} ({removal.when})")
        if facts.refused:
            owner = self.choices.owner_of(self.choices.decisions.edit_of(picture.sha256))
            others = f"; it names somebody else than {owner.creator}" if owner is not None and owner.is_own else ""
            return _left_out(picture, unusable.OPTED_OUT, f"not to be learned from: {facts.refused}{others}")
        kind, reason = self.choices.policy.refusal(facts)
        return _left_out(picture, kind, reason) if kind else None


def _said_of_twins(pictures: Mapping[str, Picture], metadata: Metadata) -> dict[str, list[Statement]]:
    """What tables and texts say of other files with the same content, by the names of the files."""
    files_of: dict[str, list[str]] = defaultdict(list)
    for file, picture in pictures.items():
        files_of[picture.sha256].append(file)
    return {
        file: [each for other in files if other != file for each in metadata.stated.get(other, ())]
        for files in files_of.values()
        if len(files) > 1
        for file in files
    }


def nearly_left_out(picture: Picture, like: Rejected) -> Rejected:
    """The entry of a picture that is nearly the same as one that is left out for what its maker wants."""
    return _left_out(picture, like.kind, f"nearly the same picture as {like.file}, which is {like.reason}")


def left_out_for(picture: Picture, kept: Picture) -> Rejected:
    """The entry of a picture in whose place a person keeps one that is nearly the same."""
    return _left_out(picture, unusable.NEAR_DUPLICATE, f"nearly the same picture as {kept.file}, which is kept instead")


def _left_out(picture: Picture, kind: str, reason: str) -> Rejected:
    return Rejected(picture.file, kind, reason, picture.bytes, picture.stamp, picture.sha256)


def notes_on(pictures: Iterable[Picture], choices: Choices) -> list[str]:
    """What a person should know of the pictures that are kept: each thing in a sentence, with the first of them."""
    pictures = list(pictures)
    return [
        *_conflicts(pictures),
        *_faults(pictures),
        *_words(pictures),
        *_edits_without_pictures(pictures, choices.decisions),
        *_one(
            pictures,
            lambda picture: picture.lifted,
            f"marked as not to be learned from, and kept as {_owners(pictures, choices)} own",
        ),
        *_one(pictures, lambda picture: picture.generated, "made by a model (--no-generated leaves such out)"),
    ]


def _owners(pictures: Iterable[Picture], choices: Choices) -> str:
    """'the pictures are Ana's'."""
    owned = (choices.owner_of(choices.decisions.edit_of(picture.sha256)) for picture in pictures if picture.lifted)
    return f"the pictures are {' and '.join(dict.fromkeys(owner.creator for owner in owned if owner is not None))}'s"


def _edits_without_pictures(pictures: Iterable[Picture], decisions: Decisions) -> Iterator[str]:
    """Edits of files that have another content now: they are of the picture that was seen then."""
    there = {picture.file: picture.sha256 for picture in pictures} if decisions.edits else {}
    contents = set(there.values())
    changed = [each.file for each in decisions.edits if each.file in there and each.sha256 not in contents]
    if changed:
        named = ", ".join(changed[:_MOST_NAMED])
        more = f" and {len(changed) - _MOST_NAMED:,} more" if len(changed) > _MOST_NAMED else ""
        yield f"changed since they were edited, so that the edits do not count for them: {named}{more}"


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
