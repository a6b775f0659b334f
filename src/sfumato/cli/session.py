"""Beginning a run, and following it in a terminal."""

from __future__ import annotations

import contextlib
import shlex
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    import torch

    from sfumato.collection import Collection
    from sfumato.training import Run
    from sfumato.training.events import Event


def new_run(
    art: Path,
    output: Path,
    choices: dict[str, Any],
    *,
    console: Console,
    background: str = "255,255,255",
    weights_from: str = "",
    device: torch.device | None = None,
    include_works: bool = False,
    force: bool = False,
) -> tuple[Run, float]:
    """Collect, prepare, plan. Returns the run and the seconds that measuring took.

    Raises SfumatoError for a mistake of the person's; without ``force`` nothing that was there is lost.
    """
    from sfumato.cli.collect import parse_background, prepare_with_progress
    from sfumato.directory import OwnDirectory
    from sfumato.training import (
        check_parent_stays,
        check_run_place,
        disk_bytes,
        layered,
        parent_choices,
        picture_facts,
        prepare_run,
        resolve,
        suitable_size,
    )

    parse_background(background)
    directory = OwnDirectory(output, "run")
    check_run_place(directory, force=force, art=art)
    if force and weights_from:
        check_parent_stays(output, Path(weights_from))
    choices = layered(parent_choices(weights_from) if weights_from else {}, choices)
    with directory.at_work(), directory.nothing_left_of_a_failure():
        collection = collection_of(
            art, output / "collection", background, console, include_works=include_works, force=force
        )
        if "size" not in choices:
            sides = [min(picture.width, picture.height) for picture in collection.pictures]
            choices["size"] = suitable_size(
                sides,
                choices.get("minutes", 0),
                resolve(choices).factor,
                pixel_art=choices.get("pixel_art", False),
            )
        asked = resolve(choices)
        dataset = prepare_with_progress(
            collection,
            output / "dataset",
            size=asked.picture_side,
            crop=asked.crop,
            pixel_art=asked.pixel_art,
            console=console,
            force=force,
        )
        began = time.perf_counter()
        with console.status("measuring this machine"):
            run, made = prepare_run(
                directory,
                dataset,
                choices,
                weights_from=weights_from,
                device=device,
                facts=picture_facts(collection, dataset),
                force=force,
            )
    needed = disk_bytes(made, dataset)
    sentence = f"{made.sentence} (at most {max(1, needed / 1e6):,.0f} MB on the disk)."
    console.print(sentence, soft_wrap=True, markup=False)
    return run, time.perf_counter() - began


def collection_of(
    art: Path, place: Path, background: str, console: Console, *, include_works: bool = False, force: bool = False
) -> Collection:
    """The collection that ``art`` is, or one made of it at ``place``. Raises SfumatoError where there is no art."""
    from sfumato.cli.collect import collect_with_progress, parse_background
    from sfumato.collection import Collection, is_collection, is_reference

    if not is_reference(art) and not art.exists():
        raise SfumatoError(f"{art}: no such folder; give a folder or a zip of pictures")
    if is_collection(art):
        return Collection.open(art)
    return collect_with_progress(
        art, place, parse_background(background), console, include_works=include_works, force=force
    )


def follow(events: Iterator[Event], run: Run, console: Console) -> None:
    """Draw what training tells until it ends; the first Ctrl-C ends it after the step, the second at once."""
    from sfumato.cli.training_bar import TrainingBar
    from sfumato.training.events import Finished

    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with contextlib.suppress(RuntimeError):  # the interruption may have come in the middle of another print
            console.print("finishing this step and saving; Ctrl-C again stops at once")

    before = signal.signal(signal.SIGINT, stop)
    try:
        with TrainingBar(console, run) as bar:
            for event in events:
                bar.show(event)
                if stopping and not isinstance(event, Finished):
                    events.close()  # type: ignore[attr-defined]
                    console.print(
                        f"Stopped. A model of this moment is in {run.model}; "
                        f"go on with: sfumato train --resume -o {shlex.quote(str(run.path))}",
                        soft_wrap=True,
                        markup=False,
                    )
                    raise typer.Exit(130)
    finally:
        signal.signal(signal.SIGINT, before)
