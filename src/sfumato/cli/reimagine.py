"""sfumato reimagine: a picture, made again by a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from PIL import Image


def reimagine(
    model: Annotated[str, typer.Argument(help="A model's directory, a run's, or a Hub repository (owner/name).")],
    picture: Annotated[Path, typer.Argument(help="The picture to begin with.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("reimagined.png"),
    strength: Annotated[
        float, typer.Option(help="Diffusion models: near 0 keeps the picture, 1 begins with pure noise.")
    ] = 0.6,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another work.")] = 0,
    label: Annotated[str | None, typer.Option("--class", help="The class to refine it towards.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps from noise to picture, before the strength.")] = None,
    away: Annotated[str | None, typer.Option(help="A class to lead away from.")] = None,
    guidance: Annotated[float | None, typer.Option(min=0, help="1 is none; higher is truer to the class.")] = None,
    sampler: Annotated[str | None, typer.Option(help="euler, heun, dpmpp_2m, dpmpp_2m_sde or euler_ancestral.")] = None,
    background: Annotated[str, typer.Option(help="R,G,B: what shows through a transparent picture.")] = "255,255,255",
    show: Annotated[bool, typer.Option("--show", help="Open it when it is done.")] = False,
    recipe: Annotated[bool, typer.Option("--recipe/--no-recipe", help="Keep the settings in the file.")] = True,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Make a picture again with a model: an autoencoder answers in one pass, a diffusion model refines it from noise.

    The picture is cropped at its centre and scaled to the model's size.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.devices import device_named
    from sfumato.cli.placing import check_places, check_work_place
    from sfumato.models import Model
    from sfumato.models import reimagine as reimagine_picture

    check_work_place(output, picture)
    check_places([output], force=force)
    image = opened(picture, parse_background(background))
    loaded = Model.from_pretrained(model, device=str(device_named(device)))
    work = reimagine_picture(
        loaded,
        image,
        strength=strength,
        seed=seed,
        label=label,
        away=away,
        steps=steps,
        guidance=guidance,
        sampler=sampler,
    )
    work.save(output, recipe=recipe, force=force)
    console = Console(highlight=False)
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
