"""sfumato evaluate: how near works come to the pictures that were learned from, and whether they are copies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options
from sfumato.errors import SfumatoError


def evaluate(
    works: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|RUN|FOLDER",
            help="A model's directory, a run's, a zip of either, a Hub repository, or a folder.",
        ),
    ],
    against: Annotated[
        Path,
        typer.Option("--against", help="The pictures that were learned from: a run, a collection, a folder or a zip."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the report.")] = Path("evaluation"),
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, max=100_000, help="Works to make, or to take from a folder.")
    ] = 256,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="The same seed makes the same works.")] = 0,
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            help="The network whose features are compared: inception, dinov2, hf:OWNER/NAME, or its files.",
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=32, max=256, help="For a folder: the side at which pictures are compared.")
    ] = None,
    background: Annotated[str, typer.Option(help="R,G,B: the colour behind transparent pictures.")] = "255,255,255",
    include_works: options.IncludeWorks = False,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace a report that is there.")] = False,
) -> None:
    """Measure works against the pictures that were learned from, beside real pictures that were held out.

    The report is a page to open in a browser; evaluation.json, beside it, has every metric.
    """
    from sfumato import pipeline
    from sfumato.cli.collect import parse_background
    from sfumato.cli.drawing import draw
    from sfumato.devices import device_named

    if size is not None and size % 8:
        raise SfumatoError(f"size {size}: a multiple of 8 is needed")
    events = pipeline.evaluate(
        works,
        against,
        output,
        count=count,
        seed=seed,
        features=features,
        size=size,
        background=parse_background(background),
        include_works=include_works,
        device=device_named(device),
        force=force,
    )
    draw(events)
