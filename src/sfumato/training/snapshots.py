"""Snapshots: what the model makes of fixed seeds at regular moments, and the strip and animation made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from sfumato.directory import OwnDirectory
from sfumato.works import save, save_animation, strip
from sfumato.works.viewing import evenly_spaced

_FOLDER, _NAME = "snapshots", re.compile(r"\d{8,}\.png")


def moments(count: int) -> list[float]:
    """When, as shares of the run: dense at first, when much changes, and at the very end. count: 0 or more."""
    return [((index + 1) / count) ** 1.8 for index in range(count)]


def snapshot_names(run: Path) -> list[str]:
    """What lies in a run's folder of snapshots under a name such as theirs."""
    return sorted(f"{_FOLDER}/{path.name}" for path in (run / _FOLDER).glob("*.png") if _NAME.fullmatch(path.name))


@dataclass(frozen=True)
class Snapshots:
    """A run's sheets, one a moment and named by its step, each a row of pictures."""

    directory: OwnDirectory

    def keep(self, pictures: Sequence[Image.Image], step: int) -> Path:
        """Write the snapshot of a step (again, if an interrupted session made it already) and return its file."""
        row = Image.fromarray(np.concatenate([np.asarray(picture) for picture in pictures], 1))
        path = self.directory.claim(f"{_FOLDER}/{step:08d}.png")
        path.parent.mkdir(exist_ok=True)
        save(row, path, force=True)
        return path

    def forget_after(self, step: int) -> None:
        """Remove those of later steps: a killed session made them, and the resumed one will make its own."""
        self.directory.remove(name for name in self._names() if int(Path(name).stem) > step)

    def summarise(self, strip_name: str, animation_name: str) -> None:
        """Join all snapshots into one strip (columns are moments) and one animation. Nothing without snapshots."""
        paths = [self.directory.path / name for name in self._names()]
        if not paths:
            return
        rows = [_pictures(path) for path in paths]
        captions = [f"step {int(path.stem):,}" for path in paths]
        shown = evenly_spaced(len(paths), 12)
        joined = strip([rows[i] for i in shown], [captions[i] for i in shown])
        save(joined, self.directory.claim(strip_name), force=True)
        sheets = [strip([row], [caption], scale=None) for row, caption in zip(rows, captions, strict=True)]
        video = self.directory.claim(animation_name)
        save_animation(sheets, video, seconds=max(2.0, len(sheets) / 3), scale=1, force=True)

    def _names(self) -> list[str]:
        own = self.directory.own()
        return [name for name in snapshot_names(self.directory.path) if name in own]


def _pictures(path: Path) -> list[Image.Image]:
    with Image.open(path) as row:
        row.load()
    side = row.height
    return [row.crop((left, 0, left + side, side)) for left in range(0, row.width, side)]
