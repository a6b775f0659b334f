"""Works that are made one of the other are each asked for once, and a refused one ends the chain."""

from collections.abc import Generator
from typing import Any

import pytest

from sfumato.models.chain import last_work, told_last_work


def doubling(first: str, times: int) -> Generator[Any, Any, Any]:
    """A chain of words: yields what is to be doubled, is sent that, and returns the last."""
    word = first
    for _ in range(times):
        word = yield word
    return word


@pytest.mark.parametrize("times", [0, 1, 3])
def test_what_comes_of_it_is_the_last_work(times: int) -> None:
    asked: list[str] = []
    assert last_work(doubling("a", times), lambda word: asked.append(word) or 2 * word) == "a" * 2**times
    assert asked == ["a" * 2**number for number in range(times)]


def test_a_refused_work_ends_it() -> None:
    asked: list[str] = []
    assert last_work(doubling("a", 3), lambda word: asked.append(word)) is None
    assert asked == ["a"]


def test_what_is_told_meanwhile_comes_through() -> None:
    def make(word: str) -> Generator[str, None, str]:
        yield f"making {word}"
        return 2 * word

    told, chain = [], told_last_work(doubling("a", 2), make)
    with pytest.raises(StopIteration) as ended:
        while True:
            told.append(next(chain))
    assert (told, ended.value.value) == (["making a", "making aa"], "aaaa")
