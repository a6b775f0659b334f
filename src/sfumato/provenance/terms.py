"""What the licences of pictures ask for, counted: information for whoever uses them, and no claim of law.

Only what a licence says on its face is read from its name: the elements of a licence of Creative Commons, the
statements of rightsstatements.org, public domain, a person's own pictures. Of every other licence its text must be read
(https://spdx.org/licenses/). Whether any of this reaches what a model makes of the pictures is not settled, and is not
decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, Self

from sfumato.provenance.licences import (
    OWN,
    PUBLIC_DOMAIN_CERTIFICATION,
    PUBLIC_DOMAIN_MARK,
    REFERENCE,
    RIGHTS_STATEMENTS,
    UNKNOWN,
    short_name,
)
from sfumato.text import counted

Standing = Literal["own", "free", "free in the US", "licensed", "in copyright", "see its text", "unknown"]
Condition = Literal["attribution", "share_alike", "non_commercial", "no_derivatives"]
# For people, before a number of pictures.
CONDITIONS: Final[Mapping[Condition, str]] = {
    "attribution": "Attribution is asked for, which names the creator",
    "share_alike": "Share-alike is asked for, the same licence for whatever is adapted",
    "non_commercial": "No commercial use is allowed",
    "no_derivatives": "Nothing adapted may be shared",
}
STANDINGS: Final[Mapping[Standing, str]] = {
    "own": "Stated to be the collector's own",
    "free": "Stated to be in the public domain or free of conditions",
    "free in the US": "Stated to be out of copyright in the United States, and perhaps protected elsewhere",
    "licensed": "Under a licence of Creative Commons",
    "in copyright": "Stated to be in copyright, so that only who holds the rights can permit a use",
    "see its text": "Under licences whose own text must be read",
    "unknown": "Of no known licence, so that what may be done is not known",
}
CAVEAT: Final = (
    "Whether the licences of pictures bind what a model makes of them is not settled. This is information, "
    "and no legal advice."
)

_FREE: Final = frozenset(("CC0-1.0", PUBLIC_DOMAIN_MARK, PUBLIC_DOMAIN_CERTIFICATION, "CC-PDDC", "CC-PDM-1.0"))
_ELEMENTS: Final[Mapping[str, Condition]] = {
    "BY": "attribution", "SA": "share_alike", "NC": "non_commercial", "ND": "no_derivatives",
}  # fmt: skip
_COMMONS: Final = re.compile(r"CC((?:-(?:BY|NC|ND|SA))+)(?:-(\d\.\d)(?:-[A-Z]+)?\+?)?")
_NOT_KNOWN: Final = frozenset(("CNE", "UND", "NKC"))
_NOTES: Final[Mapping[str, str]] = {
    "InC-OW-EU": "an orphan work in the European Union",
    "InC-EDU": "educational use is permitted",
    "InC-NC": "non-commercial use is permitted",
    "InC-RUU": "who holds the rights cannot be found",
    "NoC-CR": "a contract restricts its use",
    "NoC-NC": "a digitisation contract asks for non-commercial use",
    "NoC-OKLR": "other laws restrict its use",
    "NoC-US": "elsewhere it may be protected",
    "CNE": "its copyright was not evaluated",
    "UND": "its copyright could not be determined",
    "NKC": "no copyright is known, which nobody vouches for",
}


@dataclass(frozen=True, slots=True)
class LicenceTerms:
    """What follows from one licence. licence: its one name (`licence_of`); conditions: in the order of `CONDITIONS`;
    version: of a licence of Creative Commons, '' where it is not stated; note: for people, '' where there is none."""

    licence: str
    standing: Standing
    conditions: tuple[Condition, ...] = ()
    version: str = ""
    note: str = ""

    @property
    def sentence(self) -> str:
        """For people: 'CC-BY-SA-4.0: attribution, share-alike'."""
        said = [condition.replace("_", "-") for condition in self.conditions] or [self.standing]
        return f"{short_name(self.licence)}: {', '.join(said)}{f' ({self.note})' if self.note else ''}"


@lru_cache(maxsize=8192)
def terms_of(licence: str) -> LicenceTerms:
    """What follows from a licence under its one name."""
    name = short_name(licence).removeprefix(REFERENCE)
    if licence in (UNKNOWN, ""):
        return LicenceTerms(UNKNOWN, "unknown")
    if licence == OWN:
        return LicenceTerms(licence, "own")
    if licence in _FREE:
        return LicenceTerms(licence, "free")
    if not licence.startswith(REFERENCE) and name in RIGHTS_STATEMENTS:
        return _of_statement(licence, name)
    if (match := _COMMONS.fullmatch(name)) is not None:
        elements = match[1].split("-")
        conditions = tuple(condition for element, condition in _ELEMENTS.items() if element in elements)
        version = match[2] or ""
        note = "" if version else "its version is not stated"
        return LicenceTerms(licence, "licensed", _in_order(conditions), version, note)
    return LicenceTerms(licence, "see its text")


def _in_order(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    return tuple(condition for condition in CONDITIONS if condition in conditions)


def _of_statement(licence: str, name: str) -> LicenceTerms:
    """A statement of rightsstatements.org (https://rightsstatements.org/page/1.0/)."""
    note = _NOTES.get(name, "")
    asks: tuple[Condition, ...] = ("non_commercial",) if name in ("InC-NC", "NoC-NC") else ()
    if name in _NOT_KNOWN:
        return LicenceTerms(licence, "unknown", note=note)
    if name.startswith("InC"):
        return LicenceTerms(licence, "in copyright", asks, note=note)
    return LicenceTerms(licence, "free in the US" if name == "NoC-US" else "see its text", asks, note=note)


@dataclass(frozen=True, slots=True)
class Terms:
    """What follows from the licences of many pictures. licences: how many have which, the commonest first; conflicts:
    sentences on those that exclude one another."""

    licences: Mapping[str, int]
    conflicts: tuple[str, ...] = ()

    @classmethod
    def of(cls, licences: Mapping[str, int]) -> Self:
        """licences: how many pictures have which, under their one names."""
        ranked = sorted(((name, count) for name, count in licences.items() if count), key=lambda each: (-each[1], each))
        return cls(dict(ranked), tuple(_conflicts([terms_of(name) for name, _ in ranked])))

    @property
    def pictures(self) -> int:
        return sum(self.licences.values())

    def asking(self, condition: Condition) -> dict[str, int]:
        """The licences with a condition, and how many pictures each has."""
        return {name: count for name, count in self.licences.items() if condition in terms_of(name).conditions}

    def standing(self, standing: Standing) -> dict[str, int]:
        """The licences of one standing, and how many pictures each has; of every picture one standing is true."""
        return {name: count for name, count in self.licences.items() if terms_of(name).standing == standing}

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures there are of each condition and standing, without those of which there are none."""
        found: dict[str, int] = {}
        for condition in CONDITIONS:
            found[condition] = sum(self.asking(condition).values())
        for standing in STANDINGS:
            found[standing] = sum(self.standing(standing).values())
        return {name: count for name, count in found.items() if count}

    @property
    def sentences(self) -> list[str]:
        """For people, the weightiest first: conditions, what else is known, conflicts."""
        said = [_sentence(self.asking(name), words) for name, words in CONDITIONS.items()]
        said += [_sentence(self.standing(name), words) for name, words in STANDINGS.items() if name != "licensed"]
        return [*filter(None, said), *self.conflicts]

    @property
    def line(self) -> str:
        """The same in one line; '' where there are no pictures."""
        counts = self.counts
        said = [f"{counts[name]:,} {words}" for name, words in _IN_SHORT.items() if name in counts]
        if not said:
            return ""
        conflicts = "; some licences exclude one another" if self.conflicts else ""
        return f"licences of {counted(self.pictures, 'picture')}: {', '.join(said)}{conflicts}"


_IN_SHORT: Final = {
    "own": "own",
    "free": "public domain or free",
    "free in the US": "out of copyright in the United States",
    "attribution": "ask for attribution",
    "share_alike": "for share-alike",
    "non_commercial": "for non-commercial use",
    "no_derivatives": "for no derivatives",
    "in copyright": "in copyright",
    "see its text": "whose licence must be read",
    "unknown": "unknown",
}
_MOST_NAMED: Final = 5


def _sentence(licences: Mapping[str, int], words: str) -> str:
    if not licences:
        return ""
    names = "" if licences.keys() <= {OWN, UNKNOWN} else f", {named(licences)}"
    return f"{words}: {counted(sum(licences.values()), 'picture')}{names}."


def named(licences: Mapping[str, int]) -> str:
    """Licences with their counts for people, at most a handful: 'CC0-1.0 (12), NoC-US (3) and 2 more'."""
    shown = [f"{short_name(name)} ({count:,})" for name, count in list(licences.items())[:_MOST_NAMED]]
    more = len(licences) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _conflicts(licences: list[LicenceTerms]) -> list[str]:
    """Which licences no adaptation of pictures under all of them could keep."""
    commons = [each for each in licences if each.standing == "licensed"]
    alike: dict[str, list[str]] = {}
    for each in commons:
        if "share_alike" in each.conditions:
            alike.setdefault(_family(each), []).append(short_name(each.licence))
    said = []
    if len(alike) > 1:
        names = " and ".join(sorted(min(names) for names in alike.values()))
        said.append(f"Share-alike licences exclude one another here: what adapts both {names} can keep only one.")
    open_alike = [name for family, names in alike.items() if "NC" not in family for name in names]
    closed = [
        short_name(each.licence) for each in commons if {"non_commercial"} == {*each.conditions} - {"attribution"}
    ]
    if open_alike and closed:
        said.append(
            f"{min(open_alike)} lets everybody use an adaptation commercially, and {min(closed)} does not: "
            "no adaptation of both can keep both."
        )
    unadapted = [short_name(each.licence) for each in commons if "no_derivatives" in each.conditions]
    if unadapted and len(licences) > 1:
        said.append(f"{min(unadapted)} lets nothing adapted be shared, whatever the other licences allow.")
    return said


def _family(each: LicenceTerms) -> str:
    """Share-alike licences of one family can be kept together: from version 2.0 on a later version, and that of another
    country, with the same elements (section 4b of CC-BY-SA-2.0)."""
    elements = "-".join(name for name, condition in _ELEMENTS.items() if condition in each.conditions)
    return f"{elements}-1.0" if each.version == "1.0" else elements
