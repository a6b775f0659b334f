"""The whole way on pictures that the program draws itself: collect, train, generate, one page."""

from __future__ import annotations

import platform
from collections.abc import Generator, Iterator
from pathlib import Path

import torch
from PIL import Image

from sfumato.collection.drawn import CLASSES
from sfumato.collection.drawn_collection import LICENCE, draw_collection
from sfumato.directory import OwnDirectory
from sfumato.disk import write_whole_text
from sfumato.errors import SfumatoError
from sfumato.likeness import Finding
from sfumato.marker import kind_of
from sfumato.models import Generation, Model
from sfumato.models.trajectory import Trajectory
from sfumato.pipeline.events import Began, Drew, Event, PageWritten
from sfumato.pipeline.training import follow_training, train_on
from sfumato.policy.policy import Policy
from sfumato.reports import demonstration_page
from sfumato.text import counted
from sfumato.training import Run, is_run
from sfumato.works import contact_sheet, save_animation
from sfumato.works.refusal import LIMITS, Refusal, nothing_left

DRAWN_PER_CLASS = 200
DRAWN_SIZE = 64
SIZE = 32
WORKS_PER_CLASS = 8
PAGE, TRAJECTORY = "index.html", "trajectory.webp"


def demonstrate(place: Path, *, minutes: float = 2.0, seed: int = 0, force: bool = False) -> Iterator[Event]:
    """Draw a collection, train on it, make works and write the page at ``place``; `PageWritten` is the last event.

    One that was interrupted goes on where it can. force: make one that is there anew. Raises SfumatoError, before
    anything is drawn for what the policy does not allow.
    """
    directory = OwnDirectory(place, "demo")
    if kind_of(place) == "demo" and (place / PAGE).exists() and not force:
        raise SfumatoError(
            f"{place}: holds a demonstration already; open {place / PAGE} in a browser, "
            "say --force to make it anew, or choose another -o"
        )
    directory.check((PAGE, TRAJECTORY, "art", "run", *(f"works/{name}" for name in CLASSES)), force=force)
    policy = Policy.current()
    policy.check_size(SIZE, SIZE)
    policy.check_classes(tuple(CLASSES))
    policy.load_filters()
    if reason := policy.limits.pictures.policy.reason(LICENCE, "the program's own", "")[1]:
        raise SfumatoError(f"{policy.said} does not allow the pictures that the program draws: {reason}")
    with directory.at_work():
        directory.remove([PAGE])
        # What is there is an unfinished demonstration's, or may be made anew.
        drawn = yield from _draw(place / "art", seed)
        run = yield from _trained(place / "art", place / "run", minutes, seed, force=force)
        yield Began("sampling", "making new works")
        _write_page(directory, run, drawn, seed)
    yield PageWritten(place / PAGE)


def _draw(folder: Path, seed: int) -> Generator[Event, None, dict[str, list[Image.Image]]]:
    """The program's own collection; returns some of it, by class."""
    pictures = DRAWN_PER_CLASS * len(CLASSES)
    yield Began("drawing", f"drawing {counted(pictures, 'picture')} of {len(CLASSES)} classes")
    shown: dict[str, list[Image.Image]] = {name: [] for name in CLASSES}
    for path in draw_collection(folder, per_class=DRAWN_PER_CLASS, size=DRAWN_SIZE, seed=seed, force=True):
        kept = shown[path.parent.name]
        if len(kept) < WORKS_PER_CLASS:
            with Image.open(path) as picture:
                kept.append(picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    yield Drew(folder, pictures, tuple(CLASSES))
    return shown


def _trained(art: Path, place: Path, minutes: float, seed: int, *, force: bool) -> Generator[Event, None, Run]:
    if is_run(place) and not force:  # of a demonstration that was interrupted
        begun = Run.open(place)
        settings = begun.record.settings
        if begun.has_begun and (settings.minutes, settings.seed) == (minutes, seed):
            yield from follow_training(begun)
            return begun
    choices = {"size": SIZE, "minutes": minutes, "seed": seed}
    yield from train_on(art, place, choices, force=True)
    return Run.open(place)


def _write_page(directory: OwnDirectory, run: Run, drawn: dict[str, list[Image.Image]], seed: int) -> None:
    model = Model.from_pretrained(run.path, device="cpu")
    works = {name: _works(model, name, seed, directory.path / "works" / name) for name in model.config.classes}
    animation = _animated(model, seed + 1, directory)
    with Image.open(run.path / "evolution.png") as strip:
        evolution = strip.convert("RGB")
    text = demonstration_page(
        collection=drawn,
        evolution=evolution,
        trajectory=animation,
        works=works,
        facts=_facts(run, model),
        drawn=DRAWN_PER_CLASS * len(drawn),
    )
    write_whole_text(directory.claim(PAGE), text, force=True)


def _animated(model: Model, seed: int, directory: OwnDirectory) -> Path:
    """The way of ten works from noise, of those that are let out. Raises SfumatoError where none is."""
    way, findings, refused = Trajectory(), list[Finding | None](), list[Refusal]()
    for step in Generation.of(model, seed=seed).events(10, previews=True):
        way.note(step)
        findings += [work.finding for work in step.works]
        refused += step.refused
    if not findings:
        raise nothing_left(refused, LIMITS)
    frames = [contact_sheet(pictures, columns=5, scale=3) for pictures in way.steps()]
    video, sources = directory.claim(TRAJECTORY), model.sources(findings)
    return save_animation(frames, video, seconds=3.0, hold=2.0, scale=1, sources=sources, force=True)


def _works(model: Model, label: str, seed: int, folder: Path) -> list[Image.Image]:
    works = model.generate(WORKS_PER_CLASS, seed=seed, label=label)
    with OwnDirectory(folder, "works").at_work() as directory:
        for index, work in enumerate(works):
            work.save(directory.claim(f"{index:04d}.png"), force=True)
    return [work.image for work in works]


def _facts(run: Run, model: Model) -> dict[str, str]:
    settings, parameters = run.record.settings, sum(p.numel() for p in model.denoiser.parameters())
    threads = counted(torch.get_num_threads(), "thread")
    return {
        "Plan": run.record.plan,
        "Training": f"{counted(settings.minutes, 'minute')} on {threads} of a {platform.machine()} CPU",
        "Network": f"{settings.network.kind} of {parameters / 1e6:.1f} million parameters",
        "Pictures": f"{DRAWN_PER_CLASS * len(model.config.classes):,}, drawn by the program, CC0",
        "Model": model.weights_digest[:16],
    }
