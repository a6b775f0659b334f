"""What a person asks for in words, 'painting' or 'painting:0.7,engraving:0.3', as classes by their numbers.

Names are read as the model has them, the longest that fits first, so that commas, colons and semicolons in them are
no marks. A name may also stand in quotes as in CSV, a quote in it doubled: '"a:1":0.7,"the ""big"" one":0.3'. So there
is a way to write every mixture of any names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.text import readable

MARKS: Final = ",;"
_QUOTED: Final = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=[:,;]|\Z)')
_AFTER_NAME: Final = re.compile(r"\s*([:,;]|\Z)")
_SHOWN: Final = 20  # names in an error


def shares_of(text: str, classes: Sequence[str], model: str) -> Mapping[int, float]:
    """The indices of classes and their shares, which sum to 1.

    text: a class's name, or names with shares, NAME:SHARE,NAME:SHARE, each bare or in quotes; shares need not sum to
    1, and one that is left out is 1. A text that is a name as a whole is that class, whatever marks it holds. model:
    its name, for errors. Raises SfumatoError for a class that is none of these, one that is named twice, and shares
    that are not above 0.
    """
    text = _as_known(text, classes)
    if text in classes:
        return {classes.index(text): 1.0}
    shares: dict[int, float] = {}
    for part in separated(text, ",", classes):
        name, share = _named(part.strip(), text, classes, model)
        if name in shares:
            raise SfumatoError(f"class '{text}': '{classes[name]}' is named twice; name it once, with its share")
        shares[name] = share
    total = sum(shares.values())
    if not 0 < total < math.inf:
        raise SfumatoError(f"class '{text}': the shares have no sum; give numbers such as 0.7 and 0.3")
    return {name: share / total for name, share in shares.items()}


def index_of(name: str, classes: Sequence[str], model: str, *, role: str = "class") -> int:
    """name: as the model has it, however its accents were typed, or in quotes; role: what it is in a sentence. Raises
    SfumatoError for a class that is none of these."""
    for written in filter(None, (name, _unquoted(name))):
        if (known := _as_known(written, classes)) in classes:
            return classes.index(known)
    raise SfumatoError(f"{role} '{name}': the model '{model}' does not know it; its classes: {listed(classes)}")


def listed(classes: Sequence[str]) -> str:
    """A model's classes as they stand in a sentence, as many as fit there."""
    shown = [written_name(known) for known in classes[:_SHOWN]]
    more = len(classes) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "") or "none at all"


def written_name(name: str) -> str:
    """A class's name as it can stand in a mixture or a list: in quotes where it holds a mark."""
    return '"' + name.replace('"', '""') + '"' if re.search(r'[",:;]|^\s|\s$|^$', name) else name


def separated(text: str, mark: str, classes: Sequence[str]) -> Iterator[str]:
    """The parts of a text between marks outside names, in one normal form. mark: one of ``MARKS``."""
    text = readable(text)
    names = sorted(map(readable, filter(None, classes)), key=len, reverse=True)
    begun = place = 0
    while place <= len(text):
        place = _after_name(text, place, names)
        end = next((index for index in range(place, len(text)) if text[index] in MARKS), len(text))
        if end == len(text) or text[end] == mark:
            yield text[begun:end]
            begun = end + 1
        place = end + 1


def _after_name(text: str, place: int, names: Sequence[str]) -> int:
    """Where the name ends that begins here, in quotes or as the longest of the model's that fits; else where it is."""
    if quoted := _QUOTED.match(text, place):
        return quoted.end()
    while text[place : place + 1].isspace():
        place += 1
    ends = (place + len(name) for name in names if text.startswith(name, place))
    return next((end for end in ends if _AFTER_NAME.match(text, end)), place)


def _as_known(name: str, classes: Sequence[str]) -> str:
    """The model's own spelling of a class, however its accents were typed; the name itself where it is not a class."""
    if name in classes:
        return name
    typed = readable(name)
    return next((known for known in classes if readable(known) == typed), name)


def _named(part: str, text: str, classes: Sequence[str], model: str) -> tuple[int, float]:
    part = _as_known(part, classes)
    name, colon, number = part.rpartition(":")
    if not colon or part in classes or _QUOTED.fullmatch(part):
        return _index_in_a_mixture(part, classes, model), 1.0
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    if not 0 < share < math.inf:
        raise SfumatoError(
            f"class '{text}': '{number.strip()}' is not a share of '{name.strip()}'; give numbers above 0, "
            "as in painting:0.7,engraving:0.3"
        )
    return _index_in_a_mixture(name.strip(), classes, model), share


def _index_in_a_mixture(name: str, classes: Sequence[str], model: str) -> int:
    """Quotes come first here, so that a class can be told from another whose own name has quotes around it."""
    unquoted = _unquoted(name)
    return index_of(name if unquoted is None or unquoted not in classes else unquoted, classes, model)


def _unquoted(text: str) -> str | None:
    quoted = _QUOTED.fullmatch(text)
    return quoted[1].replace('""', '"') if quoted else None
