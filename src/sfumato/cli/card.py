"""sfumato card: what is known of a model or a collection, in the forms that others have for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sfumato.cli import options


def card(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model's, a run's or a collection's directory, or OWNER/NAME.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="hub: Markdown with the Hub's metadata; croissant: JSON-LD for catalogues of data sets; eu: in the "
            "shape of the AI Act's summary of training content.",
        ),
    ] = "hub",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file to write it to; by default it is printed.")
    ] = None,
    force: options.Force = False,
) -> None:
    """Print what is known of a model or a collection as a card: for the Hub, as Croissant, or for the EU's AI Act.

    All of it comes from the program's records, and what is not known stands there as not known.
    """
    from sfumato import pipeline
    from sfumato.disk import write_whole_file
    from sfumato.text import encoded

    text = pipeline.card(name, form)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_whole_file(output, lambda file: file.write(encoded(text)), force=force)
