"""Works that are not let out: which, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.text import counted

_SHOWN: Final = 5  # with their reasons, in a sentence


class RefusedWarning(UserWarning):
    """Fewer works came out than were asked for."""


@dataclass(frozen=True)
class Refusal:
    """seed and position: of the work, as its recipe would have them; said: why it is not let out, to stand in
    brackets; again: whether another is made in its place, with the next seed."""

    seed: int
    position: int
    said: str
    again: bool = False

    def __str__(self) -> str:
        return f"number {self.position} of seed {self.seed} ({self.said})"


def said_of_refusals(refusals: Sequence[Refusal]) -> list[str]:
    """Sentences: how many works were refused and which, those that others were made for by themselves."""
    kinds = ((False, "refused, and not saved"), (True, "refused, and made again with the next seed"))
    parts = [([one for one in refusals if one.again is again], said) for again, said in kinds]
    return [f"{counted(len(part), 'work')} {said}: {_listed(part)}" for part, said in parts if part]


def nothing_left(refusals: Sequence[Refusal]) -> SfumatoError:
    """Where nothing is let out of all that was made."""
    return SfumatoError(f"{'; '.join(said_of_refusals(refusals))}; ask for others with --seed or --retries")


def _listed(refusals: Sequence[Refusal]) -> str:
    more = len(refusals) - _SHOWN
    return "; ".join(map(str, refusals[:_SHOWN])) + (f"; and {more:,} more" if more > 0 else "")
