"""A studio's directory with a run that was trained, for those that only read it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sfumato.dataset import Dataset
from sfumato.studio.entries import Entry
from sfumato.studio.place import Place
from sfumato.training import prepare_run, train

RUN = "sea-studies-1"


@pytest.fixture(scope="session")
def trained(
    tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A place with the run 'sea-studies-1' of the five drawn classes, its model, two snapshots and a log."""
    place = Place(tmp_path_factory.mktemp("trained") / "studio")
    place.runs.mkdir(parents=True)
    folder: Path = Entry("Sea studies", 1, "2026-11-29T12:00:00+00:00").folder(place.runs)
    assert folder.name == RUN
    threads = torch.get_num_threads()
    run, *_ = prepare_run(folder, tiny_dataset, {**tiny_settings, "snapshots": 2})
    for _ in train(run):
        pass
    torch.set_num_threads(threads)
    yield place
