"""sfumato collect: from a folder of art to a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options
from sfumato.cli.rights import RightsOptions
from sfumato.errors import SfumatoError
from sfumato.text import printable


@options.asks()
def collect(
    art: Annotated[
        Path,
        typer.Argument(
            help="A folder of pictures (its sub-folders are classes), a zip of one, a data set by name "
            "(kaggle:OWNER/NAME, hf:OWNER/NAME), or a museum: met:, artic:, cleveland: or smithsonian:."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The collection's directory.")],
    background: Annotated[
        str, typer.Option("--background", metavar="R,G,B", help="The colour behind transparent pictures.")
    ] = "255,255,255",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Decoding processes.", show_default="auto")
    ] = None,
    include_works: options.IncludeWorks = False,
    query: options.Query = "",
    limit: options.Limit = None,
    *,
    rights: RightsOptions,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a directory that holds something else, or another collection.")
    ] = False,
) -> None:
    """Turn a folder of art into a collection: sound pictures without duplicates, and what is known of each."""
    from sfumato import pipeline
    from sfumato.cli.drawing import draw

    events = pipeline.collect(
        art,
        output,
        background=parse_background(background),
        workers=workers,
        include_works=include_works,
        query=query,
        limit=limit,
        **rights.choices,
        force=force,
    )
    draw(events)


def parse_background(text: str) -> tuple[int, int, int]:
    """'R,G,B', each 0 to 255, as numbers. Raises SfumatoError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    # Of the many things that int() takes, only plain digits.
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and int(part[:9]) <= 255 for part in parts):
        raise SfumatoError(
            f"The background '{printable(text)}' is not a colour: give red, green and blue from 0 to 255, "
            "as in --background 24,20,28."
        )
    red, green, blue = (int(part) for part in parts)
    return red, green, blue
