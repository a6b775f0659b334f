"""Search for a model by its weights, near a place and under whatever name."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Final

from sfumato.disk import read_named_file
from sfumato.errors import SfumatoError
from sfumato.models.adapted import described_in
from sfumato.models.configuration import MOST_CONFIG_BYTES, most_weights_bytes
from sfumato.models.place import ADAPTER, CONFIG, WEIGHTS, ZippedModel, digest_in, is_model, models_in_zip
from sfumato.pretrained.digests import digests_of
from sfumato.weights import digest
from sfumato.works.recipe import LoraReference, ModelReference

DEPTH: Final = 3  # folders below each place that is begun at
MOST_FOLDERS: Final = 4_000
SECONDS: Final = 20.0

Place = Path | ZippedModel


def find_weights(wanted: str, begin: Sequence[Path]) -> Place | None:
    """The first model whose weights have this digest (SHA-256, hexadecimal), the nearest places first; None for none.

    begin: directories, which are searched with what is below them, to the depth of ``DEPTH``, in hidden folders not.
    Directories come before zips. The search ends after ``MOST_FOLDERS`` and about ``SECONDS``.
    """
    deadline = time.monotonic() + SECONDS
    zips: list[Path] = []
    in_zips = (model for path in zips for model in _zipped(path))  # which are known once the directories are
    places: Iterator[Place] = chain(_models(begin, zips, deadline), in_zips)
    for place in places:
        if time.monotonic() > deadline:
            return None
        if _digest(place) == wanted:
            return place
    return None


def find_pipeline(wanted: ModelReference, begin: Sequence[Path]) -> Path | None:
    """The first folder of a pipeline of diffusers, or the first checkpoint in one file, of which all files have these
    digests; None for none. begin: as `find_weights` has it; files are looked at under the names that they had."""
    deadline = time.monotonic() + SECONDS
    for folder, names in _folders(begin, [], deadline):
        if time.monotonic() > deadline:
            return None
        files = {name: folder / name for name in wanted.files}
        if next(iter(files), "").partition("/")[0] not in names or not all(path.is_file() for path in files.values()):
            continue
        try:
            if digests_of(files) == wanted.files:
                return next(iter(files.values())) if len(files) == 1 else folder
        except SfumatoError:  # cannot be read
            continue
    return None


def find_loras(wanted: Sequence[LoraReference], begin: Sequence[Path]) -> list[Path] | None:
    """The LoRA files with these digests, in their order, under the names that they had; None where one is not found.
    begin: as `find_weights` has it."""
    deadline, found = time.monotonic() + SECONDS, dict[str, Path]()
    for folder, names in _folders(begin, [], deadline):
        for one in wanted:
            path = folder / f"{one.name}.safetensors"
            if one.digest not in found and path.name in names and path.is_file() and digest(path) == one.digest:
                found[one.digest] = path
        if len(found) == len({one.digest for one in wanted}):
            return [found[one.digest] for one in wanted]
    return None


def unpacked(place: Place) -> AbstractContextManager[Path]:
    """The directory of what was found, as long as the block lasts."""
    return nullcontext(place) if isinstance(place, Path) else place.unpacked()


def _models(begin: Sequence[Path], zips: list[Path], deadline: float) -> Iterator[Path]:
    """Yields directories that look like a model's, the upper ones first, and notes zips on the way."""
    return (folder for folder, names in _folders(begin, zips, deadline) if is_model(names))


def _folders(begin: Sequence[Path], zips: list[Path], deadline: float) -> Iterator[tuple[Path, set[str]]]:
    """Yields directories with the names of what lies in them, the upper ones first, and notes zips on the way."""
    waiting = deque((place, 0) for place in begin)
    seen: set[tuple[int, int]] = set()
    while waiting and len(seen) < MOST_FOLDERS and time.monotonic() < deadline:
        folder, depth = waiting.popleft()
        try:
            status = folder.stat()
            with os.scandir(folder) as entries:
                names = {entry.name: entry for entry in entries}
        except (OSError, ValueError):
            continue
        if (status.st_dev, status.st_ino) in seen:  # links may lead in a circle
            continue
        seen.add((status.st_dev, status.st_ino))
        yield folder, set(names)
        for name, entry in sorted(names.items()):
            if name.lower().endswith(".zip"):
                zips.append(folder / name)
            elif depth < DEPTH and not name.startswith(".") and _is_folder(entry):
                waiting.append((folder / name, depth + 1))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _zipped(path: Path) -> list[ZippedModel]:
    try:
        return models_in_zip(path)
    except SfumatoError:  # another program's
        return []


def _digest(place: Place) -> str | None:
    """None for what turns out not to be a model, or holds more than its configuration says."""
    try:
        if isinstance(place, ZippedModel):
            return place.digest()
        weights = next((place / name for name in (WEIGHTS, ADAPTER) if (place / name).is_file()), None)
        most = most_weights_bytes(described_in(read_named_file(place / CONFIG, MOST_CONFIG_BYTES), place / CONFIG))
        return None if weights is None or weights.stat().st_size > most else digest_in(place)
    except (SfumatoError, OSError):
        return None
