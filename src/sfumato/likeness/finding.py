"""What a comparison with the training pictures found, as data and in words."""

from __future__ import annotations

from dataclasses import dataclass

from sfumato.text import printable


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

    @property
    def sentence(self) -> str:
        """What may be said of the work; never that it is original, as what was not found may be there."""
        alarm = f"at most {100 * self.rate:.2g} % false alarms" if self.rate < 1 else "false alarms not known"
        if not self.nearest:
            said = "no near copy looked for: the index holds no pictures"
        elif self.is_near_copy:
            first = self.nearest[0]
            said = f"near copy of {first.credit}: similarity {first.similarity:.2f}, {alarm}"
        else:
            works = " and ".join(f"{one.credit} ({one.similarity:.2f})" for one in self.nearest)
            said = f"no near copy found ({alarm}); nearest: {works}"
        return f"{said}; {self.foreign}" if self.foreign else said
