"""What preparing a dataset says while it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sfumato.collection import LeftOut

if TYPE_CHECKING:
    from sfumato.dataset.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Prepared:
    """One more picture is decoded and resized, or was left out: the `done`-th of `total`."""

    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The dataset is on disk. `changed` is False where it already was, with these very settings and pictures."""

    dataset: Dataset
    changed: bool


PrepareEvent = Prepared | LeftOut | Ready
