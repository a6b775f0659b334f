"""Pictures that are unlike one another, drawn from random numbers, and an index of them, made once."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.likeness import Likeness
from sfumato.likeness.index import Index

LEARNED = 60


def _patches(count: int, seed: int = 0, size: int = 32) -> Tensor:
    coarse = torch.rand(count, 3, 7, 7, generator=torch.Generator().manual_seed(seed)) * 3 - 1.5
    return F.interpolate(coarse, (size, size), mode="bicubic").clamp(-1, 1)


def _index_of(pictures: Tensor) -> Index:
    count = len(pictures)
    files = [f"{place}.png" for place in range(count)]
    return Index.of(lambda some: pictures[some], torch.arange(count), files, ["Ida Berg"] + [""] * (count - 1))


@pytest.fixture(scope="session")
def patches() -> Callable[..., Tensor]:
    """(count, seed=0, size=32) -> [count, 3, size, size] in -1..1: soft patches of colour."""
    return _patches


@pytest.fixture(scope="session")
def index_of() -> Callable[[Tensor], Index]:
    return _index_of


@pytest.fixture(scope="session")
def learned() -> Tensor:
    """The pictures of the index: do not change them."""
    return _patches(LEARNED)


@pytest.fixture(scope="session")
def index(learned: Tensor) -> Index:
    return _index_of(learned)


@pytest.fixture
def likeness(index: Index) -> Likeness:
    return Likeness((index,))
