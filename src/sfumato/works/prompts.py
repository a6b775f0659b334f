"""What works are asked for in words: one prompt, or several that a series goes through, with alternatives in braces.

'a {red|blue|} fox' is three prompts in one, of which each work gets the one that its seed and position choose. Braces
may stand in braces; those without a bar between them are letters like any other, and so is whatever follows a
backslash: \\{, \\|, \\} and \\\\.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError
from sfumato.text import decoded, printable, readable, shortened
from sfumato.works.values import MOST_LETTERS

MOST_PROMPTS: Final = 100_000
_MOST_BYTES: Final = 1 << 26
_MOST_DEPTH: Final = 32  # of braces in braces
_ESCAPED: Final = re.compile(r"\\([{|}\\])")
_PART: Final = re.compile(r"\\[{|}\\]|[{|}]|(?:[^{|}\\]|\\(?![{|}\\]))+")
_LORA: Final = re.compile(r"<(?:lora|lyco|hypernet):([^<>:]*)(?::([^<>]*))?>", re.IGNORECASE)


@dataclass(frozen=True)
class _Choice:
    """Alternatives, each a sequence of texts and further choices; number: its place among the braces of its prompt."""

    number: int
    alternatives: tuple[_Sequence, ...]


_Sequence = tuple[str | _Choice, ...]


@dataclass(frozen=True)
class Prompts:
    """What the works of a series are asked for: texts as they were typed, one or more, in turn."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """One for all works. Raises SfumatoError for what is none, with the place in the text."""
        _check(text, "prompt")
        return cls((text,))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Of a text file with a prompt on each line. Empty lines are passed over, and so are those that begin with '#';
        a prompt that begins so has a backslash before it. Raises SfumatoError where the file cannot be read, holds no
        prompt or a wrong one, with its line."""
        text = readable(decoded(read_named_file(path, _MOST_BYTES)))
        texts = []
        for number, line in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if any(unicodedata.category(letter) == "Cc" and letter != "\t" for letter in line):
                raise SfumatoError(f"{path}, line {number}: holds what is no text; give a text file in UTF-8")
            line = line[1:] if line.startswith("\\#") else line
            _check(line, f"{path}, line {number}")
            texts.append(line)
        if not texts:
            raise SfumatoError(f"{path}: holds no prompt; write one on each line")
        if len(texts) > MOST_PROMPTS:
            raise SfumatoError(f"{path}: holds {len(texts):,} prompts, and {MOST_PROMPTS:,} are the most")
        return cls(tuple(texts))

    def at(self, position: int, seed: int) -> str:
        """The prompt of the work at a position of the series of a seed, with no alternatives left.

        What was escaped in it still is, so that it is a prompt that chooses itself; ``spoken`` is what an encoder is
        told.
        """
        return chosen(self.texts[position % len(self.texts)], position, seed)


NO_WORDS: Final = Prompts(("",))


def prompts_of(prompt: str | None, file: Path | None) -> Prompts | None:
    """What a series is asked for by a text or by a file of them; None where neither is given. Raises SfumatoError for
    both at once, and as `Prompts.of` and `Prompts.read`."""
    if file is None:
        return None if prompt is None else Prompts.of(prompt)
    if prompt is not None:
        raise SfumatoError(f"--prompts {file}: --prompt says one prompt for all works; leave out one of the two")
    return Prompts.read(file)


def chosen(text: str, position: int, seed: int) -> str:
    """The same of one text. Raises SfumatoError as `Prompts.of`."""

    def said(sequence: _Sequence) -> str:
        return "".join(part if isinstance(part, str) else said(_drawn(part, position, seed)) for part in sequence)

    return said(_parsed(text, "prompt"))


def spoken(text: str) -> str:
    """A prompt without alternatives as an encoder is told it."""
    return _ESCAPED.sub(r"\1", text)


def _drawn(choice: _Choice, position: int, seed: int) -> _Sequence:
    """Each choice has a generator of its own: what is chosen at one place changes nothing at another."""
    import torch  # recipes are read without it

    from sfumato.random import keyed_generator

    generator = keyed_generator("prompt", seed, position, choice.number)
    return choice.alternatives[int(torch.randint(len(choice.alternatives), (), generator=generator))]


def _check(text: str, place: str) -> None:
    if len(text) > MOST_LETTERS:
        raise SfumatoError(f"{place}: {len(text):,} letters, and {MOST_LETTERS:,} are the most in a prompt")
    _parsed(text, place)
    if lora := _LORA.search(text):
        asked = shortened(printable(lora[0]), 60)
        weight = f":{printable(lora[2])}" if lora[2] else ""
        raise SfumatoError(
            f"{place}, letter {lora.start() + 1}: '{asked}' is how other programs name a file in a prompt; "
            f"give it with --lora FILE{weight}, and leave it out here"
        )


@lru_cache(maxsize=256)
def _parsed(text: str, place: str) -> _Sequence:
    """Kept, as it is asked for each work of a series. place: what a mistake is said to be in. Raises SfumatoError with
    the letter."""
    outermost = _Open(0, 0, [[]])
    opened, count = [outermost], 0
    for part in _PART.finditer(text):
        letters, inner = part[0], opened[-1]
        if letters == "{":
            if len(opened) > _MOST_DEPTH:
                raise _mistake(
                    place, part.start(), f"stands in {len(opened) - 1} others, which are the most; use fewer", "{"
                )
            opened.append(_Open(part.start(), count, [[]]))
            count += 1
        elif letters == "}":
            if len(opened) == 1:
                raise _mistake(place, part.start(), "closes nothing; open it, or write \\} for the sign itself", "}")
            opened.pop()
            opened[-1].alternatives[-1] += _closed(inner)
        elif letters == "|" and len(opened) > 1:
            inner.alternatives.append([])
        else:
            inner.alternatives[-1].append(letters)
    if len(opened) > 1:
        raise _mistake(place, opened[-1].place, "is not closed; close it, or write \\{ for the sign itself", "{")
    return tuple(outermost.alternatives[0])


@dataclass
class _Open:
    """A brace that is not closed yet: where it stands, and what has been read in it, between bars."""

    place: int
    number: int
    alternatives: list[list[str | _Choice]]


def _closed(brace: _Open) -> Iterator[str | _Choice]:
    if len(brace.alternatives) > 1:
        yield _Choice(brace.number, tuple(map(tuple, brace.alternatives)))
    else:
        yield from ("{", *brace.alternatives[0], "}")


def _mistake(place: str, start: int, said: str, sign: str) -> SfumatoError:
    return SfumatoError(f"{place}, letter {start + 1}: '{sign}' {said}")
