"""The arguments that the commands on a collection share, and how what was decided is carried out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from sfumato.pipeline import Event

Place = Annotated[Path, typer.Argument(metavar="COLLECTION", help="The collection's directory.")]
Files = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="NAME", help="A picture's name or a pattern, as in 'waves/*.png'; may be repeated."),
]
Classes = Annotated[list[str] | None, typer.Option("--class", metavar="NAME", help="Pictures of this class.")]


def carry_out(console: Console, events: Iterator[Event]) -> None:
    """Collect again, without naming all that is known already."""
    with console.status("Collecting again"), closing(events):  # type: ignore[type-var]
        for _ in events:
            pass
