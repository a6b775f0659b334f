"""sfumato generate: new works from a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.cli.pretrained import PretrainedOptions, PromptFile
from sfumato.cli.printing import PrintSizeOption
from sfumato.errors import SfumatoError
from sfumato.text import counted
from sfumato.works.request import Request
from sfumato.works.values import MOST_CANDIDATES

if TYPE_CHECKING:
    from sfumato.works import Recipe


@options.asks("seed", *options.CONTENT, *options.CANVAS, "stage", *options.SAMPLING)
def generate(
    model: options.ModelName,
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=options.MOST_WORKS, help="How many works.")] = 16,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory for the works.")] = Path("works"),
    *,
    request: Request,
    best_of: Annotated[
        int,
        typer.Option(
            min=1,
            max=MOST_CANDIDATES,
            help="Make so many for each work, and keep the one most like the pictures learned from.",
        ),
    ] = 1,
    keep_empty: Annotated[
        bool, typer.Option("--keep-empty", help="Do not draw works that are all but empty again.")
    ] = False,
    variations: Annotated[
        float | None, typer.Option(help="With --of: how far from that work, 0 (the same) to 1 (another).")
    ] = None,
    of: Annotated[Path | None, typer.Option(help="With --variations: the work to vary.")] = None,
    upscale: Annotated[
        str | None,
        typer.Option(help="What enlarges the works: an upscaler (see train --upscaler), or a model that has one."),
    ] = None,
    print_size: PrintSizeOption = None,
    prompts: PromptFile = None,
    steering: options.SteeringOptions,
    trajectory: options.Trajectory = False,
    refusal: options.RefusalOptions,
    pretrained: PretrainedOptions,
    recipe: options.KeepRecipe = True,
    mark: options.WithMark = True,
    device: options.Device = "auto",
    force: options.Force = False,
) -> None:
    """Make new works with a model: PNG files that carry their recipe, and a contact sheet beside their directory.

    In a directory of works, further ones are made: the same command goes on where it was interrupted, or with the
    works that follow.
    """
    from sfumato.cli.nearness import said_of_nearness
    from sfumato.cli.printing import said_of_print
    from sfumato.cli.series import SeriesOfWorks
    from sfumato.directory import OwnDirectory
    from sfumato.marker import MARKER
    from sfumato.models import Model
    from sfumato.models.printing import Route, printing
    from sfumato.models.verbs import generating
    from sfumato.works.series import Series, following, unfinished

    if trajectory and best_of > 1:
        raise SfumatoError(
            "--trajectory and --best-of: a video would show the way of every candidate; leave one of the two out"
        )
    console = Console(highlight=False)
    seed = request.seed if "seed" in request.model_fields_set else None
    directory = OwnDirectory(output, "works")
    made = SeriesOfWorks(directory, Series(count=count, seed=request.seed), trajectory, force=force)
    continues = not force and bool(directory.own())
    if continues:
        directory.check()
    else:
        made.check()
    loaded = pretrained.model(model, device, request.sampling)
    upscaler = None if upscale is None else Model.from_pretrained(upscale, device=device)
    route = None
    if print_size is not None:
        request, route = printing(print_size, request, loaded, upscaler)
    generation = generating(loaded, request, variations=variations, of=of, prompts=prompts, **vars(steering))
    generation = generation.asking(**vars(refusal)).choosing(best_of, keep_empty=keep_empty)
    route = route or Route.through(upscaler, (generation.canvas.width, generation.canvas.height))
    route.checked(generation.policy)
    if continues:

        def recipe_of(which: int, number: int) -> Recipe:
            return generation.with_seed(which).recipe(number)

        begun = unfinished(directory, count, recipe_of, seed=seed, **vars(generation.choice), **route.ending)
        series = begun or following(directory, count, recipe_of, seed=seed, **route.ending)
        made = SeriesOfWorks(directory, series, trajectory, goes_on=begun is not None)
        made.check()
    if print_size is not None:
        say(console, said_of_print(print_size, generation, route))
    is_shown = made.write(generation, route, console, seed=seed, recipe=recipe, mark=mark)
    for said in filter(None, (*made.said(), said_of_nearness(made.findings))):
        say(console, said)
    others = [path for path in output.iterdir() if path.name not in {*made.findings, MARKER}] if force else []
    if others:
        say(console, f"{counted(len(others), 'other file')} in {output} left as before")
    if trajectory:
        none = "no animation is written: it shows the first works, and all of these were refused"
        say(console, f"from noise to picture: {made.video}" if is_shown else none)
