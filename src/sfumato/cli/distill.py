"""sfumato distill: from a model that needs many steps to one that needs few."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options


def distill(
    teacher: Annotated[Path, typer.Argument(metavar="RUN", help="The run whose model is the teacher.")],
    steps: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Steps from noise to picture that the new model needs, 4 by default."),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the new run.")] = Path("student"),
    minutes: Annotated[
        float | None, typer.Option(min=0.05, max=525_600, help="Minutes to train, 5 by default.")
    ] = None,
    guidance: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="The guidance to build in; by default the model's own."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, as in --set student_substeps=8."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**63 - 1, help="The seed of the training.")] = None,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace the run that is there, and begin anew.")] = False,
) -> None:
    """Teach a copy of a run's model to make its works in a few steps, guidance included.

    Given the run of such a student, teach it further: what it makes becomes more like what its teacher makes.
    Either new run can be interrupted and resumed as any: sfumato train --resume -o student.
    """
    from sfumato import pipeline
    from sfumato.cli.drawing import draw
    from sfumato.devices import device_named
    from sfumato.training import layered, parse_choices

    asked = {name: value for name, value in (("minutes", minutes), ("seed", seed)) if value is not None}
    events = pipeline.distill(
        teacher,
        output,
        layered(parse_choices(settings or []), asked),
        steps=steps,
        guidance=guidance,
        device=device_named(device),
        force=force,
    )
    draw(events)
