"""What preparing a dataset says while it works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sfumato.collection import LeftOut


@dataclass(frozen=True, slots=True)
class Prepared:
    """One more picture is decoded and resized, or was left out: the `done`-th of `total`."""

    done: int
    total: int
    file: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The dataset is on the disk, at `path`. `changed` is False where it was there already, with these settings and
    pictures."""

    path: Path
    changed: bool


PrepareEvent = Prepared | LeftOut | Ready
