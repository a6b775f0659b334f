"""sfumato inpaint: part of a picture made anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sfumato.cli import options
from sfumato.works.edits import Inpaint
from sfumato.works.request import Request

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.models.canvas import Canvas


@options.asks("seed", *options.CONTENT, "stage", *options.SAMPLING, strength=(Inpaint, "strength"))
def inpaint(
    model: options.ModelName,
    picture: Annotated[Path, typer.Argument(help="The picture, each side as long as the model's or longer.")],
    mask: Annotated[
        Path,
        typer.Argument(
            help="A picture of its size, whose white is made anew and black kept to the pixel; or the picture itself "
            "with that part erased (transparent) which is to be new."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("inpainted.png"),
    *,
    request: Request,
    strength: float = 1.0,
    steering: options.SteeringOptions,
    from_picture: options.PictureOptions,
) -> None:
    """Make part of a picture anew: what the mask shows white. What it shows black is kept to the pixel.

    In a mask the darkest third is kept and the brightest third made anew, so that a JPEG will do; the greys between are
    soft edges, where the old passes into the new. The picture is kept as its colours are in sRGB.
    """
    from sfumato.cli.one_work import OneWork
    from sfumato.cli.output import check_is_not
    from sfumato.models import Generation
    from sfumato.models.canvas import masked_canvas

    check_is_not(output, mask, "the mask")
    covered = opened_mask(mask)
    made, image, loaded = OneWork.from_picture(output, picture, model, from_picture, request.sampling)
    canvas = masked_canvas(loaded.config.at(request.stage), image, covered, strength)
    asked = steering.added_to(request, canvas)
    made.make(Generation.of(loaded, asked, canvas=canvas))
    made.say(f"{fractions_in_words(canvas, picture)}: {output}")


def opened_mask(path: Path) -> Image.Image:
    """The mask upright, RGBA: what is transparent in it has a meaning. Raises SfumatoError as ``open_picture`` does."""
    from sfumato.images.decoding import open_picture
    from sfumato.models.mask import over_both

    return over_both(open_picture(path, (0, 0, 0)), open_picture(path, (255, 255, 255)))


def fractions_in_words(canvas: Canvas, picture: Path) -> str:
    """'20.1% of picture.png made anew, 79.9% kept to the pixel', and what lies between where the mask has soft edges.

    canvas: one with a mask.
    """
    assert canvas.mask is not None
    made, kept = ((canvas.mask == level).double().mean().item() for level in (1, 0))
    between = 1 - made - kept
    said = [f"{_percent(made)} of {picture} made anew"]
    if between > 1e-6:
        said.append(f"{_percent(between)} blended in soft edges")
    return ", ".join([*said, f"{_percent(kept)} kept to the pixel"])


def _percent(fraction: float) -> str:
    """One digit after the point; never none or all where it is some."""
    if 0 < fraction < 0.001:
        return "less than 0.1%"
    return "more than 99.9%" if 0.999 < fraction < 1 else f"{fraction:.1%}"
