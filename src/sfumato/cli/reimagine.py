"""sfumato reimagine: a picture, made again by a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.further_settings import further_settings
from sfumato.errors import SfumatoError


def reimagine(
    model: options.ModelName,
    picture: Annotated[Path, typer.Argument(help="The picture to begin with.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("reimagined.png"),
    strength: Annotated[
        float, typer.Option(help="Diffusion models: near 0 keeps the picture, 1 begins with pure noise.")
    ] = 0.6,
    edit: Annotated[
        bool,
        typer.Option("--edit", help="Keep what another class would not change: begin with the picture's own noise."),
    ] = False,
    source: Annotated[str | None, typer.Option("--from", help="With --edit: the class that the picture is of.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed, another work.")] = 0,
    label: options.Label = None,
    away: options.Away = None,
    guidance: options.Guidance = None,
    guidance_kind: options.GuidanceKind = None,
    steps: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Steps from noise to picture, before the strength.")
    ] = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    sharpness: options.Sharpness = None,
    further: options.Further = None,
    palette: options.PaletteText = None,
    palette_strength: options.PaletteStrength = 0.75,
    background: options.Background = options.WHITE,
    show: Annotated[bool, typer.Option("--show", help="Open it when it is done.")] = False,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make a picture again with a model: an autoencoder answers in one pass, a diffusion model refines it from noise.

    The picture is cropped at its centre and scaled to the model's size.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.painting import checked_film, paint
    from sfumato.images.decoding import open_picture
    from sfumato.models import Model
    from sfumato.models import reimagine as reimagine_picture
    from sfumato.models.configuration import DIFFUSION
    from sfumato.models.ground import Ground
    from sfumato.models.request import steering_of

    if source is not None and not edit:
        raise SfumatoError(f"--from {source}: says of which class a picture is that is edited; say --edit as well")
    film = checked_film(output, picture, trajectory=trajectory, force=force)
    image = open_picture(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=device)
    console = Console(highlight=False)
    if loaded.config.objective in DIFFUSION:
        ground = (
            Ground.editing(loaded.config, image, strength, source)
            if edit
            else Ground.refining(loaded.config, image, strength)
        )
        steering = steering_of(palette, palette_strength, None, 0.0, ground)
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
    else:
        work = reimagine_picture(loaded, image)
    work.save(output, recipe=recipe, force=force)
    side = loaded.config.size
    console.print(f"{picture} made again at {side} x {side} px: {output}", markup=False, soft_wrap=True)
    if show and typer.launch(str(output)):
        console.print(f"no program here opens pictures; open {output} yourself", markup=False, soft_wrap=True)
