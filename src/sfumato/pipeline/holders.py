"""What on this computer holds certain pictures, or has learned from them: collections, datasets and models."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sfumato.collection import Collection
from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.likeness import Likeness
from sfumato.marker import kind_of
from sfumato.models.place import CONFIG, LIKENESS
from sfumato.training.encoded import EncodedPictures


@dataclass(frozen=True, slots=True)
class Holder:
    """kind: 'model', 'dataset' or 'collection'; pictures: how many of these it holds, None where it does not
    say, as older models and datasets do not, or cannot be read; fault: why not, '' otherwise."""

    path: Path
    kind: str
    pictures: int | None
    fault: str = ""


def holders(contents: Iterable[str], places: Iterable[Path]) -> Iterator[Holder]:
    """Look for them below these places; links are not followed, and hidden directories are passed over.

    contents: SHA-256 of the pictures' files, in hex. A model without an index of what it learned from is not found.
    """
    wanted = frozenset(contents)
    seen: set[Path] = set()
    for place in places:
        for root, folders, files in os.walk(place):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            path = Path(root)
            real = path.resolve()
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            found = _held(path, files, wanted)
            if found is not None and found.pictures != 0:
                yield found


def _held(path: Path, files: list[str], wanted: frozenset[str]) -> Holder | None:
    """What a directory holds of them; None where it is none of these kinds."""
    kind = "model" if LIKENESS in files and CONFIG in files else kind_of(path)
    try:
        if kind == "model" and LIKENESS in files:
            return Holder(path, kind, Likeness.read(path / LIKENESS).learned_from(wanted))
        if kind == "collection":
            return Holder(path, kind, len({picture.sha256 for picture in Collection.open(path).pictures} & wanted))
        if kind == "dataset":
            held = Dataset.open(path).contents
            return Holder(path, kind, len(wanted.intersection(held)) if held else None)
        if kind == "encoded":
            return Holder(path, "dataset", len(wanted.intersection(EncodedPictures.open(path).contents)))
    except SfumatoError as error:
        return Holder(path, kind or "", None, str(error))
    return None
