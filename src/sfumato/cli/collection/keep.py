"""sfumato collection keep: which of several pictures that are the same, or nearly, is in a collection."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli.bar import say
from sfumato.cli.collection.arguments import Place, carry_out
from sfumato.text import counted, printable


def keep(
    place: Place,
    file: Annotated[str, typer.Option("--file", metavar="NAME", help="The picture to keep.")],
    over: Annotated[
        str, typer.Option("--over", metavar="NAME", help="The other one; all that are the same or nearly if not given.")
    ] = "",
    both: Annotated[bool, typer.Option("--both", help="Keep the others too, which are only nearly the same.")] = False,
) -> None:
    """Keep a picture in place of others that are the same, or nearly; 'collection show --duplicates' lists them.

    The others' files stay where they are. Collecting the folder again does not bring them back; keeping them does.
    """
    from sfumato import pipeline
    from sfumato.collection import Collection
    from sfumato.collection.pairs import keeps_for

    keeps = keeps_for(Collection.open(place), file, over, both=both)
    carry_out(console := Console(highlight=False), pipeline.keep(place, keeps))
    others = counted(len(keeps), "other")
    verb = "kept, and so is" if both else "kept, and left out is"
    verb = verb if len(keeps) == 1 else verb.replace("so is", "so are").replace("out is", "out are")
    say(console, f"{printable(keeps[0].file)} is {verb} {others}; the files stay where they are.")
