"""sfumato distill: from a model that needs many steps to one that needs few."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.training import Run

DEFAULT_MINUTES = 5.0


def distill(
    teacher: Annotated[Path, typer.Argument(metavar="RUN", help="The run whose model is to be learned from.")],
    steps: Annotated[
        int | None, typer.Option(min=1, max=64, help="Steps from noise to picture that will do: 4 if nothing is said.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the new run.")] = Path("student"),
    minutes: Annotated[
        float | None, typer.Option(min=0.05, max=525_600, help="How long to train: 5 if nothing is said.")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(min=0, max=100, help="The guidance to build in; else the model's own.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting: --set substeps=8, and so on."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="Of the training.")] = None,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Begin anew over the run that is there.")] = False,
) -> None:
    """Teach a copy of a run's model to make its works in a few steps, guidance included.

    Given the run of such a student, teach it further: what it makes becomes more like what its teacher makes.
    Either new run can be interrupted and resumed as any: sfumato train --resume -o student.
    """
    from sfumato.cli.session import follow
    from sfumato.dataset import Dataset
    from sfumato.directory import OwnDirectory
    from sfumato.models.devices import device_named
    from sfumato.training import (
        Run,
        check_parent_stays,
        check_run_place,
        layered,
        parent_choices,
        parse_choices,
        prepare_run,
        train,
    )

    console = Console(highlight=False)
    check_run_place(OwnDirectory(output, "run"), force=force)
    if force:
        check_parent_stays(output, teacher)
    run = Run.open(teacher)
    asked = {"minutes": minutes, "objective.steps": steps, "objective.guidance": guidance, "seed": seed}
    choices = layered(
        parent_choices(str(teacher)),
        {**_usual(run, teacher, steps, guidance), "minutes": DEFAULT_MINUTES},
        parse_choices(settings or []),
        {name: value for name, value in asked.items() if value is not None},
    )
    place = device_named(device)
    began = time.perf_counter()
    with console.status("measuring this machine"):
        student, made = prepare_run(
            output,
            Dataset.open(run.dataset),
            choices,
            weights_from=str(teacher),
            facts=run.record.facts,
            device=place,
            force=force,
        )
    console.print(f"{made.sentence}.", soft_wrap=True, markup=False)
    follow(train(student, device=place, spent_seconds=time.perf_counter() - began), student, console)


def _usual(run: Run, name: Path, steps: int | None, guidance: float | None) -> dict[str, Any]:
    """The settings where none are given. Raises SfumatoError where a student is asked to change."""
    from sfumato.training import STUDENT, refinement
    from sfumato.training.objectives import DistillationConfig

    learned = run.record.settings.objective
    if not isinstance(learned, DistillationConfig):
        return {**STUDENT}
    for option, given, known in (("--steps", steps, learned.steps), ("--guidance", guidance, learned.guidance)):
        if given not in (None, known):
            raise SfumatoError(
                f"{name}: is a student already, which keeps its steps and its guidance; leave {option} out, "
                "or distill the run that it learned from"
            )
    return refinement(learned)
