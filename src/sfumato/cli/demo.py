"""sfumato demo: the whole way, from pictures that the program draws to new works, with no download."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from sfumato.errors import SfumatoError


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the demonstration.")] = Path(
        "sfumato-demo"
    ),
    minutes: Annotated[float, typer.Option(min=0.02, max=525_600, help="Minutes to train.")] = 2.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed draws other pictures.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Make a demonstration that is there anew.")] = False,
) -> None:
    """Show everything on pictures that the program draws itself: collect, train two minutes, generate, one web page."""
    if not math.isfinite(minutes):  # 'nan' is in every range
        raise SfumatoError("--minutes takes a number, as in --minutes 2")

    from sfumato import pipeline
    from sfumato.cli.drawing import draw

    draw(pipeline.demonstrate(output, minutes=minutes, seed=seed, force=force))
