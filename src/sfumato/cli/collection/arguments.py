"""The arguments that the commands on a collection share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Place = Annotated[Path, typer.Argument(metavar="COLLECTION", help="The collection's directory.")]
Files = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="NAME", help="A picture's name or a pattern, as in 'waves/*.png'; may be repeated."),
]
Classes = Annotated[list[str] | None, typer.Option("--class", metavar="NAME", help="Pictures of this class.")]
