"""What a picture is called in words, for models that learn from text: its own caption, or a template filled in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from sfumato.collection.pictures import Picture
from sfumato.errors import SfumatoError
from sfumato.text import counted, readable

CAPTION_OPTION: Final = "--caption"
USUAL_TEMPLATE: Final = "{class} by {creator}, {title}"
TEMPLATE, NONE, OWN = "the template", "none", "the collection"  # where a caption comes from, besides files by name

_FIELDS: Final = ("class", "creator", "title", "year")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_SEPARATORS: Final = ",;:"
_DASHES: Final = frozenset("-–—|/·")
# Words that only lead to what follows: without that, 'a painting by' becomes 'a painting'.
_LEADING: Final = frozenset(
    re.findall(
        r"\S+",
        "a an the by of from in on at to with for after about titled called named dated circa c. ca. "
        "von vom aus mit im der die das ein eine de du des d' par dans en le la les un une",
    )
)


class _Piece(NamedTuple):
    """A part of a caption: words, or what stands between two of them, with the space before it (',', ' –')."""

    text: str
    between: bool = False


@dataclass(frozen=True)
class CaptionTemplate:
    """A caption with fields in braces: '{class} by {creator}, {title}'.

    Fields: class, creator, title, year. What a picture does not have goes with the words that only lead to it and with
    the comma that would be left over: 'landscape by Ana Bo, Dusk' becomes 'landscape, Dusk', 'by Ana Bo, Dusk' or
    'landscape by Ana Bo'. What stands directly beside a field, such as brackets and quotation marks, goes with it too.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises SfumatoError for a field that there is not, and for braces that do not match."""
        text = " ".join(readable(text).split())
        for name in _BRACES.findall(text):
            if name not in _FIELDS:
                fields = ", ".join(f"{{{field}}}" for field in _FIELDS)
                raise SfumatoError(f"{CAPTION_OPTION} '{text}': there is no field {{{name}}}; there are {fields}")
        if set("{}") & set(_BRACES.sub("", text)):
            raise SfumatoError(
                f"{CAPTION_OPTION} '{text}': a brace has no partner; write fields as in '{USUAL_TEMPLATE}'"
            )
        return cls(text)

    def filled(self, picture: Picture) -> str:
        """The caption of one picture, on one line; '' where nothing of it is known and the template is fields only."""
        values = {"class": picture.category.replace("_", " "), "creator": picture.creator, "title": picture.title}
        values["year"] = picture.year
        return _joined(_pieces(self.text, {name: " ".join(value.split()) for name, value in values.items()}))


def _pieces(template: str, values: Mapping[str, str]) -> Iterator[_Piece]:
    """The parts of a template with the values that are known, without those that are not and what leads to them."""
    words: list[_Piece] = []
    for word in template.split():
        bare = word.rstrip(_SEPARATORS)
        after = [_Piece(letter, between=True) for letter in word[len(bare) :]]
        fields = _BRACES.findall(bare)
        if not fields:
            words += [_Piece(f" {bare}", between=True)] if set(bare) <= _DASHES and bare else []
            words += [_Piece(bare)] if not set(bare) <= _DASHES else []
            words += after
            continue
        known = [name for name in fields if values[name]]
        while not known and words and words[-1].text.casefold() in _LEADING:
            words.pop()
        words += [_Piece(_filled(bare, known, values)), *after] if known else after
        yield from words
        words = []
    yield from words


def _filled(word: str, known: Sequence[str], values: Mapping[str, str]) -> str:
    """A word of a template with the known ones of its fields: '{class}/{title}' without a title is the class."""
    word = _BRACES.sub(lambda found: found[0] if found[1] in known else "", word)
    return _BRACES.sub(lambda found: values[found[1]], word.strip("".join(_DASHES)))


def _joined(pieces: Iterable[_Piece]) -> str:
    """The pieces as a line. What stands between others does so once, and neither at the beginning nor at the end."""
    text, between = "", ""
    for piece in pieces:
        if piece.between:
            between = between or piece.text
        else:
            text = f"{text}{between} {piece.text}" if text else piece.text
            between = ""
    return text


@dataclass(frozen=True)
class Captions:
    """texts: of N pictures, '' for one of which nothing is known; origins: how many come from where."""

    texts: tuple[str, ...]
    origins: Mapping[str, int]

    @classmethod
    def of(cls, pictures: Iterable[Picture], template: CaptionTemplate | None = None, trigger: str = "") -> Self:
        """Of each picture its own caption, or else the template filled in.

        trigger: a word by which a model is to know all that it learns from these pictures; it begins each caption that
        does not hold it.
        """
        template = template or CaptionTemplate(USUAL_TEMPLATE)
        trigger = " ".join(trigger.split())
        texts, origins = [], Counter[str]()
        for picture in pictures:
            text, origin = _caption(picture, template)
            texts.append(_with_trigger(text, trigger))
            origins[origin] += 1
        return cls(tuple(texts), dict(sorted(origins.items(), key=lambda each: (each[0] in (TEMPLATE, NONE), each))))

    @property
    def sentence(self) -> str:
        """'captions: 640 from picture.txt, 85 from the template'."""
        said = [f"{count:,} from {origin}" for origin, count in self.origins.items() if origin != NONE]
        if none := self.origins.get(NONE):
            said.append(f"{counted(none, 'picture')} without any, of which nothing is known")
        return f"captions: {', '.join(said)}"


def _caption(picture: Picture, template: CaptionTemplate) -> tuple[str, str]:
    """A picture's caption, and where it comes from."""
    if picture.caption:
        return picture.caption, picture.found.get("caption", OWN)
    filled = template.filled(picture)
    return (filled, TEMPLATE) if filled else ("", NONE)


def _with_trigger(text: str, trigger: str) -> str:
    if not trigger or re.search(rf"(?<!\w){re.escape(trigger)}(?!\w)", text, re.IGNORECASE):
        return text
    return f"{trigger}, {text}" if text else trigger
