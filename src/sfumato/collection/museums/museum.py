"""What is to be known of a museum that is asked for works: its hosts, its lists, and its records of works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sfumato.collection.museums.client import Client, Host
from sfumato.collection.museums.exhibit import Exhibit


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a museum's list. ids: of works that the list says are given away, each with True, and of others, with
    False; after: what asks for the next part, None where this is the last."""

    ids: tuple[tuple[str, bool], ...]
    after: int | None


class Museum(Protocol):
    """A museum; its methods raise `AnswerError` where it gives no answer of use."""

    @property
    def name(self) -> str:
        """For people: 'the Art Institute of Chicago'."""

    @property
    def hosts(self) -> tuple[Host, ...]:
        """All that may be asked: for data, and for pictures."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know before it is asked."""

    def page(self, client: Client, question: str, after: int) -> Page:
        """A part of the list of works that fit a question; after: 0, or what the part before says."""

    def exhibit(self, client: Client, id: str) -> Exhibit:
        """A work, by what its own record says."""


def ids_of(ids: list[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    """The ids of a list that are some, in its order."""
    return tuple((id, open) for id, open in ids if id)
