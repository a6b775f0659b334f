"""The facts about each file, found now or in an earlier run, become the parts of a collection."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from sfumato.collection.admission import Admission, Choices, left_out_for, nearly_left_out, notes_on
from sfumato.collection.duplicates import THUMBNAIL_SIDE, near_duplicates
from sfumato.collection.entries import Entry
from sfumato.collection.facts import Ownership
from sfumato.collection.listing import Listing
from sfumato.collection.metadata import Metadata, fields_of, folder_classes, with_metadata
from sfumato.collection.origin import Origin
from sfumato.collection.own_products import nothing_but_own
from sfumato.collection.picture_policy import PicturePolicy
from sfumato.collection.pictures import Picture, Rejected, Summary
from sfumato.collection.storing import Stored, is_collection, read_stored
from sfumato.collection.workers import Answer
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.colour import Colour
from sfumato.provenance.statements import statement_from
from sfumato.text import counted, readable


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that can be used, with the facts of its file alone, and its [16, 16, 3] thumbnail."""

    picture: Picture
    thumbnail: NDArray[np.uint8]

    @classmethod
    def from_answer(cls, entry: Entry, answer: Answer) -> Kept | Rejected:
        """What a worker found out about a file."""
        if answer.left_out is not None:
            return entry.left_out(*answer.left_out)
        # The directory's size, not the one that was read: a file that grew meanwhile is then seen as changed next time.
        said = tuple(map(statement_from, answer.facts.get("said", ())))
        facts = answer.facts | {"said": said}
        picture = Picture(file=entry.file, stamp=entry.stamp, bytes=entry.bytes, **facts)
        shape = (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
        return cls(picture, np.frombuffer(answer.attached, dtype=np.uint8).reshape(shape))


Seen = Kept | Rejected

_READING: Final = 6  # of this room's rules for classes and texts; other rules make another collection of the same files


@dataclass(slots=True)
class Earlier:
    """What an earlier run over the same source found, by file; empty where there was no usable one."""

    stored: Stored | None = None
    found: dict[str, Seen] = field(default_factory=dict)

    @classmethod
    def read(cls, source: Path, destination: Path, background: Colour, *, include_works: bool = False) -> Self:
        """Read the collection in `destination`, if it is one of this source."""
        if not is_collection(destination):
            return cls()
        try:
            stored = read_stored(destination)
        except SfumatoError:
            return cls()  # another version's, or not whole: everything is read again
        if stored.description.get("source") != str(source):
            return cls()
        # Where works were art, or nobody asked, pictures that were kept may be works.
        kept_serve = include_works or stored.description.get("include_works") is False
        same_ground = stored.description.get("background") == list(background)
        earlier = cls(stored)
        by_content: dict[str, Kept] = {}
        for picture, thumbnail in zip([*stored.pictures, *stored.excluded], stored.thumbnails, strict=True):
            # Another background changes how transparent pictures look, and no others.
            if kept_serve and (same_ground or not picture.transparent):
                earlier.found[picture.file] = by_content[picture.sha256] = Kept(picture, thumbnail)
        for rejected in stored.rejected:
            if rejected.kind == unusable.DUPLICATE:
                twin = by_content.get(rejected.sha256)
                if twin is not None:
                    own = replace(twin.picture, file=rejected.file, bytes=rejected.bytes, stamp=rejected.stamp)
                    earlier.found[rejected.file] = Kept(own, twin.thumbnail)
            elif rejected.kind in unusable.PASSING | unusable.EXCLUDED | {unusable.REPLACED}:
                continue  # it is tried again, was found above, or is of a name that a sound member bears too
            elif not (include_works and rejected.kind == unusable.OWN):
                earlier.found[rejected.file] = rejected
        return earlier

    def seen(self, entry: Entry) -> Seen | None:
        """What is known of a file that has not changed since; None where it must be read again."""
        seen = self.found.get(entry.file)
        facts = seen.picture if isinstance(seen, Kept) else seen
        if facts is None or (facts.bytes, facts.stamp) != (entry.bytes, entry.stamp):
            return None
        return seen

    def origin_with(self, origin: Origin | None) -> Origin | None:
        """The origin stated now, or else the one stated in the earlier run."""
        before = self.stored.origin if self.stored is not None else None
        if before is None or origin in (None, replace(before, licence=None)):
            return before or origin
        return origin

    def ownership_with(self, ownership: Ownership | None) -> Ownership | None:
        """What is stated of the whole folder now, or else what was in the earlier run."""
        before = self.stored.ownership if self.stored is not None else None
        return before if ownership is None else ownership

    def policy_with(self, policy: PicturePolicy | None) -> PicturePolicy:
        """The policy stated now, or else that of the earlier run."""
        if policy is not None:
            return policy
        return self.stored.policy if self.stored is not None else PicturePolicy()

    @property
    def has_decided(self) -> bool:
        """Whether pictures were edited or taken out."""
        return self.stored is not None and bool(self.stored.description.get("decisions"))

    def is_of(self, origin: Origin | None, stated: dict[str, Any]) -> bool:
        """Whether the stored collection is of this origin, and its description states all this."""
        stored = self.stored
        return stored is not None and stored.origin == origin and stated.items() <= stored.description.items()


def listing_digest(listing: Listing) -> str:
    """SHA-256 over all that the source's directories say."""
    digest = hashlib.sha256(f"{_READING}\n".encode())
    for part in listing.parts:
        for entry in part:
            digest.update(json.dumps([entry.file, entry.bytes, entry.stamp]).encode())
        digest.update(b"\n")
    for rejected in listing.rejected:
        digest.update(rejected.to_json().encode())
    return digest.hexdigest()


def assemble(
    source: Path,
    background: Colour,
    listing: Listing,
    known: dict[str, Seen],
    metadata: Metadata,
    choices: Choices,
) -> Stored:
    """All parts of a collection from what is known of each file. Raises SfumatoError where no picture is left."""
    rejected = [*listing.rejected, *(seen for seen in known.values() if isinstance(seen, Rejected))]
    sound = {file: seen for file, seen in known.items() if isinstance(seen, Kept)}
    around = source.name if source.is_dir() else source.stem
    admission = Admission.of({file: seen.picture for file, seen in sound.items()}, metadata, choices)
    once, twins = _each_once(sound, metadata, around, choices.decisions.names)
    group_of = _groups(once)
    kept, excluded, left_out = _admitted(once, admission, group_of)
    rejected += [*twins, *left_out]
    if not kept:
        raise SfumatoError(_nothing_left(source, rejected))
    rejected.sort(key=lambda entry: entry.file)

    classes = choices.decisions.classes
    pictures = with_metadata([seen.picture for seen in kept], metadata, admission.facts, around, classes)
    thumbnails = np.stack([seen.thumbnail for seen in (*kept, *excluded)])
    # A group is named after its first member's content, so that it keeps its name when other pictures come and go.
    name_of: dict[int, str] = {}
    for picture in pictures:
        name_of.setdefault(group_of[picture.file], picture.sha256[:16])
    pictures = [replace(picture, group=name_of[group_of[picture.file]]) for picture in pictures]
    description = {
        "source": str(source),
        "origin": asdict(choices.origin) if choices.origin is not None else None,
        "background": list(background),
        "notes": [*metadata.notes, *notes_on(pictures, choices)],
        "summary": asdict(Summary.of(pictures, rejected)),
    }
    return Stored(description, pictures, rejected, thumbnails, [seen.picture for seen in excluded])


def _admitted(
    once: list[Kept], admission: Admission, group_of: Mapping[str, int]
) -> tuple[list[Kept], list[Kept], list[Rejected]]:
    """The pictures that may be learned from; those that may not, and for each of these the reason.

    What is nearly the same picture as one whose maker does not want it learned from is left out with it.
    """
    refusals = {seen.picture.file: refusal for seen in once if (refusal := admission.refusal(seen.picture)) is not None}
    unwanted = {
        group_of[file]: refusal for file, refusal in reversed(refusals.items()) if refusal.kind in unusable.UNWANTED
    }
    for seen in once if unwanted else ():
        file, like = seen.picture.file, unwanted.get(group_of[seen.picture.file])
        if like is not None and file not in refusals and not admission.facts[file].is_own:
            refusals[file] = nearly_left_out(seen.picture, like)
    there = {seen.picture.sha256: seen.picture for seen in once if seen.picture.file not in refusals}
    for content, picture in there.items():
        if instead := admission.choices.decisions.kept_instead(content, there):
            refusals[picture.file] = left_out_for(picture, there[instead])
    kept = [seen for seen in once if seen.picture.file not in refusals]
    excluded = [
        Kept(replace(seen.picture, **fields_of(admission.facts[seen.picture.file])), seen.thumbnail)
        for seen in once
        if seen.picture.file in refusals
    ]
    return kept, excluded, list(refusals.values())


def _groups(once: list[Kept]) -> dict[str, int]:
    """For each picture, those that are left out too, the number of its group of near duplicates."""
    if not once:
        return {}
    hashes = np.array([seen.picture.hash for seen in once], dtype=np.uint64)
    numbers = near_duplicates(hashes, np.stack([seen.thumbnail for seen in once])).tolist()
    return dict(zip((seen.picture.file for seen in once), numbers, strict=True))


def _each_once(
    sound: dict[str, Kept], metadata: Metadata, around: str, chosen: Mapping[str, str]
) -> tuple[list[Kept], list[Rejected]]:
    """Of files with one content the one that was chosen, or else the one of which most is known: what tables say, and
    then a class; and the others. chosen: readable names of files by the digests of their contents."""
    contents = {seen.picture.sha256 for seen in sound.values()}
    classes = folder_classes(sound, around) if len(contents) < len(sound) else {}
    kept: dict[str, Kept] = {}
    twins = []

    def rank(file: str) -> tuple[bool, int, bool, str]:
        is_chosen = chosen.get(sound[file].picture.sha256) == readable(file)
        return not is_chosen, -len(metadata.of.get(file, {})), not classes.get(file), file

    for file in sorted(sound, key=rank):
        seen = sound[file]
        twin = kept.setdefault(seen.picture.sha256, seen)
        if twin is not seen:
            own, same = seen.picture, twin.picture.file
            reason = f"the same file as {same}"
            twins.append(Rejected(file, unusable.DUPLICATE, reason, own.bytes, own.stamp, own.sha256, same_as=same))
    return sorted(kept.values(), key=lambda seen: seen.picture.file), twins


def _nothing_left(source: Path, rejected: list[Rejected]) -> str:
    if not rejected:
        return f"{source} holds no pictures; give a folder with JPEG, PNG, WebP, GIF, TIFF, BMP or AVIF files in it."
    if own := nothing_but_own(source, rejected):
        return own
    kinds = {entry.kind for entry in rejected} - {unusable.DUPLICATE}
    if kinds == {unusable.OPTED_OUT}:
        return (
            f"{source} holds no picture that may be learned from ({rejected[0].file}: {rejected[0].reason}); "
            "if they are your own, say so: sfumato collect ART -o COLLECTION --licence own --creator NAME."
        )
    if kinds == {unusable.REMOVED}:
        return (
            f"{source} would have no picture left in its collection; if all are to be taken out, delete the "
            "collection's directory, and what was trained on it."
        )
    if unusable.NOT_ALLOWED in kinds and kinds <= unusable.EXCLUDED:
        first = next(entry for entry in rejected if entry.kind == unusable.NOT_ALLOWED)
        return (
            f"{source} holds no picture that the policy allows ({first.file}: {first.reason}); allow more with --allow "
            "and --allow-unknown, or state the licence with --licence."
        )
    reasons = ", ".join(f"{count} {kind}" for kind, count in Counter(entry.kind for entry in rejected).most_common())
    return f"{source} holds no picture that can be used ({counted(len(rejected), 'file')} left out: {reasons})."
