"""sfumato reimagine: a picture, made again by a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.works.edits import Refine
from sfumato.works.request import Request


@options.asks("seed", *options.CLASSES, *options.SAMPLING, strength=(Refine, "strength"), **options.STEERING)
def reimagine(
    model: options.ModelName,
    picture: Annotated[Path, typer.Argument(help="The picture to begin with.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("reimagined.png"),
    *,
    request: Request,
    strength: float = 0.6,
    edit: Annotated[
        bool,
        typer.Option("--edit", help="Keep what another class would not change: begin with the picture's own noise."),
    ] = False,
    source: Annotated[str | None, typer.Option("--from", help="With --edit: the class that the picture is of.")] = None,
    palette: options.PaletteText = None,
    palette_strength: float | None = None,
    composition: options.Sketch = None,
    composition_strength: float | None = None,
    background: options.Background = options.WHITE,
    show: Annotated[bool, typer.Option("--show", help="Open it when it is done.")] = False,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make a picture again with a model: an autoencoder answers in one pass, a diffusion model refines it from noise.

    The picture is cropped at its centre and scaled to the model's size.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.one_work import OneWork
    from sfumato.images.decoding import open_picture
    from sfumato.models import Model
    from sfumato.models.canvas import plain_canvas
    from sfumato.models.verbs import reimagining, steering_from

    if source is not None and not edit:
        raise SfumatoError(f"--from {source}: says of which class a picture is that is edited; say --edit as well")
    made = OneWork.into(output, picture, trajectory=trajectory, recipe=recipe, force=force)
    image = open_picture(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=device)
    console = Console(highlight=False)
    canvas = plain_canvas(loaded.config)
    steering = steering_from(canvas, palette, palette_strength, composition, composition_strength)
    asked = request.with_changes(steering)
    made.make(reimagining(loaded, asked, image, strength=strength, edit=edit, source=source), console)
    side = loaded.config.size
    console.print(f"{picture} made again at {side} x {side} px: {output}", markup=False, soft_wrap=True)
    if show and typer.launch(str(output)):
        console.print(f"no program here opens pictures; open {output} yourself", markup=False, soft_wrap=True)
