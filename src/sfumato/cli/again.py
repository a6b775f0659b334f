"""sfumato again: a work, made once more from the recipe in its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings


def again(
    work: Annotated[Path, typer.Argument(help="A work: a PNG that sfumato made.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The PNG to write; without it, a work is written only where a setting is changed."
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Where the model is, and again for an upscaler; else both are looked for, here and near the work.",
        ),
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="The picture that it began with, if it began with one.")] = None,
    mask: Annotated[Path | None, typer.Option(help="The mask of what was made anew in it, if there was one.")] = None,
    background: options.Background = options.WHITE,
    label: options.Label = None,
    away: options.Away = None,
    strength: Annotated[float | None, typer.Option(help="Of a work that began with a picture.")] = None,
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
    device: options.DeviceAgain = "auto",
    force: options.Force = False,
) -> None:
    """Make a work once more from the recipe in its file, and say whether the pixels are the same.

    Any setting can be changed on the way; the changed work is written to -o.
    """
    import numpy as np

    from sfumato.cli.collect import parse_background
    from sfumato.cli.finding import model_of
    from sfumato.cli.masking import opened_mask
    from sfumato.cli.painting import film_of, painted
    from sfumato.cli.placing import check_made_up_place, check_places, check_work_place, made_up
    from sfumato.devices import device_again
    from sfumato.images.decoding import open_picture
    from sfumato.models import remake
    from sfumato.models.reimagining import ONE_PASS
    from sfumato.models.remaking import enlarging_again, ground_of, repetition
    from sfumato.works import read_work

    console = Console(highlight=False)
    changes: dict[str, Any] = {
        "label": label,
        "away": away,
        "strength": strength,
        "guidance": guidance,
        "guidance_kind": guidance_kind,
        "steps": steps,
        "sampler": sampler,
        "schedule": schedule,
        "sharpness": sharpness,
        "precision": precision,
        **further_settings(further),
    }
    changed = any(value is not None for value in changes.values())
    if changed and output is None:
        output = made_up(work, "-again.png")
        check_made_up_place(output, force=force)
    if output is not None:
        for source in filter(None, (work, picture, mask)):
            check_work_place(output, source)
    film = None
    if trajectory:
        film = made_up(work, "-trajectory.webp") if output is None else film_of(output)
    check_places([output] if output is not None else [], force=force)
    if film is not None:
        check_made_up_place(film, force=force)
    read = read_work(work)
    shown = None if picture is None else open_picture(picture, parse_background(background))
    covered = None if mask is None else opened_mask(mask)
    place = str(device_again(device, read.recipe.device))
    begun, enlargements = read.recipe.first, read.recipe.enlargements
    if shown is not None and begun.input_digest is None:  # an enlarged work, of which the small one is given
        begun, enlargements = read.recipe, ()
    loaded, *upscalers = [model_of(part, work, models or [], place) for part in (begun, *enlargements)]
    if begun.sampler == ONE_PASS and film is None:
        made = remake(loaded, begun, picture=shown, mask=covered, **changes)
    else:
        ground = ground_of(loaded, begun, shown, covered, changes.pop("strength"))
        made = painted(*repetition(loaded, begun, ground, **changes), film, console, force=force)
    if film is not None:
        console.print(f"from noise to picture: {film}", markup=False, soft_wrap=True)
    for larger, upscaler in zip(enlargements, upscalers, strict=True):
        made = painted(*enlarging_again(upscaler, larger, made), None, console, force=force)
    if output is not None:
        made.save(output, recipe=recipe, force=force)
        console.print(f"{work} made again: {output}", markup=False, soft_wrap=True)
    if changed:
        return
    apart = np.abs(np.asarray(made.image, dtype=int) - np.asarray(read.image, dtype=int))
    if not apart.any():
        console.print("the pixels are the same", soft_wrap=True)
        return
    share = (apart.max(2) > 0).mean()
    console.print(
        f"{share:.1%} of the pixels differ, by {apart.max()} of 255 at most and {apart.mean():.2f} on average"
        f"{_why(read.recipe, made.recipe)}",
        markup=False,
        soft_wrap=True,
    )


def _why(one: object, other: object) -> str:
    """What was not as it had been, where that may be the reason."""
    names = {"device": "device", "torch_version": "torch", "sfumato_version": "sfumato"}
    apart = [
        f"{said} {getattr(one, name)} then and {getattr(other, name)} now"
        for name, said in names.items()
        if getattr(one, name) != getattr(other, name)
    ]
    return f"; {', '.join(apart)}" if apart else "; it was made on another machine, or the file's pixels were changed"
