"""sfumato generate: new works from a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings
from sfumato.errors import SfumatoError

ON_SHEET = 256  # works at most; with more of them a sheet shows nothing any longer


def generate(
    model: options.ModelName,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=options.MOST_WORKS, help="How many works.")] = 16,
    seed: options.Seed = 0,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory for the works.")] = Path("works"),
    label: options.Label = None,
    away: options.Away = None,
    variations: Annotated[
        float | None, typer.Option(help="With --of: how far from that work, 0 (the same) to 1 (another).")
    ] = None,
    of: Annotated[Path | None, typer.Option(help="With --variations: a work whose relatives are made.")] = None,
    width: Annotated[
        int | None, typer.Option(min=1, max=options.MOST_PIXELS, help="Pixels, from the model's on.")
    ] = None,
    height: Annotated[
        int | None, typer.Option(min=1, max=options.MOST_PIXELS, help="Pixels, from the model's on.")
    ] = None,
    tile: Annotated[bool, typer.Option("--tile", help="Works that repeat without a seam.")] = False,
    upscale: Annotated[
        str | None, typer.Option(help="An upscaler (see train --upscaler) to enlarge the works.")
    ] = None,
    palette: options.PaletteText = None,
    palette_strength: options.PaletteStrength = 0.75,
    composition: options.Sketch = None,
    composition_strength: options.SketchStrength = 1.0,
    guidance: options.Guidance = None,
    guidance_kind: options.GuidanceKind = None,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    sharpness: options.Sharpness = None,
    further: options.Further = None,
    precision: options.Precision = None,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "cpu",
    force: options.Force = False,
) -> None:
    """Make new works with a model: PNG files that carry their recipe, and a contact sheet beside their directory."""
    from sfumato.cli.devices import device_named
    from sfumato.cli.nearness import said_of_nearness
    from sfumato.cli.painting import steering_of
    from sfumato.cli.placing import beside, check_made_up_place, check_places
    from sfumato.directory import OwnDirectory
    from sfumato.models import Generation, Model, relatives, to_pictures, upscale_work
    from sfumato.models.ground import Ground, enlarged_size
    from sfumato.provenance import save_marked
    from sfumato.works import Work, contact_sheet, read_work, save_animation
    from sfumato.works.whole_file import write_whole_file

    console = Console(highlight=False)
    files = [output / f"{index:04d}.png" for index in range(count)]
    sheet, film = beside(output, "-sheet.png"), beside(output, "-trajectory.webp")
    directory = OwnDirectory(output, "works")
    directory.check([file.name for file in files], force=force)
    check_places(files, force=force)
    for place in (sheet, *([film] if trajectory else [])):
        check_made_up_place(place, force=force)
    others = _others(output, files)
    if others and not force:
        raise SfumatoError(
            f"{output}: holds {others[0].name}{' and more' if len(others) > 1 else ''} already, "
            "and the works would mingle with it; choose another -o, or say --force"
        )
    if (variations is None) != (of is None):
        raise SfumatoError("--variations and --of belong together: how far, and from which work")
    if of is not None and (width or height or tile or palette or composition):
        raise SfumatoError("--variations have size, palette and composition of the work itself; leave these out")
    loaded = Model.from_pretrained(model, device=str(device_named(device)))
    upscaler = None if upscale is None else Model.from_pretrained(upscale, device=str(device_named(device)))
    asked: dict[str, Any] = {
        "seed": seed,
        "label": label,
        "away": away,
        "guidance": guidance,
        "guidance_kind": guidance_kind,
        "steps": steps,
        "sampler": sampler,
        "schedule": schedule,
        "sharpness": sharpness,
        "precision": precision,
        **further_settings(further),
    }
    if of is None or variations is None:
        ground = Ground.plain(loaded.config, width, height, tile=tile)
        steering = steering_of(palette, palette_strength, composition, composition_strength, ground)
        generation = Generation.of(loaded, ground=ground, steering=steering, **asked)
    else:
        generation = relatives(loaded, read_work(of).recipe.first, variations, **asked)
    if upscaler is not None:
        enlarged_size(upscaler.config, generation.ground.width, generation.ground.height)  # or it says why not
    with directory.at_work():
        pictures, frames = [], []
        with _progress(console) as progress:
            task = progress.add_task("works", total=count)
            for step in generation.steps(count):
                if trajectory and step.indices[0] == 0:
                    frames.append(contact_sheet(to_pictures(step.noisy)))
                if step.step < step.steps:
                    continue
                for index, picture in zip(step.indices, to_pictures(step.noisy), strict=True):
                    work = Work(picture, generation.recipe(index))
                    if upscaler is not None:
                        work = upscale_work(upscaler, work)
                    work.save(directory.claim(files[index].name), recipe=recipe, force=force)
                    if index < ON_SHEET:
                        pictures.append(work.image)
                progress.update(task, advance=len(step.indices))
        write_whole_file(sheet, lambda file: save_marked(contact_sheet(pictures), file, format="PNG"), force=force)
        if trajectory:
            save_animation(frames, film, seconds=3.0, hold=1.5, scale=1, force=force)
    on_sheet = "all" if count <= ON_SHEET else f"the first {ON_SHEET}"
    said = f"{count:,} works in {output}, {on_sheet} on one sheet in {sheet}" if count > 1 else f"1 work in {output}"
    console.print(said, markup=False, soft_wrap=True)
    if near := said_of_nearness(model, pictures, [file.name for file in files]):
        console.print(near, markup=False, soft_wrap=True)
    if others:
        left = "1 other file" if len(others) == 1 else f"{len(others):,} other files"
        console.print(f"{left} in {output} left as before", markup=False, soft_wrap=True)
    if trajectory:
        console.print(f"from noise to picture: {film}", markup=False, soft_wrap=True)


def _others(output: Path, files: list[Path]) -> list[Path]:
    """What lies in the directory and is none of these files."""
    if not output.is_dir():
        return []
    from sfumato.marker import MARKER

    ours = {file.name for file in files}
    return sorted(path for path in output.iterdir() if path.name not in ours and path.name != MARKER)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
