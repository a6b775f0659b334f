"""What is said before works are made for a print: its pixels, how they come about, and how long that takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfumato.cli.bar import about

if TYPE_CHECKING:
    from sfumato.models import Generation
    from sfumato.models.printing import Route


def said_of_print(text: str, generation: Generation, route: Route) -> str:
    """'30 x 30 cm at 200 dpi are 2,362 x 2,362 pixels: works of 256 x 256, enlarged 4 times; about 3 minutes each'."""
    from sfumato.models.making_time import seconds_each
    from sfumato.works.print_size import PrintSize

    size = PrintSize.parse(text)
    width, height = size.pixels
    said = f"{size.said} are {width:,} x {height:,} pixels: {route.said}"
    seconds = seconds_each(generation, route)
    return said if seconds is None else f"{said}; {about(seconds)} each"
