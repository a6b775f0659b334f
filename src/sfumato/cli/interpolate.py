"""sfumato interpolate: the way from one work to another, as a film."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.text import counted


def interpolate(
    first: Annotated[Path, typer.Argument(help="A work: a PNG that sfumato made.")],
    second: Annotated[Path, typer.Argument(help="Another work of the same model.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The film: .webp, .gif, .apng, or .mp4 where ffmpeg is installed.")
    ] = Path("interpolated.webp"),
    frames: Annotated[
        int | None,
        typer.Option(
            min=2, max=2000, help="How many pictures, the two works included; else 60, or what --seconds has room for."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long it runs.")] = 4.0,
    model: options.MadeWith = None,
    guidance: options.Guidance = None,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    device: options.DeviceAgain = "auto",
    force: options.Force = False,
) -> None:
    """Pass from one work to another through pictures that the model makes, at an even pace."""
    from sfumato.cli.finding import model_of
    from sfumato.cli.placing import check_is_not, check_places
    from sfumato.cli.sampling_bar import Part, SamplingBar
    from sfumato.devices import device_again
    from sfumato.images.tensors import to_pictures
    from sfumato.models import Generation, passing
    from sfumato.models.ground import Ground
    from sfumato.models.interpolation import DENSITY
    from sfumato.works import read_work, save_animation, save_film
    from sfumato.works.animation import FORMATS, SHORTEST_FRAME_MS, most_frames

    film = output.suffix.lower() == ".mp4"
    if not film and output.suffix.lower() not in FORMATS:
        raise SfumatoError(f"{output}: a film's name ends in .webp, .gif, .apng or .mp4")
    for work in (first, second):
        check_is_not(output, work, "one of the two works")
    check_places([output], force=force)
    most = 2000 if film else most_frames(seconds)
    frames = frames or min(60, most)
    if frames > most:
        raise SfumatoError(
            f"--frames {frames}: in {counted(seconds, 'second')} {output.suffix} shows {most} at most; "
            f"give --seconds {frames * SHORTEST_FRAME_MS / 1000:g}, fewer --frames, or a name that ends in .mp4"
        )
    console = Console(highlight=False)
    one, other = (read_work(path).recipe.first for path in (first, second))
    loaded = model_of(one, first, [model] if model else [], str(device_again(device, one.device)))
    ground = Ground.plain(loaded.config, *one.size, tile=one.tile)
    part = Part(Generation.of(loaded, ground=ground, steps=steps, guidance=guidance, sampler=sampler), DENSITY * frames)
    part.is_sure = False  # until a batch is made: more than one class costs more
    with SamplingBar(console, counted(frames, "picture"), [part]):
        for event in passing(loaded, one, other, frames, steps=steps, guidance=guidance, sampler=sampler):
            part.expect(event.batch, event.batches)
    assert event.frames is not None, "the last event has the pictures"
    pictures = to_pictures(event.frames)
    if film:
        save_film(pictures, output, seconds=seconds, force=force)
    else:
        save_animation(pictures, output, seconds=seconds, force=force)
    console.print(
        f"{counted(len(pictures), 'picture')} from {first} to {second}: {output}", markup=False, soft_wrap=True
    )
