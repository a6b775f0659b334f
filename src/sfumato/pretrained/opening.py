"""From the name that a person types to a pipeline of diffusers, with what is known of its files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfumato.disk import local_path, read_named_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.base_card import read_base_card
from sfumato.pretrained.digests import digest_of_all, digests_of
from sfumato.pretrained.extra import require
from sfumato.pretrained.loading import load_pipeline
from sfumato.pretrained.model_index import INDEX, MOST_INDEX_BYTES, files_of, index_of
from sfumato.text import shortened, stored_path

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class OpenedPipeline:
    """pipeline: of diffusers, on the CPU, its weights frozen; place: what it was opened by, a path or 'owner/name';
    revision: the commit on the Hub, '' for what lies here; path: the folder or file that it was loaded from; files:
    SHA-256 of each file that it was loaded from, by its path in the folder; licence: as its card or its file states it,
    '' where that says nothing; card: the text of its README, or ''; notes: what was assumed, a sentence each."""

    pipeline: Any
    place: str
    revision: str
    path: Path
    files: dict[str, str]
    licence: str = ""
    card: str = ""
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the whole: of its one file, or of the list of its files with their digests."""
        return digest_of_all(self.files)


def is_pipeline(name: str | Path) -> bool:
    """Whether a name stands for a pipeline of diffusers, and not for one of sfumato's own models."""
    return (local_path(name) / INDEX).is_file()


def open_pipeline(name: str | Path, revision: str | None = None, *, dtype: torch.dtype | None = None) -> OpenedPipeline:
    """Load a pipeline from a folder that diffusers wrote.

    dtype: of the weights, by default float32. Raises SfumatoError where there is no such model, where it is of no known
    kind or not whole, and where diffusers is not installed.
    """
    path, said = local_path(name), shortened(str(name))
    require(said)
    if path.is_dir():
        return _from_folder(path, said, dtype)
    raise SfumatoError(f"{said}: no such folder; give that of a diffusers model")


def _from_folder(folder: Path, place: str, dtype: torch.dtype | None, revision: str = "") -> OpenedPipeline:
    import torch

    if not (folder / INDEX).is_file():
        raise SfumatoError(f"{place}: holds no {INDEX}, so it is no diffusers model; give the folder of one")
    index = index_of(read_named_file(folder / INDEX, MOST_INDEX_BYTES), place)
    chosen, variant = files_of(index, _names_in(folder), place)
    files = digests_of({name: folder / name for name in chosen})
    pipeline = load_pipeline(folder, index, variant, dtype or torch.float32, place)
    card = read_base_card(folder)
    return OpenedPipeline(pipeline, stored_path(Path(place)), revision, folder, files, card.licence, card.text)


def _names_in(folder: Path) -> list[str]:
    """Of the files in a folder and in those within it, with '/'."""
    found = []
    for each in os.scandir(folder):
        if each.is_file():
            found.append(each.name)
        elif each.is_dir():
            found += [f"{each.name}/{inner.name}" for inner in os.scandir(each) if inner.is_file()]
    return found
