"""sfumato collection report: who and what is in a collection, and beside it what a model adds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options
from sfumato.cli.collection.arguments import Place


def report(
    place: Place,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the report.")] = Path("report"),
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="MODEL|RUN|FOLDER",
            help="Works of a model beside it, or of a folder; may be repeated, to see two side by side.",
        ),
    ] = None,
    count: Annotated[
        int,
        typer.Option("-n", "--count", min=1, max=100_000, help="Works to make of each model, or to take of a folder."),
    ] = 512,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="The same seed makes the same report.")] = 0,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace a report that is there.")] = False,
) -> None:
    """Show who and what is in a collection, what dominates and what is not known, on a page to open in a browser.

    With --model, works for which no class is named stand beside it: what they have more or less of, and how sure that
    is. representation.json, beside the page, has every figure.
    """
    from sfumato import pipeline
    from sfumato.cli.drawing import draw
    from sfumato.devices import device_named

    draw(
        pipeline.report(
            place, output, works=model or (), count=count, seed=seed, device=device_named(device), force=force
        )
    )
