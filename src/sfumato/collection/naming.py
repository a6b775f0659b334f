"""Which picture a table or a text beside it means: names as people and programs write them, found among the files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from sfumato.collection.tables import normalised
from sfumato.text import readable

_MOST_TAILS: Final = 1000  # files of one name, among which the right one is looked for


class Names:
    """The files of a source, to be found by name. `places`: for each file where it lies (see `entries.places`)."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._written: dict[str, str] = {place: file for file, place in places.items()}
        self._whole: dict[str, list[str]] = defaultdict(list)
        for file, place in places.items():
            self._whole[readable(place)].append(file)
        self._place_of = {file: readable(place).casefold() for file, place in places.items()}
        self._folders = {part for place in self._place_of.values() for part in place.split("/")[:-1]}

    def find(self, name: object, folder: str = "", near: str = "") -> list[str]:
        """The files that a name in a table means; [] where none does, or where several would do equally well.

        folder: where the table lies, '' or 'a/b/'. near: of several, those in a folder whose name begins so are meant
        ('train', for train.csv). In this order: the name as it stands, in any normal form of Unicode; in other case;
        without its suffix; the last parts of a path that begins elsewhere.
        """
        if not isinstance(name, (str, int)) or isinstance(name, bool):
            return []
        raw = str(name) if isinstance(name, str) or abs(name) < 10**18 else ""
        if raw and (file := self._written.get(f"{folder}{raw}")) is not None:
            return [file]
        wanted = normalised(raw)
        if not wanted:
            return []
        for whole in dict.fromkeys((f"{folder}{wanted}", wanted)):
            if found := self._whole.get(normalised(whole)):
                return found
        return self._by_tail(wanted.casefold(), folder.casefold(), near.casefold())

    def _by_tail(self, wanted: str, folder: str, near: str) -> list[str]:
        last = wanted.rpartition("/")[2]
        for tails in self._tails:
            places = dict(tails.get(last, ()))
            if 0 < len(places) <= _MOST_TAILS and (found := self._nearest(places, wanted, folder, near)):
                return found
        return []

    def _nearest(self, places: dict[str, str], wanted: str, folder: str, near: str) -> list[str]:
        """The one file whose place ends as the wanted name does; [] where that leaves more than one."""
        parts = wanted.split("/")
        for length in range(len(parts), 0, -1):
            tail = "/" + "/".join(parts[-length:])
            found = {file: place for file, place in places.items() if f"/{place}".endswith(tail)}
            if found:
                break
        else:
            return []
        if length < len(parts) and (before := parts[-length - 1]) in self._folders:
            # A folder that is here: what is not in it is gone, and no picture of the same name in another one.
            found = {file: place for file, place in found.items() if before in place.split("/")[:-1]}
        for closer in (
            {file: place for file, place in found.items() if place.startswith(folder)},
            {file: place for file, place in found.items() if near and f"/{near}" in f"/{place.rpartition('/')[0]}"},
        ):
            found = {file: place for file, place in found.items() if file in closer} or found
        if len(found) > 1:
            # As it stands below the table's folder, whatever lies deeper.
            found = {file: place for file, place in found.items() if place == f"{folder}{wanted}"} or found
        return list(found) if len(found) == 1 else []

    @cached_property
    def _tails(self) -> tuple[dict[str, list[tuple[str, str]]], ...]:
        """Files with their places by the last parts of these, with suffixes; and the same without."""
        named: dict[str, list[tuple[str, str]]] = defaultdict(list)
        bare: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for file, place in self._place_of.items():
            for tails, shown in ((named, place), (bare, stem(place))):
                tails[shown.rpartition("/")[2]].append((file, shown))
        return named, bare


def stem(place: str) -> str:
    """A file's name without its suffix, in its folder."""
    folder, slash, name = place.rpartition("/")
    return f"{folder}{slash}{name.rpartition('.')[0] or name}"


# Where several lie beside one picture, what was written as its caption comes before lists of tags.
ORDER: Final = (".caption", ".txt", ".json", ".tags")


def suffix_of(text: str) -> str:
    """Which of `ORDER` a text is; '' if none."""
    return next((suffix for suffix in ORDER if text.lower().endswith(suffix)), "")


class Captioned:
    """Pictures, to be found by the names of the texts about them. `pictures`: of each file where it lies, as for texts
    (see `entries.places`)."""

    def __init__(self, pictures: Mapping[str, str]) -> None:
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_folded: dict[str, list[str]] = defaultdict(list)
        for file, place in pictures.items():
            whole = readable(place)
            for name in {whole, stem(whole)}:
                self._by_name[name].append(file)
                self._by_folded[name.casefold()].append(file)

    def pictures_of(self, text: str) -> list[str]:
        """The pictures that a text at this place belongs to; names in other case are the second choice."""
        name = stem(readable(text))
        return self._by_name.get(name) or self._by_folded.get(name.casefold(), [])
