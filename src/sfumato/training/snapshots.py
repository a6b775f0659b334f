"""Snapshots: what the model makes of fixed seeds at regular moments, and the strip and animation made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from sfumato.models import Generation, Model, to_pictures
from sfumato.training.checkpoint import write_through
from sfumato.works import save_animation, strip

PICTURES = 8
STEPS = 16


def moments(count: int) -> list[float]:
    """When, as shares of the run: dense at first, when much changes, and at the very end. count: 0 or more."""
    return [((index + 1) / count) ** 1.8 for index in range(count)]


@dataclass(frozen=True)
class Snapshots:
    """A folder of sheets, one a moment, each ``PICTURES`` pictures in a row, and its captions."""

    folder: Path

    def take(self, model: Model, number: int, caption: str, seed: int) -> Path:
        """Make snapshot ``number`` (again, if an interrupted session made it already) and return its file."""
        generation = Generation.of(model, seed=seed, steps=STEPS)
        finished = [step for step in generation.steps(PICTURES) if step.step == step.steps]
        pictures = [picture for step in finished for picture in to_pictures(step.noisy)]
        side = model.config.size
        row = Image.new("RGB", (side * PICTURES, side))
        for place, picture in enumerate(pictures):
            row.paste(picture, (place * side, 0))
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{number:03d}.png"
        row.save(path)
        write_through(path.with_suffix(".json"), json.dumps({"caption": caption}).encode())
        return path

    def summarise(self, strip_path: Path, animation_path: Path) -> None:
        """Join all snapshots into one strip (columns are moments) and one animation. Nothing without snapshots."""
        paths = sorted(self.folder.glob("*.png"))
        if not paths:
            return
        rows = [_pictures(path) for path in paths]
        captions = [json.loads(path.with_suffix(".json").read_bytes())["caption"] for path in paths]
        shown = _spread(len(paths), 12)
        strip([rows[i] for i in shown], [captions[i] for i in shown]).save(strip_path)
        sheets = [strip([row], [caption], scale=None) for row, caption in zip(rows, captions, strict=True)]
        save_animation(sheets, animation_path, seconds=max(2.0, len(sheets) / 3), scale=1, force=True)


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
