"""sfumato distill: from a model that needs many steps to one that needs few."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.errors import SfumatoError

DEFAULT_MINUTES = 5.0


def distill(
    teacher: Annotated[Path, typer.Argument(metavar="RUN", help="The run whose model is to be learned from.")],
    steps: Annotated[int, typer.Option(min=1, max=64, help="Steps from noise to picture that will do.")] = 4,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the new run.")] = Path("student"),
    minutes: Annotated[float | None, typer.Option(min=0.05, help="How long to train: 5 if nothing is said.")] = None,
    guidance: Annotated[
        float | None, typer.Option(min=0, help="The guidance to build in; else the model's own.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any setting: --set student_substeps=8, and so on."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the training.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto: the fastest there is.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Begin anew over the run that is there.")] = False,
) -> None:
    """Teach a copy of a run's model to make its works in a few steps, guidance included.

    The new run can be interrupted and resumed as any: sfumato train --resume -o student.
    """
    from sfumato.cli.devices import device_named
    from sfumato.cli.session import check_clearing, follow
    from sfumato.dataset import Dataset
    from sfumato.training import STUDENT, Run, is_run, layered, parent_choices, parse_choices, prepare_run, train

    console = Console(highlight=False)
    if is_run(output) and not force:
        raise SfumatoError(
            f"{output}: holds a run already; go on with 'sfumato train --resume -o {output}', begin anew with --force, "
            "or choose another -o"
        )
    if force:
        check_clearing(output, teacher)
    run = Run.open(teacher)
    asked = {"minutes": minutes, "student_guidance": guidance, "seed": seed}
    choices = layered(
        parent_choices(str(teacher)),
        {**STUDENT, "minutes": DEFAULT_MINUTES},
        parse_choices(settings or []),
        {name: value for name, value in asked.items() if value is not None},
        {"student_steps": steps},
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
