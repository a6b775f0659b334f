"""Collections and datasets to test with, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare


def painted(seed: int, size: tuple[int, int]) -> Image.Image:
    """Soft patches of colour, different for every seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def paint() -> Callable[[int, tuple[int, int]], Image.Image]:
    return painted


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """A folder of three classes with 12, 8 and 4 pictures; every third one is upright, the others lie."""
    folder = tmp_path / "art"
    rows = ["file_name,creator"]
    for label, (name, count) in enumerate((("drawing", 12), ("painting", 8), ("sculpture", 4))):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            size = (40, 64) if index % 3 == 0 else (64, 40)
            painted(100 * label + index, size).save(folder / name / f"{index:02}.png")
            rows.append(f"{name}/{index:02}.png,{'Ana' if index < 2 else 'Ben' if index < 4 else ''}")
    (folder / "metadata.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def collection(art: Path, tmp_path: Path) -> Collection:
    list(collect(art, tmp_path / "collection", workers=1))
    return Collection.open(tmp_path / "collection")


@pytest.fixture
def make(collection: Collection, tmp_path: Path) -> Callable[..., Dataset]:
    """Prepare a dataset of the collection."""

    def run(name: str = "dataset", **options: object) -> Dataset:
        events = list(prepare(collection, tmp_path / name, **{"size": 32, "workers": 1, **options}))
        return Dataset.open(events[-1].path)

    return run
