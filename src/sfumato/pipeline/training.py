"""From pictures, or from another model, to a trained one."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from sfumato.collection import WHITE, Collection, Noted, Ownership, PicturePolicy
from sfumato.dataset import Dataset
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.colour import Colour
from sfumato.pipeline.adapting import begin_adapting, open_base
from sfumato.pipeline.cards import left_since
from sfumato.pipeline.events import Began, Event, Planned, TrainingBegan
from sfumato.pipeline.pictures import check_learned_from, collection_of, dataset_of, short_sides
from sfumato.pretrained.opening import is_pipeline
from sfumato.provenance.sources import licences_of
from sfumato.provenance.terms import Terms
from sfumato.text import counted
from sfumato.training import (
    STUDENT,
    Run,
    check_parent_stays,
    check_run_place,
    disk_bytes,
    layered,
    parent_choices,
    prepare_run,
    refinement,
    resolve,
    staged,
    suitable_size,
    train,
    would_clear,
)
from sfumato.training.objectives import DistillationConfig
from sfumato.training.objectives.adapting import AdaptingConfig
from sfumato.training.tensorboard import logged_to_tensorboard

DISTILLATION_MINUTES = 5.0


def train_on(
    art: Path,
    place: Path,
    choices: Mapping[str, Any],
    *,
    background: Colour = WHITE,
    weights_from: str = "",
    include_works: bool = False,
    ownership: Ownership | None = None,
    policy: PicturePolicy | None = None,
    query: str = "",
    limit: int | None = None,
    device: torch.device | None = None,
    tensorboard: bool = False,
    is_shown: Callable[[], bool] = lambda: False,
    force: bool = False,
) -> Iterator[Event]:
    """Collect, prepare, plan and train a new run at ``place``; the last event is training's `Finished`.

    art, query, limit: as for `pipeline.collect`, or a collection; choices: settings that were chosen, the rest is
    planned; weights_from: the model to begin with; is_shown: see `sfumato.training.train`. Raises SfumatoError for a
    mistake of the person's, before anything is written where that is possible; without ``force`` nothing that was there
    is lost, and a directory that was made for a run that cannot begin goes again.
    """
    if art.resolve() == place.resolve():
        raise SfumatoError(f"{place}: is where the pictures are; choose another place for the run with -o")
    if force and art.exists() and would_clear(place, art):
        raise SfumatoError(f"{art}: is part of the run in {place}, which --force would clear; choose another -o")
    directory = OwnDirectory(place, "run")
    check_run_place(directory, force=force, art=art)
    if "adapter" in choices and not weights_from:
        raise SfumatoError("to adapt a model, say which one: --from MODEL --adapt")
    if weights_from and force:
        check_parent_stays(place, Path(weights_from))
    base = None
    if weights_from and is_pipeline(weights_from):
        base, choices = open_base(weights_from, choices, device)
    elif weights_from:
        theirs = parent_choices(weights_from)
        cascade = theirs["objective"]["kind"] == "cascade"
        if cascade and choices.get("size") == resolve(theirs).picture_side:
            # The size of its works was said, and its own is that of its small pictures.
            choices = {name: value for name, value in choices.items() if name != "size"}
        _check_fits(weights_from, choices)
        choices = layered(theirs, choices)
    else:
        choices = staged(choices)
    with directory.at_work(), directory.nothing_left_of_a_failure():
        collection = yield from collection_of(
            art,
            place / "collection",
            background=background,
            include_works=include_works,
            ownership=ownership,
            policy=policy,
            query=query,
            limit=limit,
            force=force,
        )
        if base is not None:
            run, seconds = yield from begin_adapting(directory, collection, base, choices, device=device, force=force)
            base = None  # the session opens it anew, and without its text encoders
        else:
            run, seconds = yield from _begin_on(directory, collection, choices, weights_from, device, force)
    yield from follow_training(run, device=device, spent_seconds=seconds, tensorboard=tensorboard, is_shown=is_shown)


def _begin_on(
    directory: OwnDirectory,
    collection: Collection,
    choices: Mapping[str, Any],
    weights_from: str,
    device: torch.device | None,
    force: bool,
) -> Generator[Event, None, tuple[Run, float]]:
    """Prepare a collection and plan a run of it. Returns the run, and the seconds that measuring took."""
    if "size" not in choices:
        size = suitable_size(
            short_sides(collection),
            choices.get("minutes", 0),
            resolve(choices).factor,
            pixel_art=choices.get("pixel_art", False),
        )
        choices = {**choices, "size": size}
    asked = resolve(choices)
    dataset = yield from dataset_of(
        collection,
        directory.path / "dataset",
        asked.picture_side,
        crop=asked.crop,
        pixel_art=asked.pixel_art,
        force=force,
    )
    run, seconds = yield from begin_run(
        directory,
        dataset,
        choices,
        weights_from=weights_from,
        collection=collection,
        device=device,
        force=force,
        tell_disk=True,
    )
    return run, seconds


def resume(
    place: Path,
    *,
    more_steps: int = 0,
    more_minutes: float = 0.0,
    device: torch.device | None = None,
    tensorboard: bool = False,
    is_shown: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Go on with the run at ``place``, for that much more than is left of its plan; is_shown: see
    `sfumato.training.train`. Raises SfumatoError."""
    if place.exists() and not place.is_dir():
        raise SfumatoError(f"{place}: is a file; give the directory of a run")
    run = Run.open(place)
    if not run.has_begun and (more_minutes or more_steps):
        raise SfumatoError(
            f"{place}: has no checkpoint yet, so it begins again with its own plan; leave out --minutes and --steps"
        )
    check_learned_from(place, next(iter(run.record.learned_from), None))
    if (removed := left_since(run).get(unusable.REMOVED, 0)) > 0:
        yield Noted(
            f"this run goes on learning from {counted(removed, 'picture')} taken out of its collection on request; "
            f"a new one leaves them out: sfumato train {shlex.quote(run.record.collection)} -o NEW-RUN"
        )
    yield from follow_training(
        run,
        device=device,
        more_steps=more_steps,
        more_minutes=more_minutes,
        tensorboard=tensorboard,
        is_shown=is_shown,
    )


def distill(
    teacher: Path,
    place: Path,
    choices: Mapping[str, Any],
    *,
    steps: int | None = None,
    guidance: float | None = None,
    device: torch.device | None = None,
    is_shown: Callable[[], bool] = lambda: False,
    force: bool = False,
) -> Iterator[Event]:
    """Teach a copy of the model of the run ``teacher`` to make its works in few steps; a new run at ``place``.

    steps, guidance: of the student; None for the usual ones. A teacher that is a student itself is taught further,
    with its own steps and guidance. choices: other settings, which win over the usual ones; is_shown: see
    `sfumato.training.train`. Raises SfumatoError.
    """
    check_run_place(OwnDirectory(place, "run"), force=force)
    if force:
        check_parent_stays(place, teacher)
    taught = Run.open(teacher)
    check_learned_from(teacher, next(iter(taught.record.learned_from), None))
    asked = {"objective.steps": steps, "objective.guidance": guidance}
    settings = layered(
        parent_choices(str(teacher)),
        {**_usual(taught, teacher, steps, guidance), "minutes": DISTILLATION_MINUTES},
        choices,
        {name: value for name, value in asked.items() if value is not None},
    )
    run, seconds = yield from begin_run(
        place,
        Dataset.open(taught.dataset),
        settings,
        weights_from=str(teacher),
        facts=taught.record.facts,
        device=device,
        force=force,
    )
    yield from follow_training(run, device=device, spent_seconds=seconds, is_shown=is_shown)


def begin_run(
    place: OwnDirectory | Path,
    dataset: Dataset,
    choices: Mapping[str, Any],
    *,
    tell_disk: bool = False,
    **prepared: Any,
) -> Generator[Event, None, tuple[Run, float]]:
    """Measure this machine and plan. prepared: as for `sfumato.training.prepare_run`. Returns the run, and the seconds
    that it took."""
    yield Began("measuring", "measuring this machine")
    began = time.perf_counter()
    run, plan = prepare_run(place, dataset, choices, **prepared)
    seconds = time.perf_counter() - began
    yield Planned(plan.sentence, disk_bytes(plan, dataset) if tell_disk else None)
    return run, seconds


def follow_training(run: Run, *, tensorboard: bool = False, **asked: Any) -> Iterator[Event]:
    """The events of a training, after one that says that it begins. Closing it ends the training after the step that
    it is at, with a model and a checkpoint. tensorboard: write its curves for TensorBoard too; asked: as for
    `sfumato.training.train`."""
    terms = Terms.of(licences_of(run.record.learned_from)).line
    objective = run.record.settings.objective
    prompt = objective.trigger or "WORDS" if isinstance(objective, AdaptingConfig) else ""
    yield TrainingBegan(run.path, run.model, objective.begins_with, terms, prompt)
    events = train(run, **asked)
    yield from logged_to_tensorboard(events, run) if tensorboard else events


def _check_fits(origin: str, choices: Mapping[str, Any]) -> None:
    """Raises SfumatoError where a setting was chosen that the other model's weights do not fit."""
    theirs = parent_choices(origin)
    ours, whole = resolve(theirs, choices), resolve(theirs)
    shared = {name: (getattr(ours, name), getattr(whole, name)) for name in theirs if name != "objective"}
    shared["objective"] = ours.objective.kind, whole.objective.kind
    for name in theirs["objective"]:
        shared.setdefault(name, (getattr(ours.objective, name, None), getattr(whole.objective, name)))
    del shared["kind"]
    for name, (mine, its) in shared.items():
        if mine != its:
            raise SfumatoError(
                f"{origin}: its {name} is {_in_words(its)}, not {_in_words(mine)}; "
                f"leave out the option or setting that says so, or give another model with --from"
            )


def _in_words(setting: Any) -> str:
    """Of a network the kind alone would not do."""
    if not hasattr(setting, "kind"):
        return str(setting)
    return f"a {setting.kind} of " + ", ".join(f"{name} {size}" for name, size in setting if name != "kind")


def _usual(teacher: Run, name: Path, steps: int | None, guidance: float | None) -> dict[str, Any]:
    """The settings where none are given. Raises SfumatoError where a student is asked to change."""
    learned = teacher.record.settings.objective
    if not isinstance(learned, DistillationConfig):
        return {**STUDENT}
    for option, given, known in (("--steps", steps, learned.steps), ("--guidance", guidance, learned.guidance)):
        if given not in (None, known):
            raise SfumatoError(
                f"{name}: is a student already, which keeps its steps and its guidance; leave {option} out, "
                "or distill the run that it learned from"
            )
    return refinement(learned)
