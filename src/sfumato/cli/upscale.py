"""sfumato upscale: a picture made larger, with detail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfumato.cli import options
from sfumato.cli.printing import PrintSizeOption
from sfumato.errors import SfumatoError
from sfumato.works.request import Request

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.works import Work


@options.asks("seed", *options.SAMPLING)
def upscale(
    model: Annotated[
        str,
        typer.Argument(
            help="An upscaler (the run or model of 'sfumato train ART --upscaler 4'), or a model that has its own."
        ),
    ],
    picture: Annotated[Path, typer.Argument(help="A work, or any picture.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG to write.")] = Path("larger.png"),
    *,
    request: Request,
    print_size: PrintSizeOption = None,
    tile: Annotated[bool, typer.Option("--tile", help="The picture repeats without a seam, and is to do so.")] = False,
    from_picture: options.PictureOptions,
) -> None:
    """Make a picture larger, with detail such as the collection has that the upscaler learned from.

    Other seeds, other details. Without --seed a work keeps its own, and any other picture has seed 0.
    """
    from sfumato.cli.one_work import OneWork
    from sfumato.cli.printing import printed
    from sfumato.models import enlarging

    made, image, loaded = OneWork.from_picture(output, picture, model, from_picture, request.sampling)
    given = _work(picture, image)
    if print_size is not None:
        if given is None:
            raise SfumatoError(
                f"{picture}: carries no recipe, and only works are enlarged for a print; leave --print out"
            )
        work = made.write(printed(made, print_size, given, loaded, request, tile=tile))
    else:
        work = made.make(enlarging(loaded, given or image, request, tile=tile))
    width, height = work.image.size
    made.say(f"{picture} enlarged to {width} x {height} px: {output}")


def _work(path: Path, image: Image.Image) -> Work | None:
    """The picture as a work, so that the larger one can be made from its recipe again; None for any other picture."""
    from sfumato.works import read_work

    try:
        work = read_work(path)
    except SfumatoError:
        return None
    return work if work.image.tobytes() == image.tobytes() else None
