"""Works measured against the pictures that they were learned from: a page and a record."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path

import torch

from sfumato.collection import WHITE, is_collection
from sfumato.dataset import Dataset
from sfumato.directory import OwnDirectory
from sfumato.disk import write_whole_text
from sfumato.errors import SfumatoError
from sfumato.evaluation import WorksToEvaluate
from sfumato.evaluation import evaluate as evaluated
from sfumato.evaluation.evaluation import FEWEST, compared_count
from sfumato.evaluation.works import (
    LARGEST_SIZE,
    MULTIPLE,
    SMALLEST_SIZE,
    common_size,
    picture_files,
    read_folder,
    works_of,
)
from sfumato.features.appearance import Descriptor
from sfumato.features.loading import features_named
from sfumato.images.colour import Colour
from sfumato.models import Generation, Model
from sfumato.pipeline.events import Began, Evaluated, Event, PageWritten, Sampled
from sfumato.pipeline.pictures import collection_of, dataset_of, short_sides
from sfumato.policy.policy import Policy
from sfumato.random import spread
from sfumato.reports import evaluation_page
from sfumato.reports.evaluation_words import cries_copies, farthest_class, headline, verdict
from sfumato.text import counted
from sfumato.training import Run, is_run
from sfumato.works.work import Work

REPORT, RECORD = "index.html", "evaluation.json"


def evaluate(
    works: str,
    against: Path,
    place: Path,
    *,
    count: int = 256,
    seed: int = 0,
    features: str | None = None,
    size: int | None = None,
    background: Colour = WHITE,
    include_works: bool = False,
    device: torch.device | None = None,
    force: bool = False,
) -> Iterator[Event]:
    """Measure works against pictures, and write page and record at ``place``; `PageWritten` is the last event.

    works: a model (a directory, a run, a zip, a Hub repository), of which ``count`` works are made for ``seed``, or a
    folder of pictures, of which ``count`` are taken. against: a run, a dataset, a collection, or a folder or zip.
    features: a network's name, None for plain ones; size: for a folder, at which pictures are compared. force: replace
    a report that is there. Raises SfumatoError.
    """
    if against.resolve() == place.resolve():
        raise SfumatoError(f"{place}: is where the pictures are; choose another -o")
    directory = OwnDirectory(place, "evaluation")
    directory.check((REPORT, RECORD, "collection", "dataset"), force=force, beside=against)
    if not force and (place / REPORT).exists():
        raise SfumatoError(f"{place}: holds an evaluation already; choose another -o, or say --force to replace it")
    device = device or torch.device("cpu")
    network = features_named(features, device) if features else Descriptor()
    model, run = (None, None) if is_folder_of_works(Path(works)) else _opened(works, size, device)
    dataset_at = partial(_dataset, against, place, background, include_works, force)
    with directory.at_work():
        with directory.nothing_left_of_a_failure():
            if model is None:
                dataset, made = yield from _of_a_folder(Path(works), dataset_at, count, size)
            else:
                dataset = yield from dataset_at(model.config.side, run)
                compared_count(count, dataset)  # raises where there are too few, before any is made
                made = yield from sampled_works(model, count, seed)
            yield Began("evaluating", "measuring")
            name = against.resolve().stem
            found = evaluated(made, dataset, network, against=name, seed=seed, model=model, run=run)
        for file, text in ((REPORT, evaluation_page(found)), (RECORD, json.dumps(found.record(), indent=2) + "\n")):
            write_whole_text(directory.claim(file), text, force=True)
    sentences = tuple(filter(None, [*verdict(found), farthest_class(found)]))
    yield Evaluated(
        found.size, found.features, tuple(found.metrics), headline(found), sentences, copies=cries_copies(found)
    )
    yield PageWritten(place / REPORT)


def is_folder_of_works(path: Path) -> bool:
    """Whether it is a directory that nothing says to be a model's or a run's."""
    return path.is_dir() and not any(
        (path / name).exists() for name in ("config.json", "model.safetensors", "run.json", "checkpoints", "model")
    )


def _opened(works: str, size: int | None, device: torch.device) -> tuple[Model, Run | None]:
    if size is not None:
        raise SfumatoError("--size is for a folder of pictures: a model has its own")
    model = Model.from_pretrained(works, device=str(device))
    return model, Run.open(Path(works)) if is_run(Path(works)) else None


def sampled_works(model: Model, count: int, seed: int) -> Generator[Event, None, WorksToEvaluate]:
    """The first ``count`` works of a seed, no class named."""
    yield Began("sampling", counted(count, "work"))
    generation, works = Generation.of(model, seed=seed, policy=Policy.none()), list[Work]()
    for step in generation.events(count):
        works += step.works
        yield Sampled(step.positions[0] + len(step.positions) * step.step / step.steps, count)
    return works_of(generation, works)


def _of_a_folder(
    folder: Path, dataset_at: Callable[..., Generator[Event, None, Dataset]], count: int, size: int | None
) -> Generator[Event, None, tuple[Dataset, WorksToEvaluate]]:
    """The dataset at the folder's size, and the pictures of the folder."""
    files = picture_files(folder)
    files = [files[index] for index in spread(torch.arange(len(files)), min(count, len(files))).tolist()]
    dataset = yield from dataset_at(size, most=common_size(files))
    return dataset, read_folder(folder, files, dataset.size, tuple(dataset.settings["background"]))


def _dataset(
    source: Path,
    place: Path,
    background: Colour,
    include_works: bool,
    force: bool,
    size: int | None,
    run: Run | None = None,
    most: int = LARGEST_SIZE,
) -> Generator[Event, None, Dataset]:
    """The pictures to measure against at the size; where none is given at their own, or at most ``most``.

    They may have to be collected and prepared at the report's place. A run's dataset is taken as it is, so that what it
    learned from and what it held out are what they were.
    """
    if is_run(source) or (source / "dataset.json").is_file():
        dataset = Dataset.open(Run.open(source).dataset if is_run(source) else source)
        if size in (None, dataset.size):
            return dataset
        if not is_collection(source / "collection"):
            raise SfumatoError(f"{source}: its pictures are {dataset.size} px and not {size}; give their collection")
        source = source / "collection"
    collection = yield from collection_of(
        source, place / "collection", background=background, include_works=include_works, force=force
    )
    learned = Dataset.open(run.dataset) if run is not None else None
    if learned is not None and learned.collection_digest == collection.digest and learned.size == size:
        return learned
    if size is None:
        sides = sorted(short_sides(collection))
        side = min(most, sides[len(sides) // 20])  # a few small ones need not make all small
        size = max(SMALLEST_SIZE, side - side % MULTIPLE)
    pixel_art = learned is not None and learned.pixel_art
    return (yield from dataset_of(collection, place / "dataset", size, pixel_art=pixel_art, fewest=FEWEST, force=force))
