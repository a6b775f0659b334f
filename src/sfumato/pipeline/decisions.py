"""What a person decides of single pictures of a collection, put down and carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from sfumato.collection import Collection, Finished
from sfumato.collection.decisions import CLASS, EDITABLE, FILE, Decisions, Edit, Keep, Removal
from sfumato.collection.facts import Ownership
from sfumato.collection.selection import Selection
from sfumato.collection.storing import writing_to
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.pipeline.events import Event
from sfumato.pipeline.pictures import collect
from sfumato.provenance.licences import OWN, licence_of
from sfumato.provenance.statements import CREATOR, LICENCE
from sfumato.text import readable

_MOST_LETTERS: Final = 200  # of a class's name


def edit(place: Path, edits: Sequence[Edit]) -> Iterator[Event]:
    """State what is true of pictures of the collection at ``place``; as `collect`, whose `Finished` is the last event.

    Raises SfumatoError where that cannot be, and then nothing is changed.
    """
    collection = Collection.open(place)
    for each in edits:
        if licence_of(each.fields.get(LICENCE, "")) == OWN:
            _check_has_owner(collection, each)
    said = [_with_plain_class(each) for each in edits]
    yield from _decided(collection, lambda decisions: decisions.with_edits(said))


def forget(place: Path, digests: Sequence[str], only: Sequence[str] = EDITABLE) -> Iterator[Event]:
    """Take back what was edited of pictures, by the SHA-256 of their files, of all facts or of some; as `edit`."""
    yield from _decided(Collection.open(place), lambda decisions: decisions.without_edits(digests, only))


def remove(place: Path, creators: Sequence[str], files: Sequence[str]) -> Iterator[Event]:
    """Take pictures out of the collection at ``place``, for good: all by these creators, those of later runs too, and
    these files (see `Selection`); as `edit`."""
    collection = Collection.open(place)
    named = [Removal(creator=" ".join(name.split())) for name in creators]
    pictures = Selection(files=tuple(files)).of(collection) if files else []
    single = [Removal(sha256=picture.sha256, file=picture.file) for picture in pictures]
    yield from _decided(collection, lambda decisions: decisions.with_removals([*named, *single]))


def restore(place: Path, creators: Sequence[str], files: Sequence[str]) -> Iterator[Event]:
    """Take pictures in again that `remove` took out, by the same creators or files; as `edit`."""
    collection = Collection.open(place)
    pictures = Selection(files=tuple(files)).of(collection) if files else []
    digests = {picture.sha256 for picture in pictures}
    names = [" ".join(name.split()) for name in creators]
    removals = collection.decisions.removals
    missing = [name for name in names if name not in {each.creator for each in removals}]
    if missing or (digests and not digests & {each.sha256 for each in removals}):
        what = missing[0] if missing else files[0]
        raise SfumatoError(f"{place}: nothing was taken out for {what}; 'sfumato collection show {place}' has the list")
    yield from _decided(collection, lambda decisions: decisions.without_removals(names, digests))


def keep(place: Path, keeps: Sequence[Keep]) -> Iterator[Event]:
    """Choose which of two pictures that are the same, or nearly, is in the collection, or that both are; as `edit`."""
    collection = Collection.open(place)
    contents = {picture.sha256 for picture in (*collection.pictures, *collection.excluded)}
    for each in keeps:
        if missing := each.pair - contents:
            raise SfumatoError(f"{place}: holds no picture with the digest {min(missing)}; nothing was changed")
    yield from _decided(collection, lambda decisions: decisions.with_keeps(keeps))


def _decided(collection: Collection, change: Callable[[Decisions], Decisions]) -> Iterator[Event]:
    """Put decisions down and make the collection anew by them; where that fails, those before are put back."""
    place = collection.path
    if not collection.source.exists():
        raise SfumatoError(
            f"{place}: its pictures lie in {collection.source}, which is not there; put it back, as the collection is "
            "made anew from it"
        )
    directory = OwnDirectory(place, "collection")
    is_put_back = bool(_put_back(place).digest)
    directory.check([] if is_put_back else [FILE])
    with directory.at_work(), writing_to(place):
        before = Decisions.read(place)
        if is_put_back:
            directory.adopt([FILE])
        directory.claim(FILE)
        after = change(before)
        after.write(place)
    is_done = False
    events = collect(collection.source, place, background=collection.background, include_works=collection.include_works)
    try:
        with closing(events):  # type: ignore[type-var]
            for event in events:
                is_done = is_done or isinstance(event, Finished)
                yield event
    finally:
        if not is_done:
            with directory.at_work(), writing_to(place):
                if Decisions.read(place) == after:  # and not what another command has decided meanwhile
                    before.write(place)


def _put_back(place: Path) -> Decisions:
    """Decisions that a person may have put here from a copy, known by their content; none for another file."""
    try:
        return Decisions.read(place)
    except SfumatoError:
        return Decisions()


def _with_plain_class(edit: Edit) -> Edit:
    """With the class as folders' names are read: on one line, in one normal form. Raises SfumatoError for one too long
    to be a name."""
    if CLASS not in edit.fields:
        return edit
    name = readable(" ".join(edit.fields[CLASS].split()))
    if len(name) > _MOST_LETTERS:
        raise SfumatoError(f"{edit.file}: a class's name has at most {_MOST_LETTERS} letters")
    return replace(edit, fields={**edit.fields, CLASS: name})


def _check_has_owner(collection: Collection, edit: Edit) -> None:
    """Raises SfumatoError where a picture is to be one's own and nobody is known as whose."""
    ownership = collection.ownership or Ownership()
    if not (edit.fields.get(CREATOR) or ownership.creator):
        raise SfumatoError(f"{edit.file}: 'own' says that it is yours; say who you are with --creator")
