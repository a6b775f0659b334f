"""sfumato outpaint: what lies beyond the edges of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options
from sfumato.works.edits import Margins
from sfumato.works.request import Request


@options.asks(
    *("seed", *options.CONTENT, "stage", *options.SAMPLING), **{side: (Margins, side) for side in Margins.model_fields}
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
    steering: options.SteeringOptions,
    from_picture: options.PictureOptions,
) -> None:
    """Continue beyond the edges of a picture, which itself is kept to the pixel."""
    from sfumato.cli.one_work import OneWork
    from sfumato.models import Generation
    from sfumato.models.canvas import extended_canvas

    margins = Margins(left=left, top=top, right=right, bottom=bottom)
    made, image, loaded = OneWork.from_picture(output, picture, model, from_picture, request.sampling)
    canvas = extended_canvas(loaded.config.at(request.stage), image, margins)
    asked = steering.added_to(request, canvas)
    made.make(Generation.of(loaded, asked, canvas=canvas))
    made.say(f"{picture} continued to {canvas.width} x {canvas.height} px: {output}")
