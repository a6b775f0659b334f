"""sfumato generate: new works from a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings
from sfumato.text import counted

if TYPE_CHECKING:
    from sfumato.works import Recipe


def generate(
    model: options.ModelName,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=options.MOST_WORKS, help="How many works.")] = 16,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=2**63 - 1,
            help="The same seed makes the same works: 0, or what follows the works that are there.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory for the works.")] = Path("works"),
    label: options.Label = None,
    away: options.Away = None,
    variations: Annotated[
        float | None, typer.Option(help="With --of: how far from that work, 0 (the same) to 1 (another).")
    ] = None,
    of: Annotated[Path | None, typer.Option(help="With --variations: a work whose relatives are made.")] = None,
    width: Annotated[
        int | None, typer.Option(min=1, max=options.MOST_PIXELS, help="Pixels, from the model's on.")
    ] = None,
    height: Annotated[
        int | None, typer.Option(min=1, max=options.MOST_PIXELS, help="Pixels, from the model's on.")
    ] = None,
    tile: Annotated[bool, typer.Option("--tile", help="Works that repeat without a seam.")] = False,
    upscale: Annotated[
        str | None, typer.Option(help="An upscaler (see train --upscaler) to enlarge the works.")
    ] = None,
    palette: options.PaletteText = None,
    palette_strength: options.PaletteStrength = 0.75,
    composition: options.Sketch = None,
    composition_strength: options.SketchStrength = 1.0,
    guidance: options.Guidance = None,
    guidance_kind: options.GuidanceKind = None,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    sharpness: options.Sharpness = None,
    further: options.Further = None,
    precision: options.Precision = None,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make new works with a model: PNG files that carry their recipe, and a contact sheet beside their directory.

    Into a directory of works further ones are made: the same command goes on where it was interrupted, or with the
    works that follow.
    """
    from sfumato.cli.filling import Filling, filling
    from sfumato.cli.nearness import said_of_nearness
    from sfumato.directory import OwnDirectory
    from sfumato.models import Model
    from sfumato.models.ground import enlarged_size
    from sfumato.models.request import requested
    from sfumato.works.series import Series

    console = Console(highlight=False)
    directory = OwnDirectory(output, "works")
    made = Filling(directory, Series(count=count, seed=seed or 0), trajectory, force=force)
    others = _others(output, made.series.names) if force else []
    goes_further = not force and bool(directory.own())
    if goes_further:
        directory.check()
    else:
        made.check()
    loaded = Model.from_pretrained(model, device=device)
    upscaler = None if upscale is None else Model.from_pretrained(upscale, device=device)
    asked: dict[str, Any] = {
        "label": label,
        "away": away,
        "variations": variations,
        "of": of,
        "width": width,
        "height": height,
        "tile": tile,
        "palette": palette,
        "palette_strength": palette_strength,
        "composition": composition,
        "composition_strength": composition_strength,
        "guidance": guidance,
        "guidance_kind": guidance_kind,
        "steps": steps,
        "sampler": sampler,
        "schedule": schedule,
        "sharpness": sharpness,
        "precision": precision,
        **further_settings(further),
    }
    generation = requested(loaded, seed=seed or 0, **asked)
    if upscaler is not None:
        enlarged_size(upscaler.config, generation.ground.width, generation.ground.height)  # or it says why not
    if goes_further:

        def recipe_of(which: int, number: int) -> Recipe:
            asked_for = generation if which == generation.seed else requested(loaded, seed=which, **asked)
            return asked_for.recipe(number)

        made = filling(directory, count, recipe_of, seed=seed, upscaler=upscaler, trajectory=trajectory)
        made.check()
    made.fill(generation, upscaler, console, seed=seed, recipe=recipe)
    console.print(made.said(), markup=False, soft_wrap=True)
    if near := said_of_nearness(model, made.shown, made.series.names):
        console.print(near, markup=False, soft_wrap=True)
    if others:
        console.print(f"{counted(len(others), 'other file')} in {output} left as before", markup=False, soft_wrap=True)
    if trajectory:
        console.print(f"from noise to picture: {made.film}", markup=False, soft_wrap=True)


def _others(output: Path, names: list[str]) -> list[Path]:
    """What lies in the directory and has none of these names."""
    from sfumato.marker import MARKER

    return [path for path in output.iterdir() if path.name not in (*names, MARKER)] if output.is_dir() else []
