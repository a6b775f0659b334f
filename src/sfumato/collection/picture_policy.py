"""Which pictures may be learned from, by their licences and by how they were made, as a person states it beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Final, Self

from sfumato.collection.facts import EDIT, Fact, Facts
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.provenance.licences import OWN, REFERENCE, UNKNOWN, WORDS, is_reference, licence_of, short_name
from sfumato.provenance.statements import LICENCE, Statement
from sfumato.text import printable, shortened

ANY: Final = "any"  # in the place of a list of licences
_USUAL: Final = ("own", "CC0-1.0", "PDM-1.0", "NoC-US", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-3.0")


@dataclass(frozen=True)
class PicturePolicy:
    """allow: the licences, each under its one name, None for any; unknown: pictures whose licence nobody states may be
    learned from too; generated: those that a model made too. Without one, all may."""

    allow: tuple[str, ...] | None = None
    unknown: bool = True
    generated: bool = True

    @classmethod
    def of(cls, allow: Iterable[str] | None = None, *, unknown: bool | None = None, generated: bool = True) -> Self:
        """allow: licences in any usual words, 'any', None for what is not stated; 'unknown' among them is the same as
        unknown=True, and without either a list leaves out what is not known. Raises SfumatoError for what is none."""
        names = [name for said in allow or () if (name := " ".join(said.split()))]
        if allow is None or [name.casefold() for name in names] == [ANY]:
            return cls(None, unknown is not False, generated)
        if not names:
            raise SfumatoError("No licence is allowed; name some, as in --allow own,CC0-1.0,PDM-1.0, or any.")
        if any(name.casefold() == ANY for name in names):
            raise SfumatoError(f"'{ANY}' allows every licence, so it stands alone: --allow {ANY}.")
        licences = dict.fromkeys(map(_licence, names))
        known = tuple(licence for licence in licences if licence != UNKNOWN)
        return cls(known, unknown is True or (unknown is None and UNKNOWN in licences), generated)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any] | None) -> Self:
        """The inverse of `to_json`. Raises TypeError for anything else."""
        if not fields:
            return cls()
        allow = fields["allow"]
        return cls(None if allow is None else tuple(allow), fields["unknown"] is True, fields["generated"] is True)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"allow": None if self.allow is None else list(self.allow)}

    def within(self, other: PicturePolicy) -> PicturePolicy:
        """What both allow."""
        lists = [each.allow for each in (self, other) if each.allow is not None]
        both = [licence for licence in lists[0] if all(licence in allow for allow in lists)] if lists else None
        return PicturePolicy(
            None if both is None else tuple(both), self.unknown and other.unknown, self.generated and other.generated
        )

    def refusal(self, facts: Facts) -> tuple[str, str]:
        """Why a picture of which these are the facts may not be learned from; see `reason`."""
        fact = facts.known.get(LICENCE, Fact(UNKNOWN, ""))
        return self.reason(fact.value, fact.where, facts.generated, facts.conflicts)

    def reason(self, licence: str, where: str, generated: str, conflicts: Iterable[Statement] = ()) -> tuple[str, str]:
        """Why a picture may not be learned from: a kind to count by, and a reason for people; both '' where it may.

        licence: under its one name; where: that was found; generated: how a model made the picture, '' for none;
        conflicts: what others say, which counts for nothing where a person has edited the licence.
        """
        if not self.generated and generated:
            return unusable.GENERATED, f"made by a model: {generated}"
        if licence == UNKNOWN:
            return ("", "") if self.unknown else (unusable.NOT_ALLOWED, "its licence is not known")
        if self.allow is None:
            return "", ""
        if licence.casefold() not in self._allowed:
            return unusable.NOT_ALLOWED, f"its licence, {short_name(licence)} ({where}), is not among those allowed"
        for each in conflicts if where != EDIT else ():
            if each.about == LICENCE and licence_of(each.text).casefold() not in self._allowed:
                return unusable.NOT_ALLOWED, (
                    f"its licence is {short_name(licence)} by {where} and '{shortened(each.text, 100)}' by "
                    f"{each.where}, which is not among those allowed; 'sfumato collection edit' settles it"
                )
        return "", ""

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(licence.casefold() for licence in self.allow or ())  # words stand in any case

    @property
    def sentences(self) -> list[str]:
        """What it says, for people; nothing where it allows all."""
        said = []
        if self.allow is not None:
            said.append(f"licences allowed: {', '.join(map(short_name, self.allow)) or 'none'}")
        if not self.unknown:
            said.append("pictures whose licence is not known are left out")
        elif self.allow is not None:
            said.append("pictures whose licence is not known are taken all the same")
        if not self.generated:
            said.append("pictures that a model made are left out")
        return said


def _licence(name: str) -> str:
    """Raises SfumatoError where a name means no licence that is known, which may be a slip."""
    if name.startswith(REFERENCE) and is_reference(licence_of(name)) and licence_of(name) == name:
        return name
    licence = licence_of(name)
    if licence == UNKNOWN and name.casefold() != UNKNOWN:
        raise SfumatoError(f"'{_short(name)}' does not say which licence is meant; name one, as in CC-BY-4.0.")
    if not is_reference(licence):
        return licence
    if re.fullmatch(rf"{REFERENCE}CC(?:-(?:BY|SA|NC|ND))+", licence) and not re.search(r"\d\.\d", name):
        version = f"{short_name(licence).removeprefix(REFERENCE)}-4.0"
        raise SfumatoError(
            f"'{_short(name)}' says no version; name one, as in {version}, or, for pictures that state none, {licence}."
        )
    words = (word for word, meant in WORDS.items() if meant not in (UNKNOWN, OWN))
    known = {each.casefold(): each for each in (*_USUAL, *words)}
    close = get_close_matches(name.casefold(), list(known), 1, 0.7)
    meant = f"; do you mean {known[close[0]]}?" if close else f"; for words that pictures state, give {licence}."
    raise SfumatoError(f"'{_short(name)}' is no licence that is known{meant}")


def _short(name: str) -> str:
    return printable(shortened(name, 60))
