"""Where models lie, by the ids that the page and the API know them by, without opening one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.studio.entries import is_id
from sfumato.studio.place import Place

DEPTH: Final = 3  # folders below a root that models are looked for in
MOST_FOLDERS: Final = 2000
_MODEL: Final = "model"
_CONFIG, _WEIGHTS, _INDEX = "config.json", ("model.safetensors", "adapter.safetensors"), "model_index.json"


def model_folders(place: Place, roots: Sequence[Path] = ()) -> Iterator[tuple[str, Path]]:
    """Yields id and folder of each: of runs of the studio that have a model, the newest first, whose id is the run's;
    then of those in the folders that the owner named, pipelines of diffusers among them."""
    runs = [run for run in _folders_in(place.runs) if is_id(run.name) and is_model(run / _MODEL)]
    yield from ((run.name, run / _MODEL) for run in sorted(runs, key=_changed, reverse=True))
    for root in roots:
        yield from ((id_of(folder), folder) for folder in _models_below(root))


def model_folder(place: Place, id: str, roots: Sequence[Path] = ()) -> Path:
    """The folder of a model. Raises SfumatoError where there is none of that id."""
    if is_id(id) and is_model(place.runs / id / _MODEL):
        return place.runs / id / _MODEL
    for root in roots:
        for folder in _models_below(root):
            if id_of(folder) == id:
                return folder
    if is_id(id) and (place.runs / id / "run.json").is_file():
        raise SfumatoError(f"the training '{id}' has made no model yet; wait for it, or stop it and keep what it has")
    raise SfumatoError(f"there is no model '{id}' here; choose one of the list")


def is_model(folder: Path) -> bool:
    """Whether a folder looks like a model's, whole or adapted, or a pipeline's of diffusers."""
    if (folder / _INDEX).is_file():
        return True
    return (folder / _CONFIG).is_file() and any((folder / name).is_file() for name in _WEIGHTS)


def id_of(folder: Path) -> str:
    """Of a model outside the studio: the name of its run or folder, and eight digits of its path's SHA-256."""
    real = folder.resolve()
    named = real.parent.name if real.name == _MODEL else real.name
    stem = re.sub("[^a-z0-9]+", "-", named.lower().encode("ascii", "ignore").decode())[:50].strip("-") or _MODEL
    return f"{stem}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:8]}"


def _models_below(root: Path) -> Iterator[Path]:
    """Breadth first, links not followed, and nothing inside a model."""
    waiting, seen = [(root, 0)], 0
    while waiting and seen < MOST_FOLDERS:
        folder, depth = waiting.pop(0)
        seen += 1
        if is_model(folder):
            yield folder
        elif depth < DEPTH:
            waiting += [(each, depth + 1) for each in _folders_in(folder)]


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [Path(path) for path in sorted(found) if not Path(path).name.startswith(".")]


def _changed(run: Path) -> float:
    try:
        return (run / _MODEL / _CONFIG).stat().st_mtime
    except OSError:
        return 0.0
