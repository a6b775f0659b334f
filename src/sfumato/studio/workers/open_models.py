"""The models that a worker has open: the last ones that were asked for, as long as there is memory for them."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.nearby import find_pipeline, find_weights, unpacked
from sfumato.models.place import digest_in
from sfumato.pretrained.machine import available_bytes
from sfumato.pretrained.opening import is_pipeline
from sfumato.studio.model_folders import model_folder, model_folders
from sfumato.studio.place import Place
from sfumato.works.recipe import Recipe

MOST_OPEN: Final = 2
LEAST_FREE: Final = 2 << 30  # bytes, under which no other model stays open beside the one that is asked for

_Version = tuple[str, tuple[tuple[str, int, int], ...]]


class OpenModels:
    """A run that goes on, or ends, makes its model anew: one that has changed on the disk is opened again."""

    def __init__(self, place: Place, roots: Sequence[Path] = (), device: str = "auto") -> None:
        self.place, self.roots, self.device = place, roots, device
        self._open: OrderedDict[_Version, Model] = OrderedDict()

    def opened(self, id: str) -> Model:
        """Raises SfumatoError where there is no such model, or it cannot be read."""
        return self._at(model_folder(self.place, id, self.roots))

    def of_recipe(self, recipe: Recipe, device: str | None = None) -> tuple[str, Model]:
        """The model that a recipe names, to the bit, and its id ('' for one that has none). Raises SfumatoError where
        it is not one of the studio's or below a root."""
        wanted = recipe.model
        for id, folder in model_folders(self.place, self.roots):
            if not wanted.files and not is_pipeline(folder) and _digest(folder) == wanted.digest:
                return id, self._at(folder, device)
        if wanted.files and (found := find_pipeline(wanted, self.roots)) is not None:
            return "", self._at(found, device)
        if not wanted.files and (place := find_weights(wanted.digest, [self.place.runs, *self.roots])) is not None:
            with unpacked(place) as folder:
                return "", Model.from_pretrained(folder, device=device or self.device)
        raise SfumatoError(
            f"the work was made with '{wanted.name}' (weights {wanted.digest[:10]}), and no model of the studio has "
            "these weights; bring that model back, or start the studio with --root and the folder that it lies in"
        )

    def _at(self, folder: Path, device: str | None = None) -> Model:
        version = _version(folder, device or self.device)
        if version in self._open:
            self._open.move_to_end(version)
            return self._open[version]
        self._make_room()
        model = Model.from_pretrained(folder, device=device or self.device)
        self._open[version] = model
        return model

    def _make_room(self) -> None:
        import torch

        while self._open and (len(self._open) >= MOST_OPEN or available_bytes(torch.device("cpu")) < LEAST_FREE):
            self._open.popitem(last=False)
            gc.collect()


def _version(folder: Path, device: str) -> _Version:
    """The folder, and what its files are like at this moment."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return f"{device} {folder}", tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in files)


def _digest(folder: Path) -> str | None:
    try:
        return digest_in(folder)
    except (SfumatoError, OSError):
        return None
