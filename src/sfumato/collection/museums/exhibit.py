"""A work that a museum holds, in the words of this program, whatever the museum calls its fields."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from sfumato.collection.tables import one_line

_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,80}>")
_MOST_LETTERS: Final = 1000  # of one text
# Words of a question that say nothing about a work.
_SMALL_WORDS: Final = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A work and its picture, as the museum's record of it says.

    `id` is the museum's own. `licence` is the SPDX id of what the museum gives the picture away under, '' where its
    record does not say that it does; `rights` are the words in which the record says so or otherwise. `image` is the
    picture's address, '' where there is none. `page` is where people see the work, `credit` the line by which the
    museum wants to be named, `category` what kind of work it is. `about` are texts in which the museum says what the
    work is, who made it, where, when and of what, and what it shows; not its descriptions in prose.
    """

    id: str
    licence: str
    rights: str
    image: str
    title: str = ""
    creator: str = ""
    date: str = ""
    page: str = ""
    credit: str = ""
    category: str = ""
    about: tuple[str, ...] = ()

    def answers(self, question: str) -> bool:
        """Whether each word of a question begins a word that the museum says about the work.

        Case, accents, an English plural and words such as 'of' do not matter: 'sunflowers' is answered by 'Sunflower',
        and 'cezanne' by 'Paul Cézanne'.
        """
        known = _words(" ".join((self.title, self.creator, self.category, *self.about)))
        asked = [word for word in _words(question) if word not in _SMALL_WORDS]
        return all(any(word.startswith(_stem(one)) for word in known) for one in asked)


def part_of(value: Any, *path: str | int) -> Any:
    """What lies at a place within JSON: part_of(data, 'images', 'web', 'url'); None where there is nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def parts_of(value: Any, *path: str | int) -> list[Any]:
    """The same where a list lies; [] where there is none."""
    found = part_of(value, *path)
    return found if isinstance(found, list) else []


def text_of(value: Any, *path: str | int) -> str:
    """A text or number at a place within JSON, on one line and without markup; '' where there is none."""
    text = one_line(part_of(value, *path))
    return " ".join(html.unescape(_TAG.sub("", text)).split())[:_MOST_LETTERS]


def address_of(value: Any, *path: str | int) -> str:
    """An address or an id at a place within JSON, to the letter; '' where there is none."""
    return one_line(part_of(value, *path))[: 2 * _MOST_LETTERS]


def texts_of(value: Any, *names: str) -> tuple[str, ...]:
    """All texts under these names of an object, single or in lists, which there may be objects with a `term`."""
    found = []
    for name in names:
        one = part_of(value, name)
        found += [
            text_of(each, "term") if isinstance(each, dict) else text_of(each)
            for each in (one if isinstance(one, list) else [one])
        ]
    return tuple(filter(None, found))


def credit_of(museum: str, line: str) -> str:
    """'The Cleveland Museum of Art, John L. Severance Fund': a museum, and its credit line, which may name it."""
    return line if museum.casefold() in line.casefold() else ", ".join(filter(None, (museum, line)))


def _words(text: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.findall(r"\w+", re.sub(r"['’]", "", plain))


def _stem(word: str) -> str:
    """A word without the end of an English plural."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
