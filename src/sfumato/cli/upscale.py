"""sfumato upscale: a picture made larger, with detail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.works import Work


def upscale(
    model: Annotated[str, typer.Argument(help="An upscaler: the run or model of 'sfumato train ART --upscaler 4'.")],
    picture: Annotated[Path, typer.Argument(help="A work, or any picture.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG to write.")] = Path("larger.png"),
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=2**63 - 1, help="Other seeds, other details; else a work's own, and 0 for any other picture."
        ),
    ] = None,
    tile: Annotated[bool, typer.Option("--tile", help="The picture repeats without a seam, and is to do so.")] = False,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    sharpness: options.Sharpness = None,
    further: options.Further = None,
    precision: options.Precision = None,
    background: options.Background = options.WHITE,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make a picture larger, with detail such as the collection has that the upscaler learned from."""
    from sfumato.cli.collect import parse_background
    from sfumato.cli.painting import checked_film, painted
    from sfumato.images.decoding import open_picture
    from sfumato.models import Generation, Model, enlarging
    from sfumato.models.ground import Ground

    film = checked_film(output, picture, trajectory=trajectory, force=force)
    image = open_picture(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=device)
    asked: dict[str, Any] = {
        "steps": steps,
        "sampler": sampler,
        "schedule": schedule,
        "sharpness": sharpness,
        "precision": precision,
        **further_settings(further),
    }
    small = _work(picture, image)
    if small is not None and seed is None:
        generation, index = enlarging(loaded, small, tile=tile, **asked)
    else:
        origin = None if small is None else small.recipe
        ground = Ground.enlarging(loaded.config, image, origin, tile=tile or (origin is not None and origin.tile))
        generation, index = Generation.of(loaded, seed=seed or 0, ground=ground, **asked), 0
    console = Console(highlight=False)
    work = painted(generation, index, film, console, force=force)
    work.save(output, recipe=recipe, force=force)
    width, height = work.image.size
    console.print(f"{picture} enlarged to {width} x {height} px: {output}", markup=False, soft_wrap=True)


def _work(path: Path, image: Image.Image) -> Work | None:
    """The picture as a work, so that the larger one can be made from its recipe again; None for any other picture."""
    from sfumato.works import read_work

    try:
        work = read_work(path)
    except SfumatoError:
        return None
    return work if work.image.tobytes() == image.tobytes() else None
