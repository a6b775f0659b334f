"""What a comparison with the training pictures found, as data and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from sfumato.text import printable, shortened

NEAR_COPY: Final = "near copy"
NO_NEAR_COPY: Final = "no near copy"
NOT_COMPARED: Final = "not compared"


@dataclass(frozen=True)
class Neighbour:
    """A training picture near a work.

    file: its name in its collection; creator: '' where it is not known; digest: SHA-256 of its pixels as the model saw
    them, hexadecimal; similarity: -1..1, the cosine of what the two are known by; place: among the pictures of the
    index.
    """

    file: str
    creator: str
    digest: str
    similarity: float
    place: int

    def facts(self, *, named: bool) -> dict[str, Any]:
        """As they stand in a work's credentials; named: whether with its file's name."""
        # In a stranger's index names may be of any length.
        file = {"file": shortened(self.file)} if named else {}
        similarity = round(self.similarity, 4)
        return {**file, "creator": shortened(self.creator), "digest": self.digest, "similarity": similarity}

    @property
    def credit(self) -> str:
        """'waves/3.png by Ida Berg', to stand in a sentence."""
        by = f" by {printable(self.creator)}" if self.creator else " (creator unknown)"
        return f"{printable(self.file)}{by}"


@dataclass(frozen=True)
class Finding:
    """The nearest training pictures of a work.

    nearest: the nearest first, none or one or two, of different families; score: what decides, the similarity of the
    first less a share of the second's; threshold: over which it is called a near copy; rate: of false alarms, which is
    not exceeded with 95 % confidence, 0..1; foreign: what else was learned from that is not known, '' where nothing.
    """

    nearest: tuple[Neighbour, ...]
    score: float
    threshold: float
    rate: float
    foreign: str = ""

    @property
    def is_near_copy(self) -> bool:
        return bool(self.nearest) and self.score > self.threshold

    def by(self, threshold: float | None) -> Self:
        """With another threshold, at which nobody has counted false alarms; as it is with None."""
        return self if threshold is None else replace(self, threshold=threshold, rate=1.0)

    @property
    def sentence(self) -> str:
        """What may be said of the work; never that it is original, as what was not found may be there."""
        if not self.nearest:
            said = "no near copy looked for: the index holds no pictures"
        elif self.is_near_copy:
            first = self.nearest[0]
            said = f"near copy of {first.credit}: similarity {first.similarity:.2f}, {self.alarms}"
        else:
            said = f"no near copy found ({self.alarms}); nearest: {self.neighbours}"
        return f"{said}; {self.foreign}" if self.foreign else said

    @property
    def alarms(self) -> str:
        """How often a work is called a near copy that is none, in words."""
        return f"at most {100 * self.rate:.2g} % false alarms" if self.rate < 1 else "false alarms not known"

    @property
    def neighbours(self) -> str:
        """The nearest pictures, with credit and similarity."""
        return " and ".join(f"{one.credit} ({one.similarity:.2f})" for one in self.nearest)

    def facts(self, *, files: bool = True) -> dict[str, Any]:
        """As they stand in a work's credentials. files: whether with the names of training pictures, which may tell of
        what class the work is."""
        return {
            "found": NEAR_COPY if self.is_near_copy else NO_NEAR_COPY,
            "nearest": [one.facts(named=files) for one in self.nearest],
            "score": round(self.score, 4),
            "threshold": round(self.threshold, 4),
            "rate": round(self.rate, 6),
            **({"foreign": self.foreign} if self.foreign else {}),
        }


def comparison(findings: Sequence[Finding | None], *, files: bool = True) -> dict[str, Any]:
    """What the credentials of a picture say of the comparison of the works that it shows, None for one that was not
    compared: of one work its finding, of several that of the one which is nearest to a copy, and how many are. files:
    as ``Finding.facts`` has it."""
    found = [finding for finding in findings if finding is not None]
    if not found:
        return {"found": NOT_COMPARED}
    worst = nearest_to_a_copy(found)
    if len(findings) == 1:
        return worst.facts(files=files)
    copies = sum(finding.is_near_copy for finding in found)
    return {**worst.facts(files=files), "works": len(findings), "compared": len(found), "near copies": copies}


def nearest_to_a_copy(findings: Sequence[Finding]) -> Finding:
    """Of one or more the one that is most of a near copy."""
    return max(findings, key=lambda one: one.score - one.threshold)
