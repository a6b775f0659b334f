"""sfumato upscale: a picture made larger, with detail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.works.request import Request

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.works import Work


@options.asks("seed", *options.SAMPLING)
def upscale(
    model: Annotated[str, typer.Argument(help="An upscaler: the run or model of 'sfumato train ART --upscaler 4'.")],
    picture: Annotated[Path, typer.Argument(help="A work, or any picture.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG to write.")] = Path("larger.png"),
    *,
    request: Request,
    tile: Annotated[bool, typer.Option("--tile", help="The picture repeats without a seam, and is to do so.")] = False,
    background: options.Background = options.WHITE,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make a picture larger, with detail such as the collection has that the upscaler learned from.

    Other seeds, other details. Without --seed a work keeps its own, and any other picture has seed 0.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.one_work import OneWork
    from sfumato.images.decoding import open_picture
    from sfumato.models import Model, enlarging

    made = OneWork.into(output, picture, trajectory=trajectory, recipe=recipe, force=force)
    image = open_picture(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=device)
    console = Console(highlight=False)
    work = made.make(enlarging(loaded, _work(picture, image) or image, request, tile=tile), console)
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
