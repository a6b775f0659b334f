"""Pictures to test with, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sfumato.collection import CollectEvent, Collection, Finished, LeftOut, collect


def painted(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Soft patches of colour, different for every seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def paint() -> Callable[..., Image.Image]:
    return painted


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """A folder of two classes with three pictures each."""
    folder = tmp_path / "art"
    for number, name in enumerate(("drawing", "painting")):
        (folder / name).mkdir(parents=True)
        for index in range(3):
            painted(10 * number + index).save(folder / name / f"{index}.png")
    return folder


class Gathered:
    """What a run of `collect` said."""

    def __init__(self, events: list[CollectEvent]) -> None:
        self.events = events
        assert isinstance(events[-1], Finished)
        self.finished: Finished = events[-1]
        self.collection: Collection = self.finished.collection
        self.files = [picture.file for picture in self.collection.pictures]
        self.left_out = {event.file: event for event in events if isinstance(event, LeftOut)}
        self.kinds = {file: event.kind for file, event in self.left_out.items()}

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def gather(tmp_path: Path) -> Callable[..., Gathered]:
    """Collect a source into `collection` with one worker, and keep what was said."""

    def run(source: Path, destination: Path | None = None, **options: object) -> Gathered:
        options = {"workers": 1, **options}
        return Gathered(list(collect(source, destination or tmp_path / "collection", **options)))

    return run
