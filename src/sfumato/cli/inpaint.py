"""sfumato inpaint: part of a picture made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings


def inpaint(
    model: options.ModelName,
    picture: Annotated[Path, typer.Argument(help="The picture, each side as long as the model's or longer.")],
    mask: Annotated[
        Path,
        typer.Argument(
            help="A picture of its size, whose white is made anew and black kept to the pixel; or the picture itself "
            "with that part erased (transparent) which is to be new."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("inpainted.png"),
    strength: Annotated[float, typer.Option(help="Below 1 something of what is replaced shows through.")] = 1.0,
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
    composition: options.Sketch = None,
    composition_strength: options.SketchStrength = 1.0,
    background: options.Background = options.WHITE,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make part of a picture anew: what the mask shows white. What it shows black is kept to the pixel.

    In a mask the darkest third is kept and the brightest third made anew, so that a JPEG will do; the greys between are
    soft edges, where the old passes into the new. The picture is kept as its colours are in sRGB.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.masking import opened_mask, shares_in_words
    from sfumato.cli.painting import checked_film, paint
    from sfumato.cli.placing import check_is_not
    from sfumato.images.decoding import open_picture
    from sfumato.models import Model
    from sfumato.models.ground import Ground
    from sfumato.models.request import steering_of

    check_is_not(output, mask, "the mask")
    film = checked_film(output, picture, trajectory=trajectory, force=force)
    image, covered = open_picture(picture, parse_background(background)), opened_mask(mask)
    loaded = Model.from_pretrained(model, device=device)
    ground = Ground.masked(loaded.config, image, covered, strength)
    steering = steering_of(palette, palette_strength, composition, composition_strength, ground)
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
    console.print(f"{shares_in_words(ground, picture)}: {output}", markup=False, soft_wrap=True)
