"""sfumato outpaint: what lies beyond the edges of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings

Pixels = Annotated[int, typer.Option(min=0, max=options.MOST_PIXELS, help="Pixels to add on this side.")]


def outpaint(
    model: options.ModelName,
    picture: Annotated[Path, typer.Argument(help="The picture, which is kept to the pixel.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("outpainted.png"),
    left: Pixels = 0,
    top: Pixels = 0,
    right: Pixels = 0,
    bottom: Pixels = 0,
    seed: options.Seed = 0,
    label: options.Label = None,
    away: options.Away = None,
    guidance: options.Guidance = None,
    guidance_kind: options.GuidanceKind = None,
    steps: options.Steps = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    sharpness: options.Sharpness = None,
    further: options.Further = None,
    palette: options.PaletteText = None,
    palette_strength: options.PaletteStrength = 0.75,
    background: options.Background = options.WHITE,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Go on beyond the edges of a picture, which itself is kept to the pixel."""
    from sfumato.cli.collect import parse_background
    from sfumato.cli.painting import checked_film, paint
    from sfumato.images.decoding import open_picture
    from sfumato.models import Model
    from sfumato.models.ground import Ground, Margins
    from sfumato.models.request import steering_of

    film = checked_film(output, picture, trajectory=trajectory, force=force)
    image = open_picture(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=device)
    ground = Ground.extended(loaded.config, image, Margins(left, top, right, bottom))
    steering = steering_of(palette, palette_strength, None, 0.0, ground)
    console = Console(highlight=False)
    work = paint(
        loaded,
        ground,
        steering,
        film,
        console,
        force=force,
        seed=seed,
        label=label,
        away=away,
        guidance=guidance,
        guidance_kind=guidance_kind,
        steps=steps,
        sampler=sampler,
        schedule=schedule,
        sharpness=sharpness,
        **further_settings(further),
    )
    work.save(output, recipe=recipe, force=force)
    console.print(f"{picture} continued to {ground.width} x {ground.height} px: {output}", markup=False, soft_wrap=True)
