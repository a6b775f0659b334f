"""From choices and a dataset to a run that can begin."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import mode
from typing import Any

import torch

from sfumato.collection import Collection
from sfumato.collection.holdings import Holdings
from sfumato.dataset import Batches, Dataset
from sfumato.diffusion import Condition
from sfumato.directory import OwnDirectory
from sfumato.disk import local_path
from sfumato.errors import SfumatoError
from sfumato.features.vgg import PerceptualLoss
from sfumato.features.vgg_file import vgg_file
from sfumato.models import Model
from sfumato.models.bases import reference_to
from sfumato.models.place import opened_model
from sfumato.models.record import FIRST_WEIGHTS, combined
from sfumato.provenance.sources import LearnedFrom, learned_also
from sfumato.text import restored_path, stored_path
from sfumato.training.choices import layered, resolve
from sfumato.training.conditions import known_classes, model_name
from sfumato.training.initial import SAID_OF_DRAWN, initial_weights
from sfumato.training.objectives import OBJECTIVES, PICTURES
from sfumato.training.plan import NO_CLASS, Plan, plan
from sfumato.training.presets import ADAPTING
from sfumato.training.run import Run, RunRecord, check_parent_stays, check_run_place, clear_run, kept_teacher
from sfumato.training.warm_start import SHARED, check_fit
from sfumato.weights import digest

CHECKPOINT_COPIES = 3  # two are kept while the next one is written
LOG_LINE_BYTES = 300
KNOWN_BYTES = 2_000  # of each picture, in collection and dataset
VGG_BYTES = 7_000_000
FIXED_BYTES = 1_000_000  # descriptions, the card, the heads of files
SMALL, LARGE, LARGE_FROM_MINUTES = 32, 64, 15


def suitable_size(short_sides: Sequence[int], minutes: float, factor: int = 1, *, pixel_art: bool = False) -> int:
    """The training size where none was chosen: 64 px from 15 minutes on, unless many pictures are smaller.

    factor: of an upscaler, which learns from crops, and takes 64 px in whatever time.
    pixel_art: the smallest size to which most pictures are enlarged by a whole number, if there is one up to 64 px.
    """
    if pixel_art and factor == 1:
        usual = mode(short_sides)
        whole = next((size for size in range(SMALL, LARGE + 1, 8) if size % usual == 0), None)
        if whole is not None:
            return whole
    large_enough = sum(side >= LARGE * factor for side in short_sides) >= 0.95 * len(short_sides)
    return LARGE if large_enough and (minutes >= LARGE_FROM_MINUTES or factor > 1) else SMALL


def parent_choices(origin: str) -> Mapping[str, Any]:
    """What a run shares with the model whose weights it begins with. Raises SfumatoError where there is no model."""
    config = Model.from_pretrained(origin, device="cpu").config
    if config.takes_prompts:
        raise SfumatoError(f"{origin}: was adapted already, and is not adapted further; give its base in its place")
    its = OBJECTIVES.get(config.objective)
    if its is None:
        raise SfumatoError(
            f"{origin}: was trained by the objective '{config.objective}', which this sfumato does not have; "
            "give another model"
        )
    objective = {"kind": config.objective, **its.shared_with(config)}
    return {"objective": objective, **{name: getattr(config, name) for name in SHARED if name != "factor"}}


def prepare_run(
    place: OwnDirectory | Path,
    dataset: Dataset,
    choices: Mapping[str, Any],
    *,
    weights_from: str = "",
    facts: Mapping[str, str] | None = None,
    licences: Mapping[str, int] | None = None,
    collection: Collection | None = None,
    device: torch.device | None = None,
    force: bool = False,
    conditions: Condition | None = None,
) -> tuple[Run, Plan]:
    """Plan and write down a new run of a dataset.

    place: the run's directory, as its path or as one that the caller is at work in.
    choices: settings that were chosen (see TrainingConfig and `layered`), the rest is planned.
    collection: what the pictures were taken from; licences: how many of it have which, where it is not given itself.
    None for what is not known.
    force: a run that is there goes, once everything else is known to be right.
    conditions: see ``train``.
    Raises SfumatoError where a run is there already, a setting is out of range or does not go with the pictures or
    with the model to begin with, or the disk is too small; then nothing is written.
    """
    directory = place if isinstance(place, OwnDirectory) else OwnDirectory(place, "run")
    path = directory.path
    check_run_place(directory, force=force)
    device = device or torch.device("cpu")
    asked = resolve(choices)
    if asked.adapter is not None:
        choices = layered(ADAPTING, choices)
        asked = resolve(choices)
    features = None if asked.objective.features == "none" else vgg_file(asked.objective.features)
    parent = Model.from_pretrained(weights_from, device="cpu") if weights_from else None
    taught_by = weights_from if asked.objective.teacher != "none" else ""
    teacher = parent if taught_by else None
    if taught_by and asked.objective.teacher == "parent's teacher":
        taught_by = str(kept_teacher(Path(weights_from)))
        teacher = Model.from_pretrained(taught_by, device="cpu")
    if teacher is not None:
        asked.objective.check_teacher(teacher, weights_from)
    if dataset.size != asked.picture_side:
        raise SfumatoError(
            f"{dataset.path}: its pictures have {dataset.size} pixels a side, and the settings ask for "
            f"{asked.picture_side}; prepare them at that size"
        )
    choices = layered(choices, {"objective": asked.objective.fitted(dataset, parent)})
    base = parent if asked.adapter is not None else None
    if asked.adapter is not None and base is None:
        raise SfumatoError("the settings are those of an adapter, and no model is given to adapt; say which one")
    made = plan(
        choices,
        classes=len(known_classes(dataset, None if base is None else base.config, model_name(path))),
        pictures=len(dataset.train),
        held_out=len(dataset.held_out),
        device=device,
        perceptual=PerceptualLoss.from_file(features).to(device) if features else None,
        teacher=teacher,
        base=base,
        condition=NO_CLASS if conditions is None else conditions[:1],
    )
    settings = made.settings
    Batches(dataset, dataset.train, settings.batch, seed=settings.seed, balance=settings.balance)  # or it says why not
    descent: tuple[str, ...] = ()
    if collection is not None and collection.digest != dataset.collection_digest:
        raise SfumatoError(f"{dataset.path}: was not prepared from {collection.path} as it is now; prepare it again")
    own = None if collection is None else Holdings.of(collection)
    if parent is not None:
        check_fit(parent, weights_from, settings)
        descent = (parent.weights_digest, *parent.config.descends_from)
        local = local_path(weights_from)
        weights_from = stored_path(local.resolve()) if local.exists() else weights_from
    check_disk(path, disk_bytes(made, dataset) - dataset.pixels.numel())
    first = () if weights_from else initial_weights(settings)
    known = parent.record.facts.get(FIRST_WEIGHTS, "") if parent and parent.record else SAID_OF_DRAWN * any(first)
    inside = dataset.path.resolve().is_relative_to(path.resolve())
    record = RunRecord(
        settings=settings,
        plan=made.sentence,
        dataset=stored_path(dataset.path.resolve().relative_to(path.resolve()) if inside else dataset.path.resolve()),
        dataset_digest=dataset.digest,
        perceptual_digest=digest(features) if features else "",
        weights_from=weights_from,
        initial_weights=tuple(each.digest if each else "" for each in first),
        base=None if base is None else reference_to(restored_path(weights_from), base.config, base.weights_digest),
        descends_from=descent,
        learned_from=learned_also(
            LearnedFrom.of(dataset.collection_digest, licences if own is None else own.licences),
            None if parent is None else parent.config.learned_from,
        ),
        facts={**(facts or {}), **({FIRST_WEIGHTS: known} if known else {})},
        trained=len(dataset.train),
        held_out=len(dataset.held_out),
        collection="" if collection is None else stored_path(collection.path.resolve()),
    )
    holdings = combined(own, None if parent is None else parent.record)
    if force and weights_from:
        check_parent_stays(path, restored_path(weights_from))
    with directory.at_work():
        if force:
            clear_run(directory)
        with opened_model(taught_by) if teacher else nullcontext() as taught:
            return Run.create(directory, record, features, taught, holdings), made


def disk_bytes(made: Plan, dataset: Dataset) -> int:
    """The most that a run takes on the disk: pictures, checkpoints, model, snapshots and log."""
    settings = made.settings
    weights = 4 * made.parameters
    # A checkpoint has the weights, their average, those from early in the run, and at most two numbers a weight for the
    # optimiser; a model has two averages, and is written while the one before it is still there.
    learned = CHECKPOINT_COPIES * (4 + len(settings.early)) * weights + 2 * 2 * weights
    cadence = settings.cadence
    pictured = settings.steps // cadence.picture_every if cadence.picture_every else cadence.snapshots
    # The sheets, and about as much again for the strip and the animation, larger by captions and edges.
    shown = settings.size if settings.factor > 1 else settings.picture_side
    snapshots = 4 * pictured * PICTURES * 3 * shown**2
    # A machine that is busy while it is measured may make twice the steps.
    log = LOG_LINE_BYTES * (2 * settings.steps // cadence.log_every + cadence.evaluations + pictured)
    pictures = dataset.pixels.numel() + KNOWN_BYTES * (len(dataset) + len(dataset.left_out))
    features = VGG_BYTES if settings.objective.features != "none" else 0
    teacher = 2 * weights if settings.objective.teacher != "none" else 0
    return pictures + learned + snapshots + log + features + teacher + FIXED_BYTES


def check_disk(path: Path, needed: int) -> None:
    """Raises SfumatoError where the run would not fit on the disk."""
    free = shutil.disk_usage(next(place for place in (path, *path.absolute().parents) if place.exists())).free
    if free < needed:
        raise SfumatoError(
            f"{path}: the run may take {needed / 1e6:,.0f} MB and {free / 1e6:,.0f} MB are free; "
            "make room, or choose another disk"
        )
