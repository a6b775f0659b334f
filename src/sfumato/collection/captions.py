"""Texts that each belong to one picture, by their names: '1.txt', '1.jpg.txt' or '1.caption' beside '1.jpg'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from sfumato.collection.naming import stem
from sfumato.text import readable

# Where several lie beside one picture, what was written as its caption comes before lists of tags.
ORDER: Final = (".caption", ".txt", ".json", ".tags")


def suffix_of(text: str) -> str:
    """Which of `ORDER` a text is; '' if none."""
    return next((suffix for suffix in ORDER if text.lower().endswith(suffix)), "")


class Captioned:
    """Pictures, to be found by the names of the texts about them. `pictures`: of each file where it lies, as for texts
    (see `packed.places`)."""

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
