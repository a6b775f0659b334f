"""A tiny collection, a dataset of it and settings for tiny runs, made once for all tests."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.models import sampling
from sfumato.networks import UNetConfig
from sfumato.pipeline import demonstration
from sfumato.training import Run, prepare_run
from sfumato.training import plan as planning

TINY_SETTINGS: dict[str, Any] = {
    "size": 32,
    "network": UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
    "batch": 4,
    "steps": 12,
    "threads": 1,
    "log_every": 2,
    "checkpoint_every": 5,
    "evaluations": 4,
    "snapshots": 2,
}


def pytest_configure(config: pytest.Config) -> None:
    """Processes that share the cores have one thread each, and so have theirs: more would wait for one another."""
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: last, one of them would be waited for by all the other processes."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def paint() -> Callable[..., Image.Image]:
    """(seed, (width, height)) -> soft patches of colour, different for every seed."""

    def painted(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
        patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)

    return painted


@pytest.fixture(scope="session")
def palette_distance() -> Callable[[Tensor, Tensor], Tensor]:
    """(pictures [N, 3, H, W] in -1..1, palette [K, 3]) -> [N], as in `benchmarks/control_figures.py`: the mean distance
    to the nearest colour, in grey levels of 256."""

    def distance(images: Tensor, palette: Tensor) -> Tensor:
        each = torch.stack([(images - colour.view(3, 1, 1)).square().mean(1) for colour in palette.to(images)])
        return each.amin(0).sqrt().mean((1, 2)) * 127.5

    return distance


@pytest.fixture(scope="session")
def tiny_art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five classes with four pictures of 32 px each."""
    folder = tmp_path_factory.mktemp("tiny") / "art"
    list(draw_collection(folder, per_class=4, size=32))
    return folder


@pytest.fixture(scope="session")
def tiny_collection(tiny_art: Path) -> Collection:
    list(collect(tiny_art, tiny_art.parent / "collection", workers=1))
    return Collection.open(tiny_art.parent / "collection")


@pytest.fixture(scope="session")
def tiny_dataset(tiny_collection: Collection, tiny_art: Path) -> Dataset:
    """Do not change it: all tests share it."""
    list(prepare(tiny_collection, tiny_art.parent / "dataset", size=32, workers=1))
    return Dataset.open(tiny_art.parent / "dataset")


@pytest.fixture(scope="session")
def tiny_settings() -> dict[str, Any]:
    """Of a run that takes about a second."""
    return dict(TINY_SETTINGS)


@pytest.fixture(scope="session")
def brief_plans() -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, plans measure nothing and take the smallest network: for timed runs of which it does not
    matter what network they have."""

    @contextmanager
    def briefly() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(planning, "measure", lambda *_: planning.Speed(0.1, "float32"))
            yield

    return briefly


@pytest.fixture(scope="session")
def small_demonstrations(
    brief_plans: Callable[[], AbstractContextManager[None]],
) -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, demonstrations draw eight pictures of each class, and sample the two works they keep."""

    @contextmanager
    def small() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, brief_plans():
            patch.setattr(demonstration, "DRAWN_PER_CLASS", 8)
            patch.setattr(demonstration, "WORKS_PER_CLASS", 2)
            patch.setattr(sampling, "BATCH", 2)
            yield

    return small


@pytest.fixture
def begin(tiny_dataset: Dataset, tmp_path: Path) -> Callable[..., Run]:
    """(name, settings that differ) -> a run of the tiny dataset that can begin."""

    def make(name: str = "run", *, dataset: Dataset | None = None, **settings: Any) -> Run:
        return prepare_run(tmp_path / name, dataset or tiny_dataset, {**TINY_SETTINGS, **settings})[0]

    return make
