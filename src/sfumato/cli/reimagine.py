"""sfumato reimagine: a picture, made again by a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from PIL import Image


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
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another work.")] = 0,
    label: options.Label = None,
    away: options.Away = None,
    guidance: options.Guidance = None,
    guidance_kind: options.GuidanceKind = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps from noise to picture, before the strength.")] = None,
    sampler: options.Sampler = None,
    schedule: options.Schedule = None,
    sharpness: options.Sharpness = None,
    palette: options.PaletteText = None,
    palette_strength: options.PaletteStrength = 0.75,
    background: options.Background = options.WHITE,
    show: Annotated[bool, typer.Option("--show", help="Open it when it is done.")] = False,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    device: options.Device = "cpu",
    force: options.Force = False,
) -> None:
    """Make a picture again with a model: an autoencoder answers in one pass, a diffusion model refines it from noise.

    The picture is cropped at its centre and scaled to the model's size.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.devices import device_named
    from sfumato.cli.painting import film_of, paint, steering_of
    from sfumato.cli.placing import check_places, check_work_place
    from sfumato.models import Generation, Model
    from sfumato.models import reimagine as reimagine_picture
    from sfumato.models.ground import Ground

    if source is not None and not edit:
        raise SfumatoError(f"--from {source}: says of which class a picture is that is edited; say --edit as well")
    check_work_place(output, picture)
    film = film_of(output) if trajectory else None
    check_places([output, *([film] if film else [])], force=force)
    image = opened(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=str(device_named(device)))
    console = Console(highlight=False)
    if loaded.config.objective in ("denoising", "distillation"):
        ground = (
            Ground.editing(loaded.config, image, strength, source)
            if edit
            else Ground.refining(loaded.config, image, strength)
        )
        generation = Generation.of(
            loaded,
            seed=seed,
            label=label,
            away=away,
            ground=ground,
            steering=steering_of(palette, palette_strength, None, 0.0, ground),
            guidance=guidance,
            guidance_kind=guidance_kind,
            steps=steps,
            sampler=sampler,
            schedule=schedule,
            sharpness=sharpness,
        )
        work = paint(generation, console, film, force=force)
    else:
        work = reimagine_picture(loaded, image)
    work.save(output, recipe=recipe, force=force)
    side = loaded.config.size
    console.print(f"{picture} made again at {side} x {side} px: {output}", markup=False, soft_wrap=True)
    if show and typer.launch(str(output)):
        console.print(f"no program here opens pictures; open {output} yourself", markup=False, soft_wrap=True)


def opened(path: Path, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The picture upright, in sRGB, on ``background`` where it is transparent.

    Raises SfumatoError where there is none or it cannot be used.
    """
    from sfumato.collection.reading import read_picture
    from sfumato.collection.unusable import UnusableError

    try:
        return read_picture(path.read_bytes(), background).image
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file; give a picture") from error
    except IsADirectoryError as error:
        raise SfumatoError(f"{path}: is a directory; give one picture") from error
    except UnusableError as error:
        raise SfumatoError(f"{path}: {error}; give another picture") from error
