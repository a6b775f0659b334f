"""Works that are not let out: which, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.text import counted

OTHERS: Final = "ask for others with --seed or --retries"
LIMITS: Final = "the limits that hold now let none out: 'sfumato policy' shows them"
_SHOWN: Final = 5  # with their reasons, in a sentence


class RefusedWarning(UserWarning):
    """Fewer works came out than were asked for."""


@dataclass(frozen=True)
class Refusal:
    """seed and position: of the work, as its recipe would have them; said: why it is not let out, to stand in
    brackets; again: how many seeds later another is made in its place, 0 for none; is_empty: it is all but empty, and
    drawn again for that, whatever else is said of it."""

    seed: int
    position: int
    said: str
    again: int = 0
    is_empty: bool = False

    def __str__(self) -> str:
        return f"number {self.position} of seed {self.seed} ({self.said})"


def said_of_refusals(refusals: Sequence[Refusal]) -> list[str]:
    """Sentences: how many works were refused and which, those that others were made for by themselves."""
    judged = [one for one in refusals if not one.is_empty]
    kinds = ((False, "refused, and not saved"), (True, "refused, and made again with the next seed"))
    parts = [([one for one in judged if bool(one.again) is again], said) for again, said in kinds]
    sentences = [f"{counted(len(part), 'work')} {said}: {_listed(part)}" for part, said in parts if part]
    if empty := len(refusals) - len(judged):
        sentences.append(f"{counted(empty, 'work')} all but empty, and drawn again with later seeds")
    return sentences


def nothing_left(refusals: Sequence[Refusal], remedy: str = OTHERS) -> SfumatoError:
    """Where nothing is let out of all that was made. remedy: what can be done."""
    return SfumatoError(f"{'; '.join(said_of_refusals(refusals))}; {remedy}")


def _listed(refusals: Sequence[Refusal]) -> str:
    more = len(refusals) - _SHOWN
    return "; ".join(map(str, refusals[:_SHOWN])) + (f"; and {more:,} more" if more > 0 else "")
