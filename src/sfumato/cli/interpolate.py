"""sfumato interpolate: the way from one work to another, as a video."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.cli.nearness import said_of_nearness
from sfumato.cli.pretrained import PretrainedOptions
from sfumato.errors import SfumatoError
from sfumato.text import counted
from sfumato.works.request import Request


@options.asks("stage", *options.SAMPLING)
def interpolate(
    first: Annotated[Path, typer.Argument(help="A work: a PNG that sfumato made.")],
    second: Annotated[Path, typer.Argument(help="Another work of the same model.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The video: .webp, .gif, .apng, or .mp4 where ffmpeg is installed.")
    ] = Path("interpolated.webp"),
    *,
    request: Request,
    frames: Annotated[
        int | None,
        typer.Option(
            min=2, max=2000, help="How many pictures, the two works included; else 60, or what --seconds has room for."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long it runs.")] = 4.0,
    model: options.MadeWith = None,
    device: options.DeviceAgain = "auto",
    pretrained: PretrainedOptions,
    force: options.Force = False,
) -> None:
    """Pass from one work to another through pictures that the model makes, at an even pace."""
    from sfumato.cli.again import model_of
    from sfumato.cli.output import check_free, check_is_not
    from sfumato.cli.sampling_bar import Part, SamplingBar
    from sfumato.devices import device_again
    from sfumato.models import passing, reproduction, to_pictures
    from sfumato.models.interpolation import DENSITY, check_way
    from sfumato.works import read_work, save_animation, save_video
    from sfumato.works.video import ANIMATIONS, SHORTEST_FRAME_MS, most_frames

    is_video = output.suffix.lower() == ".mp4"
    if not is_video and output.suffix.lower() not in ANIMATIONS:
        raise SfumatoError(f"{output}: a video's name ends in .webp, .gif, .apng or .mp4")
    for work in (first, second):
        check_is_not(output, work, "one of the two works")
    check_free([output], force=force)
    most = 2000 if is_video else most_frames(seconds)
    frames = frames or min(60, most)
    if frames > most:
        raise SfumatoError(
            f"--frames {frames}: in {counted(seconds, 'second')} {output.suffix} shows {most} at most; "
            f"give --seconds {frames * SHORTEST_FRAME_MS / 1000:g}, fewer --frames, or a name that ends in .mp4"
        )
    console = Console(highlight=False)
    one, other = (read_work(path).recipe.first for path in (first, second))
    place = str(device_again(device, one.environment.device))
    named = [model] if model else []
    loaded = model_of(one, first, named, place, pretrained, request.sampling, {one.model.digest})
    check_way(loaded, one, other)
    part = Part(reproduction(loaded, one, request), DENSITY * frames)
    part.is_sure = False  # until a batch is made: more than one class costs more
    with SamplingBar(console, counted(frames, "picture"), [part]):
        for event in passing(loaded, one, other, frames, request):
            part.expect(event.batch, event.batches)
    assert event.frames is not None, "the last event has the pictures"
    pictures = to_pictures(event.frames)
    save = save_video if is_video else save_animation
    save(pictures, output, seconds=seconds, sources=loaded.sources(event.findings), force=force)
    say(console, f"{counted(len(pictures), 'picture')} from {first} to {second}: {output}")
    if near := said_of_nearness({f"picture {number}": one for number, one in enumerate(event.findings, 1)}):
        say(console, near)
