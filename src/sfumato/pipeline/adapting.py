"""From a collection and a pre-trained model to a run that adapts it."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import torch

from sfumato.collection import Collection
from sfumato.dataset import Prepared
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.pipeline.events import Began, Event, Planned
from sfumato.pipeline.pictures import dataset_of
from sfumato.pretrained.checkpoint import check_no_pickle
from sfumato.pretrained.model_index import PICKLES
from sfumato.training import Run, disk_bytes
from sfumato.training.adapting import open_whole
from sfumato.training.adapting_plan import fitting
from sfumato.training.adapting_preparation import check_room, indexed_side, material_of, prepare_adapting
from sfumato.training.encoded import FOLDER, EncodedPictures
from sfumato.training.encoding import encode


def open_base(name: str, choices: Mapping[str, Any], device: torch.device | None) -> tuple[Model, dict[str, Any]]:
    """The pipeline of that name, and the choices with what follows from it. Raises SfumatoError where it cannot be
    opened, and for choices that do not go with it."""
    if Path(name).suffix.lower() in PICKLES:
        check_no_pickle(Path(name))
    if "adapter" not in choices:
        raise SfumatoError(f"{name}: a pre-trained model can be adapted, and not be trained as a whole; add --adapt")
    base = open_whole(name, device or torch.device("cpu"))
    return base, fitting(choices, base)


def begin_adapting(
    directory: OwnDirectory,
    collection: Collection,
    base: Model,
    choices: Mapping[str, Any],
    *,
    device: torch.device | None = None,
    force: bool = False,
) -> Generator[Event, None, tuple[Run, float]]:
    """Prepare, encode, measure and plan. base, choices: of `open_base`. Returns the run, and the seconds that measuring
    took. Raises SfumatoError."""
    pretrained = base.pretrained
    assert pretrained is not None, "it is a pre-trained one that is adapted"
    dataset = yield from dataset_of(collection, directory.path / "dataset", indexed_side(base.config.size), force=force)
    material, known = material_of(choices, base, dataset, collection)
    check_room(directory.path, material, pretrained)
    yield Began("encoding", "Encoding pictures and captions")
    encoded = yield from _encoded(encode(material, dataset, collection, pretrained, directory.path / FOLDER))
    yield Began("measuring", "measuring this machine")
    began = time.perf_counter()
    run, plan = prepare_adapting(
        directory,
        dataset,
        encoded,
        base,
        choices,
        collection=collection,
        known=known,
        device=device,
        force=force,
    )
    seconds = time.perf_counter() - began
    yield Planned(plan.sentence, disk_bytes(plan, dataset))
    return run, seconds


def _encoded(events: Generator[Prepared, None, EncodedPictures]) -> Generator[Event, None, EncodedPictures]:
    return (yield from events)
