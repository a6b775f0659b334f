"""sfumato again: a work, made once more from the recipe in its file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sfumato.cli import options
from sfumato.cli.pretrained import PretrainedOptions
from sfumato.errors import SfumatoError
from sfumato.images.decoding import picture_and_file
from sfumato.works.edits import Refine
from sfumato.works.refusal import LIMITS
from sfumato.works.request import Request
from sfumato.works.sampler_settings import SamplerSettings

if TYPE_CHECKING:
    from sfumato.models import Model
    from sfumato.works import Recipe

PARENTS: Final = 3  # above the work, and above the current directory, in which a model is searched for


@options.asks(*options.CONTENT, "stage", *options.SAMPLING, strength=(Refine, "strength"))
def again(
    work: Annotated[Path, typer.Argument(help="A work: a PNG that sfumato made.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="The PNG to write; without it, a work is written only where a setting is changed."
        ),
    ] = None,
    *,
    request: Request,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="Where the model is, and again for an upscaler; by default both are searched for here and beside the "
            "work.",
        ),
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="The picture that it began with, if it began with one.")] = None,
    mask: Annotated[Path | None, typer.Option(help="The mask of what was made anew in it, if there was one.")] = None,
    background: options.Background = options.WHITE,
    strength: float | None = None,
    trajectory: options.Trajectory = False,
    recipe: options.KeepRecipe = True,
    mark: options.WithMark = True,
    device: options.DeviceAgain = "auto",
    pretrained: PretrainedOptions,
    force: options.Force = False,
) -> None:
    """Make a work once more from the recipe in its file, and say whether the pixels are the same.

    Any setting can be changed on the way; the changed work is written to -o.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.inpaint import opened_mask
    from sfumato.cli.one_work import OneWork
    from sfumato.cli.output import check_made_up, made_up
    from sfumato.devices import device_again
    from sfumato.models.again import made_again
    from sfumato.models.reproduction import changes_work
    from sfumato.provenance.credentials import Input
    from sfumato.works import read_work
    from sfumato.works.comparing import compared

    read = read_work(work)
    asked = read.recipe.first.request
    is_told = asked.withheld is not None and not changes_work(asked, request)
    changed = strength is not None or (bool(request.model_fields_set) and not is_told)
    if changed and output is None:
        output = made_up(work, "-again.png")
        check_made_up(output, force=force)
    if output is None:
        video = made_up(work, "-trajectory.webp") if trajectory else None
        made = OneWork(None, video, recipe, force).checked()
    else:
        sources = filter(None, (work, picture, mask))
        made = OneWork.into(output, *sources, trajectory=trajectory, recipe=recipe, mark=mark, force=force)
    made = replace(made, remedy=LIMITS)
    place = str(device_again(device, read.recipe.environment.device))
    needed = {part.model.digest for part in (read.recipe.first, *read.recipe.enlargements)}
    shown = covered = None
    if picture is not None:
        shown, file = picture_and_file(picture, parse_background(background))
        made = replace(made, inputs=(Input(file, picture.name),))
    if mask is not None:
        covered = opened_mask(mask)
    # The way from noise is that of the work itself; its enlargements come after it.
    makers = itertools.chain([made], itertools.repeat(replace(made, video=None)))
    result = made_again(
        read.recipe,
        lambda part: model_of(part, work, models or [], place, pretrained, request.sampling, needed),
        lambda generation: next(makers).made(generation),
        request,
        picture=shown,
        mask=covered,
        strength=strength,
    )
    if made.video is not None:
        made.say(f"from noise to picture: {made.video}")
    made.write(result)
    if output is not None:
        made.say(f"{work} made again: {output}")
    if not changed:
        made.say(compared(read, result)[1])


def model_of(
    recipe: Recipe,
    work: Path,
    named: Sequence[str],
    device: str,
    pretrained: PretrainedOptions | None = None,
    changes: SamplerSettings | None = None,
    needed: Collection[str] | None = None,
) -> Model:
    """The model of a recipe, to the bit: one that is named, else one that lies here or near the work, or on the Hub.

    It is known by its weights, whatever its directory is called. pretrained: what it is loaded with, if it is a
    pre-trained one; LoRA files that are not named are searched for too; changes: settings that are to differ; needed:
    the digests of all models that may be named, None for any. Raises SfumatoError where there is none, and where
    another is named.
    """
    from sfumato.models import Model
    from sfumato.models.nearby import find_loras, find_pipeline, find_weights, unpacked
    from sfumato.models.reproduction import check_model
    from sfumato.pretrained.hub import is_hub_id

    sampling = (changes or SamplerSettings()).over(recipe.request.sampling)
    around = _searched(recipe.model.name, work)
    pretrained = pretrained or PretrainedOptions()
    if recipe.model.loras and not pretrained.loras:
        loras = zip(find_loras(recipe.model.loras, around) or (), recipe.model.loras, strict=False)
        pretrained = replace(pretrained, loras=[f"{path}:{one.weight!r}" for path, one in loras])
    asked = [pretrained.model(name, device, sampling) for name in named]
    for model in asked:
        if needed is not None and model.weights_digest not in needed:
            check_model(model, recipe)
    if ours := [model for model in asked if model.weights_digest == recipe.model.digest]:
        return ours[0]
    if recipe.model.files:
        lies = find_pipeline(recipe.model, around)
        if lies is not None:
            return pretrained.model(lies, device, sampling)
        if is_hub_id(recipe.model.name) and not asked:
            return pretrained.model(recipe.model.name, device, sampling, recipe.model.revision or None)
    found = None if recipe.model.files else find_weights(recipe.model.digest, around)
    if found is not None:
        with unpacked(found) as directory:
            return Model.from_pretrained(directory, device=device, base=pretrained.base)
    if asked:
        check_model(asked[-1], recipe)
    raise SfumatoError(
        f"{work}: was made with '{recipe.model.name}' (weights {recipe.model.digest[:10]}), and no model with these "
        "weights lies here or near the work; say where it is with --model"
    )


def _searched(name: str, work: Path) -> list[Path]:
    """Where to search, the likeliest first: what has the model's name, then here and beside the work, then above."""
    here, near = Path.cwd(), Path(os.path.realpath(work)).parent
    around = [here, near, *near.parents[:PARENTS], *here.parents[:PARENTS]]
    # Below the root of a disk lies all that there is.
    around = [place for place in dict.fromkeys(around) if place != place.parent]
    called = [place / name for place in around] if Path(name).name == name and "\x00" not in name else []
    return [*called, *around]
