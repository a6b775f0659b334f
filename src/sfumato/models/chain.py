"""Works that are made one of the other, as an enlargement is of a work: each is wanted before the next is known."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar, cast

from sfumato.models.generation import Generation
from sfumato.works import Work

Chain = Generator[Generation, Work, Work]
"""Yields what makes each work, is sent that work, and returns the last one."""

E = TypeVar("E")
W = TypeVar("W", Work, Work | None)


def last_work(chain: Chain, make: Callable[[Generation], W]) -> W:
    """What comes of a chain. make: makes the one work of a generation; None ends the chain, and is what comes of it."""

    def at_once(generation: Generation) -> Generator[None, None, W]:
        yield from ()
        return make(generation)

    steps = told_last_work(chain, at_once)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return cast(W, ended.value)


def told_last_work(chain: Chain, make: Callable[[Generation], Generator[E, None, W]]) -> Generator[E, None, W]:
    """The same, of a ``make`` that yields what is to be told meanwhile."""
    made: W | None = None
    while True:
        try:
            generation = next(chain) if made is None else chain.send(made)
        except StopIteration as ended:
            return cast(W, ended.value)
        made = yield from make(generation)
        if made is None:
            return made
