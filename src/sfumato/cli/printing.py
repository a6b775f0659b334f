"""What is said before works are made for a print: its pixels, how they come about, and how long that takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from sfumato.cli.bar import about
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.cli.one_work import OneWork
    from sfumato.models import Generation, Model
    from sfumato.models.printing import Route
    from sfumato.works import Request, Work

PrintSizeOption = Annotated[
    str | None,
    typer.Option(
        "--print",
        metavar="SIZE@DPI",
        help="How large it is to be on paper: 30x40cm@200, 12x12in@300, a4, a3-landscape@150. Without dpi 200.",
    ),
]


def said_of_print(text: str, generation: Generation, route: Route) -> str:
    """'30 x 30 cm at 200 dpi are 2,362 x 2,362 pixels: works of 256 x 256, enlarged 4 times; about 3 minutes each'."""
    from sfumato.models.making_time import seconds_each
    from sfumato.works.print_size import PrintSize

    size = PrintSize.parse(text)
    width, height = size.pixels
    said = f"{size.said} are {width:,} x {height:,} pixels: {route.said}"
    seconds = seconds_each(generation, route)
    return said if seconds is None else f"{said}; {about(seconds)} each"


def printed(made: OneWork, text: str, work: Work, model: Model, request: Request, *, tile: bool) -> Work:
    """A work that is there, enlarged for a print by a model; it says beforehand how. Raises SfumatoError for a tile,
    and as `sfumato.models.printing.route_to`."""
    from sfumato.models.chain import last_work
    from sfumato.models.printing import route_to
    from sfumato.models.verbs import finishing
    from sfumato.policy.policy import Policy
    from sfumato.works.print_size import PrintSize

    if tile or work.recipe.request.canvas.tile:
        raise SfumatoError(f"print {text}: is cut to size, which would give a tile a seam; enlarge it without --print")
    size = PrintSize.parse(text)
    route = route_to(size, model, work=work.recipe).checked(Policy.current())
    width, height = size.pixels
    made.say(f"{size.said} are {width:,} x {height:,} pixels: {route.said}")

    def larger(generation: Generation) -> Work:
        nonlocal made
        enlarged = made.made(generation)
        made = replace(made, video=None)  # of the first enlargement
        return enlarged

    return last_work(finishing(route, work, request), larger)
