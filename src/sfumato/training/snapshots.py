"""Snapshots: what the model makes of fixed seeds at regular moments, and the strip and animation made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from sfumato.disk import write_through
from sfumato.provenance import save_marked
from sfumato.works import save_animation, strip


def moments(count: int) -> list[float]:
    """When, as shares of the run: dense at first, when much changes, and at the very end. count: 0 or more."""
    return [((index + 1) / count) ** 1.8 for index in range(count)]


@dataclass(frozen=True)
class Snapshots:
    """A folder of sheets, one a moment and named by its step, each a row of pictures."""

    folder: Path

    def keep(self, pictures: Sequence[Image.Image], step: int) -> Path:
        """Write the snapshot of a step (again, if an interrupted session made it already) and return its file."""
        side = pictures[0].height
        row = Image.new("RGB", (side * len(pictures), side))
        for place, picture in enumerate(pictures):
            row.paste(picture, (place * side, 0))
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{step:08d}.png"
        _write(row, path)
        return path

    def forget_after(self, step: int) -> None:
        """Remove those of later steps: a killed session made them, and the resumed one will make its own."""
        for path in self._paths():
            if int(path.stem) > step:
                path.unlink()

    def summarise(self, strip_path: Path, animation_path: Path) -> None:
        """Join all snapshots into one strip (columns are moments) and one animation. Nothing without snapshots."""
        paths = self._paths()
        if not paths:
            return
        rows = [_pictures(path) for path in paths]
        captions = [f"step {int(path.stem):,}" for path in paths]
        shown = _spread(len(paths), 12)
        _write(strip([rows[i] for i in shown], [captions[i] for i in shown]), strip_path)
        sheets = [strip([row], [caption], scale=None) for row, caption in zip(rows, captions, strict=True)]
        save_animation(sheets, animation_path, seconds=max(2.0, len(sheets) / 3), scale=1, force=True)

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.png") if path.stem.isdigit())


def _write(picture: Image.Image, path: Path) -> None:
    file = BytesIO()
    save_marked(picture, file, format="PNG")
    write_through(path, file.getvalue())


def _pictures(path: Path) -> list[Image.Image]:
    with Image.open(path) as row:
        row.load()
    side = row.height
    return [row.crop((left, 0, left + side, side)) for left in range(0, row.width, side)]


def _spread(count: int, most: int) -> Sequence[int]:
    """At most ``most`` indices, evenly spread, the first and last among them."""
    if count <= most:
        return range(count)
    return sorted({round(place * (count - 1) / (most - 1)) for place in range(most)})
