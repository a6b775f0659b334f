"""All that is said of a picture, by several who may disagree, becomes one fact of each kind, and where it was found.

In this order they are believed: what a person has edited; tables, the nearest first; XMP and then JSON beside the
picture; its own XMP, IPTC and EXIF; its Content Credentials, where they hold; and what a person states of the whole
folder. Whoever says otherwise is kept beside the fact, as a conflict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from sfumato.errors import SfumatoError
from sfumato.provenance.licences import IN_COPYRIGHT, OWN, REFERENCE, UNKNOWN, is_notice, licence_of
from sfumato.provenance.statements import CREATOR, FACTS, GENERATED, LICENCE, OPT_OUT, SOURCE, YEAR, Statement

LICENCE_OPTION: Final = "--licence"
CREATOR_OPTION: Final = "--creator"
EDIT: Final = "your edit"
_NOBODY: Final = frozenset(("unknown", "anonymous", "n a", "none", ""))
_HOLDER: Final = re.compile(
    r"©|\(c\)|℗|\b(?:copyright|copr|by|the|all rights reserved|and|19\d\d|20\d\d|\d{1,2}(?:st|nd|rd|th))\b|[\d\W]+",
    re.IGNORECASE,
)

_LIFE: Final = re.compile(r"\([^)]*\)|\[[^\]]*\]")  # what museums add to a name: (Dutch, 1853-1890)
_BETWEEN_NAMES_SURELY: Final = re.compile(r"[;&|/+\n]|\b(?:and|und|et)\b", re.IGNORECASE)
_BETWEEN_NAMES: Final = re.compile(rf",|{_BETWEEN_NAMES_SURELY.pattern}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ownership:
    """What a person states of all pictures of a folder of which nothing else is known. '' is for what they leave open.

    licence: in any words; with 'own' the pictures are this person's own, whose name is the creator.
    """

    licence: str = ""
    creator: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "creator", " ".join(self.creator.split()))
        if self.is_own and not self.creator:
            raise SfumatoError("--licence own says that the pictures are your own; say who you are with --creator.")

    @property
    def is_own(self) -> bool:
        return licence_of(self.licence) == OWN

    @property
    def statements(self) -> list[Statement]:
        """What it says, as of each picture."""
        creator = [Statement(CREATOR, self.creator, CREATOR_OPTION)] if self.creator else []
        known = licence_of(self.licence) != UNKNOWN
        return [*creator, Statement(LICENCE, self.licence, LICENCE_OPTION)] if known else creator


class Fact(NamedTuple):
    """value: a licence under its one name, all else in the words in which it was stated; where: it was found."""

    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Facts:
    """known: the facts of one picture by their names, without those that nobody states; conflicts: what others state;
    generated: how a model made it, '' where nothing says that one did; refused: the first mark against learning from it
    that stands, lifted: the first that does not, as the picture is the person's own (is_own)."""

    known: dict[str, Fact] = field(default_factory=dict)
    conflicts: tuple[Statement, ...] = ()
    generated: str = ""
    refused: str = ""
    lifted: str = ""
    is_own: bool = False


def resolved(statements: Sequence[Statement], ownership: Ownership | None = None) -> Facts:
    """The facts of a picture. statements: in the order in which they are believed, without those of the ownership."""
    by_others = _of_each(statements)
    owned = ownership.statements if ownership is not None else []
    is_own = ownership is not None and ownership.is_own and _may_be_by(ownership.creator, by_others)
    if ownership is not None and ownership.is_own and not is_own:
        owned = [each for each in owned if each.about != LICENCE]  # somebody else's picture is not one's own
    every = _of_each([*statements, *owned]) if owned else by_others
    known: dict[str, Fact] = {}
    conflicts: list[Statement] = []
    for about in FACTS:
        said = every.get(about)
        if not said:
            continue
        if said[0].where == EDIT and _says_nothing(about, said[0].text):
            fact: Fact | None = Fact(UNKNOWN if about == LICENCE else "", EDIT)  # a person knows that nobody knows
            others = [each for each in said[1:] if not _says_nothing(about, each.text)]
        else:
            fact, others = _licence(said) if about == LICENCE else _first(about, said)
        if fact is not None:
            known[about] = fact
        conflicts += others
    marks = [f"{each.text} ({each.where})" for each in every.get(OPT_OUT, ())]
    generated = [f"{each.text} ({each.where})" for each in every.get(GENERATED, ())]
    mark = marks[0] if marks else ""
    return Facts(
        known,
        tuple(conflicts),
        generated[0] if generated else "",
        refused="" if is_own else mark,
        lifted=mark if is_own else "",
        is_own=is_own,
    )


def _of_each(statements: Iterable[Statement]) -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {}
    for statement in statements:
        found.setdefault(statement.about, []).append(statement)
    return found


def _first(about: str, said: Sequence[Statement]) -> tuple[Fact | None, list[Statement]]:
    """The first statement that says something, and those that say something else."""
    saying = [each for each in said if not _says_nothing(about, each.text)]
    if not saying:
        return None, []
    first = saying[0]
    others = [each for each in saying[1:] if not _agree(about, first.text, each.text)]
    return Fact(first.text, first.where), others


def _says_nothing(about: str, text: str) -> bool:
    if about == LICENCE:
        return licence_of(text) == UNKNOWN
    return not text or (about == CREATOR and _plain(text) in _NOBODY)


def _licence(said: Sequence[Statement]) -> tuple[Fact | None, list[Statement]]:
    """The first licence that is more than a notice of copyright, or else the first notice.

    A notice goes with any licence, and so does 'own' with all rights reserved. Of one licence of Creative Commons the
    statement that has its version is the better one.
    """
    saying = [(licence, each) for each in said if (licence := licence_of(each.text)) != UNKNOWN]
    if not saying:
        return None, []
    licences = [(licence, each) for licence, each in saying if not is_notice(each.text)] or saying[:1]
    value, first = licences[0]
    others = licences[1:]
    for licence, each in others:
        if _refines(licence, value):
            value, first = licence, each
            break
    conflicts = [each for licence, each in licences if licence != value and not _refines(value, licence)]
    return Fact(value, first.where), conflicts


def _refines(licence: str, other: str) -> bool:
    """Whether the first says the same as the second and more."""
    if licence == OWN:
        return other == IN_COPYRIGHT
    if not other.startswith(f"{REFERENCE}CC-"):
        return False
    return re.fullmatch(rf"{re.escape(other.removeprefix(REFERENCE))}-\d\.\d.*", licence) is not None


def _may_be_by(creator: str, said: dict[str, list[Statement]]) -> bool:
    """Whether nothing names anybody else as who made a picture or has the rights in it."""
    names = [each.text for each in said.get(CREATOR, ())]
    holders = [_HOLDER.sub(" ", each.text) for each in said.get(LICENCE, ()) if _is_held(each.text)]
    own = set(_plain(creator).split())
    others = (set(_plain(name).split()) for name in (*names, *holders) if _plain(name) not in _NOBODY)
    return all(own <= other or other <= own for other in others)


def _is_held(text: str) -> bool:
    """Whether a text says whose the copyright is."""
    return licence_of(text) == IN_COPYRIGHT and bool(re.search(r"©|\(c\)|copyright", text, re.IGNORECASE))


def names_creator(text: str, name: str) -> bool:
    """Whether a text names somebody as a picture's creator, alone or among others: 'Ana Bo and Cy Moe' names Ana Bo."""
    if _agree(CREATOR, text, name):
        return True
    wanted, text = _LIFE.sub(" ", name), _LIFE.sub(" ", text)
    # One word alone may be anybody's, and behind a comma it is a first name.
    between = _BETWEEN_NAMES if len(wanted.split()) > 1 else _BETWEEN_NAMES_SURELY
    return any(_agree(CREATOR, part, wanted) for part in (text, *between.split(text)))


def _agree(about: str, one: str, other: str) -> bool:
    """Whether two texts mean the same: 'van Gogh, Vincent' and 'Vincent van Gogh', 1888 and 1888-05-01."""
    if about == SOURCE:
        return one == other
    first, second = _plain(one), _plain(other)
    if about == YEAR:
        first, second = first.replace(" ", ""), second.replace(" ", "")
        return first.startswith(second) or second.startswith(first)
    return first == second or (about == CREATOR and sorted(first.split()) == sorted(second.split()))


@lru_cache(maxsize=8192)
def _plain(text: str) -> str:
    return " ".join(re.sub(r"\W+", " ", text).split()).casefold()
