"""sfumato interpolate: the way from one work to another, as a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError


def interpolate(
    first: Annotated[Path, typer.Argument(help="A work: a PNG that sfumato made.")],
    second: Annotated[Path, typer.Argument(help="Another work of the same model.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The film: .webp, .gif, .apng, or .mp4 where ffmpeg is installed.")
    ] = Path("interpolated.webp"),
    frames: Annotated[int, typer.Option(min=2, max=2000, help="How many pictures, the two works included.")] = 60,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long it runs.")] = 4.0,
    model: options.MadeWith = None,
    guidance: options.Guidance = None,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    device: options.DeviceAgain = "auto",
    force: options.Force = False,
) -> None:
    """Pass from one work to another through pictures that the model makes, at an even pace."""
    import torch
    from rich.progress import track

    from sfumato.cli.finding import model_of
    from sfumato.cli.placing import check_is_not, check_places
    from sfumato.models import interpolated, to_pictures
    from sfumato.models.devices import device_again
    from sfumato.works import read_work, save_animation, save_film
    from sfumato.works.animation import FORMATS

    film = output.suffix.lower() == ".mp4"
    if not film and output.suffix.lower() not in FORMATS:
        raise SfumatoError(f"{output}: a film's name ends in .webp, .gif, .apng or .mp4")
    for work in (first, second):
        check_is_not(output, work, "one of the two works")
    check_places([output], force=force)
    console = Console(highlight=False)
    one, other = (read_work(path).recipe.first for path in (first, second))
    loaded = model_of(one, first, [model] if model else [], str(device_again(device, one.device)))
    way = interpolated(loaded, one, other, frames, steps=steps, guidance=guidance, sampler=sampler)
    shown = track(way, "frames", total=frames, console=console, transient=True, disable=not console.is_terminal)
    pictures = to_pictures(torch.stack(list(shown)))
    if film:
        save_film(pictures, output, seconds=seconds, force=force)
    else:
        save_animation(pictures, output, seconds=seconds, force=force)
    console.print(f"{frames:,} pictures from {first} to {second}: {output}", markup=False, soft_wrap=True)
