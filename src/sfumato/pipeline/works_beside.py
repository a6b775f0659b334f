"""Works of models, or of folders, that stand beside a collection in its report."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sfumato.collection import Collection
from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation import WorksToEvaluate
from sfumato.evaluation.collection_report import Compared, WorksBeside
from sfumato.evaluation.palette import palette
from sfumato.evaluation.resampling import DRAWS
from sfumato.evaluation.shift import Looks, Reference, agreement, shifts
from sfumato.evaluation.works import common_size, picture_files, read_folder
from sfumato.images.tensors import as_tensor, to_pictures
from sfumato.models import Model
from sfumato.pipeline.evaluation import is_folder_of_works, sampled_works
from sfumato.pipeline.events import Began, Event
from sfumato.pipeline.pictures import dataset_of
from sfumato.random import spread
from sfumato.text import counted, readable
from sfumato.training import Run, is_run

FEWEST = 20  # families, and works, that a comparison needs
MOST_COMPARED = 4096  # pictures of the collection
WORKS_SHOWN = 24


@dataclass(frozen=True)
class Beside:
    """compared: what of the collection the works stand beside, None where there are none; notes: on what limits every
    comparison."""

    compared: Compared | None = None
    works: Sequence[WorksBeside] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """Works that are to stand beside the collection. model: None for a folder of pictures, whose files are named; size:
    of the works, in pixels; run: that trained the model, if it is one."""

    source: str
    model: Model | None
    files: Sequence[Path]
    size: int
    run: Run | None = None


def check_enough(path: Path, collection: Collection, count: int) -> None:
    families = collection.summary.groups
    if families < FEWEST:
        raise SfumatoError(
            f"{path}: {counted(families, 'picture')} that are not near duplicates, and beside works {FEWEST} are "
            "needed; leave out --model, or collect more"
        )
    if count < FEWEST:
        raise SfumatoError(f"{counted(count, 'work')}, and beside a collection {FEWEST} or more are needed; see -n")


def asked_for(source: str, count: int, device: torch.device) -> Asked:
    path = Path(source)
    if is_folder_of_works(path):
        files = picture_files(path)
        files = [files[index] for index in spread(torch.arange(len(files)), min(count, len(files))).tolist()]
        if len(files) < FEWEST:
            raise SfumatoError(f"{source}: {counted(len(files), 'picture')}, and {FEWEST} or more are needed")
        return Asked(source, None, files, common_size(files))
    model = Model.from_pretrained(source, device=str(device))
    run = Run.open(path) if is_run(path) else None
    return Asked(source, model, (), model.config.side, run)


def compared_with(
    collection: Collection, asked: Sequence[Asked], place: Path, count: int, seed: int, force: bool
) -> Generator[Event, None, Beside]:
    """Measure the works beside the collection's pictures at the size of the smallest of them; these may have to be
    prepared at ``place``. Raises SfumatoError where there are too few."""
    size = min(each.size for each in asked)
    large = {picture.group for picture in collection.pictures if min(picture.width, picture.height) >= size}
    if len(large) < FEWEST:
        raise SfumatoError(
            f"{collection.path}: {counted(len(large), 'picture')} of {size} pixels or more, and beside works of that "
            f"size {FEWEST} are needed that are not near duplicates; leave out --model, or collect more"
        )
    dataset = yield from _dataset(collection, asked, place, size, force)
    places = spread(torch.arange(len(dataset)), min(len(dataset), MOST_COMPARED))
    images = dataset.images(places)
    labels = dataset.labels[places] if dataset.classes else torch.full((len(places),), -1)
    reference = Reference.of(Looks.of(images), dataset.groups[places], labels, dataset.classes, seed)
    beside: list[WorksBeside] = []
    for each in asked:
        works = yield from _works(each, count, seed, size, dataset)
        yield Began("evaluating", "measuring")
        name = _unlike(works.name, [other.name for other in beside])
        beside.append(_beside(name, works, each.model, reference, collection, seed))
    compared = Compared(
        size=size,
        pictures=len(places),
        classes=list(reference.classes),
        found=reference.found() if reference.judges else [],
        confusion=reference.rates.tolist() if reference.judges else [],
        palette=palette(images, seed),
    )
    return Beside(compared, beside, _notes(collection, dataset, reference))


def _dataset(
    collection: Collection, asked: Sequence[Asked], place: Path, size: int, force: bool
) -> Generator[Event, None, Dataset]:
    """The collection's pictures at that size: as a run has them that learned from them, or prepared anew."""
    for each in asked:
        if each.run is not None:
            learned = Dataset.open(each.run.dataset)
            if learned.collection_digest == collection.digest and learned.size == size:
                return learned
    return (yield from dataset_of(collection, place, size, fewest=FEWEST, force=force))


def _works(asked: Asked, count: int, seed: int, size: int, dataset: Dataset) -> Generator[Event, None, WorksToEvaluate]:
    """Of that size, scaled as the collection's pictures are."""
    if asked.model is None:
        red, green, blue = dataset.settings["background"]
        return read_folder(Path(asked.source), asked.files, size, (red, green, blue))
    works = yield from sampled_works(asked.model, count, seed)
    if asked.size > size:
        works = replace(works, images=torch.stack([as_tensor(each, size) for each in to_pictures(works.images)]))
    if asked.run is not None:
        works = replace(works, facts={**works.facts, "Balance": asked.run.record.settings.balance})
    return works


def _beside(
    name: str, works: WorksToEvaluate, model: Model | None, reference: Reference, collection: Collection, seed: int
) -> WorksBeside:
    looks = Looks.of(works.images)
    notes, of_its_classes = _limits(model, collection)
    count = len(works.images)
    stated = works.classes if of_its_classes else [None] * count
    return WorksBeside(
        name=name,
        count=count,
        shifts=shifts(reference, looks, stated, seed=seed, draws=DRAWS, with_classes=of_its_classes),
        agreement=agreement(reference, looks, stated),
        palette=palette(works.images, seed),
        pictures=to_pictures(works.images[spread(torch.arange(count), min(WORKS_SHOWN, count))]),
        notes=notes,
        facts=works.facts,
        digests=works.digests,
    )


def _limits(model: Model | None, collection: Collection) -> tuple[list[str], bool]:
    """What limits the comparison, and whether works of the model may be of the collection's classes."""
    if model is None:
        return [], True
    notes, config = [], model.config
    if collection.digest not in {learned.collection for learned in config.learned_from}:
        notes.append(
            "The model does not say that it learned from this collection as it is now, so what differs need not be "
            "what its training added."
        )
    known = {readable(name) for name in collection.classes}
    strange = [name for name in config.classes if readable(name) not in known]
    if strange:
        named = ", ".join(f"‘{name}’" for name in strange[:5])
        notes.append(
            f"The model has classes that the collection has not ({named}), so its works are not counted by class."
        )
    return notes, not strange


def _notes(collection: Collection, dataset: Dataset, reference: Reference) -> list[str]:
    """What limits every comparison with the collection."""
    notes = []
    if (small := len(collection.pictures) - len(dataset)) > 0:
        notes.append(f"{counted(small, 'picture')} smaller than {dataset.size} pixels are not compared.")
    if reference.judges is None:
        why = (
            "no classes"
            if not dataset.classes
            else "one class alone"
            if len(dataset.classes) == 1
            else "too few of each class"
        )
        notes.append(f"The collection has {why}, so works are not counted by class.")
    elif (unlabelled := int((reference.labels < 0).sum())) > 0:
        notes.append(f"{counted(unlabelled, 'picture')} of no class, or of too rare a one, are not among its shares.")
    return notes


def _unlike(name: str, others: Sequence[str]) -> str:
    """The name, with a number where there is one like it already: two runs may both be called 'run'."""
    number = 2
    unlike = name
    while unlike in others:
        unlike, number = f"{name} ({number})", number + 1
    return unlike
