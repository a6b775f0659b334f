"""Which pictures of a collection are meant: by their names or a pattern, by their class, or by who made them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Final

from sfumato.collection.facts import names_creator
from sfumato.collection.pictures import Picture
from sfumato.collection.storing import Collection
from sfumato.errors import SfumatoError
from sfumato.provenance.statements import CREATOR
from sfumato.text import printable, readable, shortened

_MOST_ALIKE: Final = 3


@dataclass(frozen=True)
class Selection:
    """files: names in the collection, paths to the files themselves, or patterns such as 'waves/*.png'; classes and
    creators: by name; everything: all pictures. A picture is meant where all that is given holds of it."""

    files: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(self.files or self.classes or self.creators or self.everything)

    def of(self, collection: Collection) -> list[Picture]:
        """The pictures that are meant, those that are excluded among them.

        Raises SfumatoError where a name or pattern stands for no picture, or nothing is selected at all.
        """
        pictures = [*collection.pictures, *collection.excluded]
        if self.files:
            meant = {picture.file for name in self.files for picture in _of_name(name, pictures, collection)}
            pictures = [picture for picture in pictures if picture.file in meant]
        if self.classes:
            _check_known("class", self.classes, {picture.category for picture in pictures}, collection)
            names = set(map(readable, self.classes))
            pictures = [picture for picture in pictures if picture.category in names]
        if self.creators:
            pictures = [picture for picture in pictures if is_by(picture, self.creators)]
        if not pictures:
            by = f" by {printable(shortened(' or '.join(self.creators), 100))}" if self.creators else ""
            raise SfumatoError(f"{collection.path}: holds no such picture{by}{said_alike(self.creators, collection)}")
        return pictures


def is_by(picture: Picture, creators: Iterable[str]) -> bool:
    """Whether anything says that one of these made a picture."""
    said = [picture.creator, *(each.text for each in picture.conflicts if each.about == CREATOR)]
    return any(names_creator(text, name) for text in said if text for name in creators)


def said_alike(names: Sequence[str], collection: Collection) -> str:
    """'; by a similar name: Ana Bo', of the creators in a collection; '' where there is none."""
    pictures = chain(collection.pictures, collection.excluded)
    known = {picture.creator.casefold(): picture.creator for picture in pictures if picture.creator}
    close = dict.fromkeys(
        known[match] for name in names for match in get_close_matches(name.casefold(), known, _MOST_ALIKE, 0.6)
    )
    return f"; by a similar name: {', '.join(map(printable, close))}" if close else ""


def _of_name(name: str, pictures: Sequence[Picture], collection: Collection) -> list[Picture]:
    """Raises SfumatoError where it stands for none."""
    plain = readable(name.replace("\\", "/")).removeprefix("./")
    found = [picture for picture in pictures if readable(picture.file) == plain]
    if not found and (path := Path(name).absolute()).is_relative_to(collection.source):
        inside = readable(path.relative_to(collection.source).as_posix())
        found = [picture for picture in pictures if readable(picture.file) == inside]
    found = found or [picture for picture in pictures if fnmatchcase(readable(picture.file), plain)]
    if not found:
        close = get_close_matches(plain, [readable(picture.file) for picture in pictures], 1)
        meant = f"; do you mean {printable(close[0])}?" if close else "; give names as in pictures.jsonl, or a pattern"
        raise SfumatoError(f"{collection.path}: holds no picture {printable(shortened(name))}{meant}")
    return found


def _check_known(what: str, names: Iterable[str], known: set[str], collection: Collection) -> None:
    for name in names:
        if readable(name) not in known:
            there = ", ".join(sorted(filter(None, known))[:20]) or "none"
            raise SfumatoError(f"{collection.path}: has no {what} '{printable(shortened(name))}'; there is {there}")
