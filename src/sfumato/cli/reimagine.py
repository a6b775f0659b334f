"""sfumato reimagine: a picture, made again by a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.works.edits import Refine
from sfumato.works.request import Request


@options.asks("seed", *options.CONTENT, "stage", *options.SAMPLING, strength=(Refine, "strength"))
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
    steering: options.SteeringOptions,
    show: Annotated[bool, typer.Option("--show", help="Open it when it is done.")] = False,
    from_picture: options.PictureOptions,
) -> None:
    """Make a picture again with a model: an autoencoder answers in one pass, a diffusion model refines it from noise.

    The picture is cropped at its centre and scaled to the model's size.
    """
    from sfumato.cli.one_work import OneWork
    from sfumato.models.canvas import plain_canvas
    from sfumato.models.verbs import reimagining

    if source is not None and not edit:
        raise SfumatoError(f"--from {source}: says of which class a picture is that is edited; say --edit as well")
    made, image, loaded = OneWork.from_picture(output, picture, model, from_picture, request.sampling)
    config = loaded.config.at(request.stage)
    asked = steering.added_to(request, plain_canvas(config))
    made.make(reimagining(loaded, asked, image, strength=strength, edit=edit, source=source))
    made.say(f"{picture} made again at {config.side} x {config.side} px: {output}")
    if show and typer.launch(str(output)):
        made.say(f"no program here opens pictures; open {output} yourself")
