"""From a pre-trained model and a dataset to what is to be encoded, and to a run that can begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from sfumato.collection import Collection
from sfumato.collection.captions import Captions, CaptionTemplate
from sfumato.collection.holdings import Holdings
from sfumato.dataset import Dataset
from sfumato.dataset.buckets import Buckets
from sfumato.dataset.preparing import SMALLEST_SIZE
from sfumato.directory import OwnDirectory
from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.models.adapted_pipeline import pipeline_reference
from sfumato.models.record import TRIGGER, combined
from sfumato.pretrained.bridge import Pretrained
from sfumato.provenance.sources import LearnedFrom, learned_also
from sfumato.random import spread
from sfumato.text import counted, stored_path
from sfumato.training.adapting_plan import plan_adapting
from sfumato.training.choices import resolve
from sfumato.training.encoded import EncodedPictures, Material, put
from sfumato.training.objectives.adapting import SNAPSHOT_PROMPTS, AdaptingConfig
from sfumato.training.plan import Plan
from sfumato.training.preparation import check_disk, disk_bytes
from sfumato.training.run import Run, RunRecord, check_parent_stays, clear_run

INDEXED_SIDE = 128  # pixels, of the squares by which near copies are known: more show no more of them
FEWEST_SHAPES_A_SIDE = (
    16  # cells of a shape along the network's own side: with many more, hardly two pictures share one
)


def indexed_side(size: int) -> int:
    """The side of the data set's squares, in pixels, and the least side of a picture that is learned from. size: the
    base's."""
    return max(SMALLEST_SIZE, min(INDEXED_SIDE, size // 32 * 8))


def shape_multiple(base: Pretrained) -> int:
    """Of what the sides of pictures are multiples, in pixels: what the network takes, and not much finer than a
    sixteenth of its own side."""
    halvings = len(base.pipeline.unet.config.block_out_channels) - 1 if base.family.network == "unet" else 0
    needed: int = base.codec.factor * 2**halvings
    return needed * max(1, base.size // (FEWEST_SHAPES_A_SIDE * needed))


def material_of(
    choices: Mapping[str, Any], base: Model, dataset: Dataset, collection: Collection
) -> tuple[Material, tuple[str, ...]]:
    """What is to be encoded, and what is to be said of it. Raises SfumatoError for a template that is none."""
    settings, pretrained = resolve(choices), base.pretrained
    assert pretrained is not None and isinstance(settings.objective, AdaptingConfig), "a pre-trained one is adapted"
    known = {picture.file: picture for picture in collection.pictures}
    pictures = [known[file] for file in dataset.files]
    captions = Captions.of(pictures, CaptionTemplate.parse(settings.objective.caption), settings.objective.trigger)
    sizes = [(picture.width, picture.height) for picture in pictures]
    buckets = Buckets.of(sizes, area=settings.size**2, multiple=shape_multiple(pretrained))
    shown = spread(dataset.train, min(SNAPSHOT_PROMPTS, len(dataset.train))).tolist()
    material = Material(
        base.weights_digest,
        dataset.digest,
        captions.texts,
        buckets.shapes,
        tuple(captions.texts[index] for index in shown),
    )
    cut = sum(bool(pretrained.encoder.cut(text)) for text in set(captions.texts))
    longer = (f"{counted(cut, 'caption')} longer than the text encoder takes, and cut",) if cut else ()
    return material, (buckets.sentence, captions.sentence, *longer)


def check_room(path: Path, material: Material, base: Pretrained) -> None:
    """Raises SfumatoError where the encoded pictures would not fit on the disk."""
    words = sum(tensor.nbytes for tensor in put("", base.encoder.condition("").given).values())
    cells = sum(shape.width * shape.height for shape in material.shapes) // base.codec.factor**2
    check_disk(path, len(material.shapes) * words + 4 * base.codec.channels * cells)


def prepare_adapting(
    directory: OwnDirectory,
    dataset: Dataset,
    encoded: EncodedPictures,
    base: Model,
    choices: Mapping[str, Any],
    *,
    collection: Collection,
    known: Sequence[str] = (),
    device: torch.device | None = None,
    force: bool = False,
) -> tuple[Run, Plan]:
    """Plan and write down a new run that adapts a pre-trained model.

    directory: the run's, in which the caller is at work; choices: as `adapting_plan.fitting` gave them; known: what the
    plan and the model's card say of pictures and captions; force: a run that is there goes. Raises SfumatoError as
    `prepare_run` does.
    """
    device, path = device or torch.device("cpu"), directory.path
    if collection.digest != dataset.collection_digest:
        raise SfumatoError(f"{dataset.path}: was not prepared from {collection.path} as it is now; prepare it again")
    made = plan_adapting(choices, base, dataset, encoded, device, tuple(known))
    check_disk(path, disk_bytes(made, dataset) - dataset.pixels.numel())
    place = local_path(base.place)
    assert base.record is not None, "pipelines have a record"
    reference = pipeline_reference(base.reference, _lasting(base.place), base.record.facts.get("License", ""))
    own = Holdings.of(collection)
    facts = {"Base": _said_of(base), "Pictures and captions": "; ".join(known)}
    if isinstance(made.settings.objective, AdaptingConfig) and made.settings.objective.trigger:
        facts[TRIGGER] = made.settings.objective.trigger
    record = RunRecord(
        settings=made.settings,
        plan=made.sentence,
        dataset=stored_path(dataset.path.resolve().relative_to(path.resolve())),
        dataset_digest=dataset.digest,
        weights_from=reference.place,
        base=reference,
        encoded_digest=encoded.digest,
        descends_from=(base.weights_digest,),
        learned_from=learned_also(LearnedFrom.of(dataset.collection_digest, own.licences), base.config.learned_from),
        facts=facts,
        trained=len(dataset.train),
        held_out=len(dataset.held_out),
        collection=stored_path(collection.path.resolve()),
    )
    if force and place.exists():
        check_parent_stays(path, place)
    with directory.at_work():
        if force:
            clear_run(directory)
        return Run.create(directory, record, holdings=combined(own, base.record)), made


def _lasting(place: str) -> str:
    """A place that is found from any directory: of a folder its whole path."""
    path = local_path(place)
    return stored_path(path.resolve()) if path.exists() else place


def _said_of(base: Model) -> str:
    assert base.pretrained is not None and base.record is not None, "pipelines have a record"
    licence = base.record.facts.get("License", "its own card states none")
    title = base.pretrained.family.title
    return f"{base.config.name} ({title}); its licence: {licence}; what it learned from is not known"
