"""Who and what is in a collection, and beside it what works of models have more or less of: a page and a record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import torch
from PIL import Image

from sfumato.collection import Collection, Picture
from sfumato.collection.storing import read_stored
from sfumato.directory import OwnDirectory
from sfumato.disk import write_whole_text
from sfumato.errors import SfumatoError
from sfumato.evaluation.collection_report import CollectionReport
from sfumato.evaluation.representation import Representation
from sfumato.pipeline.events import Began, Event, PageWritten, Represented
from sfumato.pipeline.works_beside import Beside, asked_for, check_enough, compared_with
from sfumato.reports import representation_page
from sfumato.reports.page import HANGING_SIZE
from sfumato.reports.representation_words import headline
from sfumato.reports.shift_words import disjoint_sentences, sentences
from sfumato.text import readable
from sfumato.works.viewing import evenly_spaced

REPORT, RECORD = "index.html", "representation.json"
EXAMPLES, FAMILIES_SHOWN, CLASSES_SHOWN = 8, 3, 12


def report(
    collection: Path,
    place: Path,
    *,
    works: Sequence[str] = (),
    count: int = 512,
    seed: int = 0,
    device: torch.device | None = None,
    force: bool = False,
) -> Iterator[Event]:
    """Write page and record of a collection at ``place``; `PageWritten` is the last event.

    works: models (a directory, a run, a zip, a Hub repository), of each of which ``count`` works are made for ``seed``
    without naming a class, or folders of pictures, of which ``count`` are taken. force: replace a report that is there.
    Raises SfumatoError.
    """
    stored = read_stored(collection)
    opened = Collection(collection, stored)
    if not opened.pictures:
        raise SfumatoError(f"{collection}: holds no pictures; collect some first")
    directory = OwnDirectory(place, "representation")
    directory.check((REPORT, RECORD, "dataset"), force=force, beside=collection)
    if not force and (place / REPORT).exists():
        raise SfumatoError(f"{place}: holds a report already; choose another -o, or say --force to replace it")
    if works:
        check_enough(collection, opened, count)
    asked = [asked_for(source, count, device or torch.device("cpu")) for source in works]
    with directory.at_work():
        with directory.nothing_left_of_a_failure():
            yield Began("evaluating", "counting")
            found = Representation.of(opened.pictures, stored.thumbnails[: len(opened.pictures)], seed)
            beside = Beside()
            if asked:
                beside = yield from compared_with(opened, asked, place / "dataset", count, seed, force)
            made = _with_examples(opened, found, beside, seed)
        for file, text in ((REPORT, representation_page(made)), (RECORD, json.dumps(made.record(), indent=2) + "\n")):
            write_whole_text(directory.claim(file), text, force=True)
    said = [f"{each.name}: {sentence}" for each in made.works for sentence in [*each.notes, *sentences(each)]]
    yield Represented(headline(found), (*made.notes, *said, *disjoint_sentences(made.works)))
    yield PageWritten(place / REPORT)


def _with_examples(collection: Collection, found: Representation, beside: Beside, seed: int) -> CollectionReport:
    """The report, with some of the pictures as far as they are still where they were."""
    notes = list(beside.notes)
    largest = found.creators.concentration.largest if found.creators.concentration.names > 1 else None
    classes = sorted(found.classes, key=lambda name: -found.classes[name])[:CLASSES_SHOWN]
    shown = partial(_shown, collection)
    try:
        examples = {name: shown([each for each in collection.pictures if each.category == name]) for name in classes}
        if not examples:
            examples = {"": shown(collection.pictures)}
        by_largest = shown([each for each in collection.pictures if each.creator.strip() == largest])
        families = [
            shown([each for each in collection.pictures if each.file in files])
            for files in map(frozenset, found.duplicates.largest[:FAMILIES_SHOWN])
        ]
    except (SfumatoError, OSError):
        examples, by_largest, families = {}, [], []
        notes.append(f"Pictures are no longer where they were collected, in {collection.source}, so none is shown.")
    return CollectionReport(
        name=readable(collection.source.stem or collection.path.resolve().name),
        digest=collection.digest,
        seed=seed,
        representation=found,
        compared=beside.compared,
        works=beside.works,
        examples=examples,
        largest=by_largest,
        families=families,
        notes=notes,
    )


def _shown(collection: Collection, pictures: Sequence[Picture]) -> list[tuple[Image.Image, str]]:
    """Some of the pictures, no larger than they hang, each with its file. Raises SfumatoError or OSError where one
    cannot be read."""
    found = []
    for place in evenly_spaced(len(pictures), EXAMPLES):
        image = collection.read(pictures[place])
        image.thumbnail((HANGING_SIZE * 2, HANGING_SIZE * 2))
        found.append((image, readable(pictures[place].file)))
    return found
