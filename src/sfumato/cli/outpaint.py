"""sfumato outpaint: what lies beyond the edges of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.works.edits import Margins
from sfumato.works.request import Request


@options.asks(
    "seed",
    *options.CLASSES,
    *options.SAMPLING,
    **{side: (Margins, side) for side in Margins.model_fields},
    **options.STEERING,
)
def outpaint(
    model: options.ModelName,
    picture: Annotated[Path, typer.Argument(help="The picture, which is kept to the pixel.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("outpainted.png"),
    *,
    request: Request,
    left: int = 0,
    top: int = 0,
    right: int = 0,
    bottom: int = 0,
    palette: options.PaletteText = None,
    palette_strength: float | None = None,
    composition: options.Sketch = None,
    composition_strength: float | None = None,
    background: options.Background = options.WHITE,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Continue beyond the edges of a picture, which itself is kept to the pixel."""
    from sfumato.cli.collect import parse_background
    from sfumato.cli.one_work import OneWork
    from sfumato.images.decoding import open_picture
    from sfumato.models import Generation, Model
    from sfumato.models.canvas import extended_canvas
    from sfumato.models.verbs import steering_from

    made = OneWork.into(output, picture, trajectory=trajectory, recipe=recipe, force=force)
    image = open_picture(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=device)
    canvas = extended_canvas(loaded.config, image, Margins(left=left, top=top, right=right, bottom=bottom))
    steering = steering_from(canvas, palette, palette_strength, composition, composition_strength)
    console = Console(highlight=False)
    made.make(Generation.of(loaded, request.with_changes(steering), canvas=canvas), console)
    console.print(f"{picture} continued to {canvas.width} x {canvas.height} px: {output}", markup=False, soft_wrap=True)
