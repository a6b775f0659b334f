"""sfumato compare: three ways to make pictures, trained on the same pictures for the same time, on one page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options
from sfumato.cli.rights import RightsOptions
from sfumato.errors import SfumatoError


@options.asks()
def compare(
    art: Annotated[Path, typer.Argument(help="As for train: a folder or zip of pictures, a collection, or a name.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the comparison.")] = Path(
        "comparison"
    ),
    minutes: Annotated[float, typer.Option(min=0.05, max=10_000, help="Minutes to train each of the three.")] = 10.0,
    size: Annotated[
        int | None, typer.Option(min=32, max=128, help="The side of the pictures in pixels, a multiple of 8.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed makes other weights and works.")] = 0,
    pixel_art: Annotated[
        bool, typer.Option("--pixel-art", help="Enlarge small pictures by whole numbers, every pixel a square.")
    ] = False,
    perceptual: Annotated[
        str, typer.Option(help="For the autoencoder: none, vgg16 (fetched earlier), fetch, or its file.")
    ] = "none",
    include_works: options.IncludeWorks = False,
    *,
    rights: RightsOptions,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a comparison that was interrupted.")] = False,
    device: options.Device = "auto",
    force: Annotated[
        bool, typer.Option("--force", help="Replace the comparison that is there, and begin anew.")
    ] = False,
) -> None:
    """Train an autoencoder, a GAN and a diffusion model on the same pictures for the same time, and show what came.

    The page says in plain words what each of them can do and what it cannot. All three together take three times the
    minutes.
    """
    from sfumato import pipeline
    from sfumato.cli.drawing import draw
    from sfumato.devices import device_named

    if not math.isfinite(minutes):  # 'nan' is in every range
        raise SfumatoError("--minutes takes a number, as in --minutes 10")
    if size is not None and size % 8:
        raise SfumatoError(f"size {size}: a multiple of 8 is needed")
    events = pipeline.compare(
        art,
        output,
        minutes=minutes,
        size=size,
        seed=seed,
        pixel_art=pixel_art,
        perceptual=perceptual,
        include_works=include_works,
        **rights.choices,
        resume=resume,
        device=device_named(device),
        force=force,
    )
    draw(events)
