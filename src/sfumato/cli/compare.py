"""sfumato compare: three ways to make pictures, trained on the same pictures for the same time, on one page."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.text import counted

if TYPE_CHECKING:
    import torch

    from sfumato.collection import Collection
    from sfumato.dataset import Dataset
    from sfumato.evaluation import Comparison
    from sfumato.evaluation.comparison import Kind

# The article's autoencoder with the range of its output mended: the lesson is what autoencoders are, not that fault.
PRESETS: Mapping[Kind, str] = {"autoencoder": "article-fixed", "gan": "gan", "diffusion": "auto"}
PAGE = "index.html"
OWN = ("collection", "dataset", *PRESETS)
SHOWN, WORKS, EXAMPLES = 8, 24, 16


def compare(
    art: Annotated[Path, typer.Argument(help="As for train: a folder or zip of pictures, a collection, or a name.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the comparison.")] = Path(
        "comparison"
    ),
    minutes: Annotated[float, typer.Option(min=0.05, max=10_000, help="How long to train each of the three.")] = 10.0,
    size: Annotated[
        int | None, typer.Option(min=32, max=128, help="The side of the pictures in pixels, a multiple of 8.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed, other weights and works.")] = 0,
    pixel_art: Annotated[
        bool, typer.Option("--pixel-art", help="Enlarge small pictures by whole numbers, every pixel a square.")
    ] = False,
    perceptual: Annotated[
        str, typer.Option(help="For the autoencoder: none, vgg16 (fetched earlier), fetch, or its file.")
    ] = "none",
    include_works: options.IncludeWorks = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a comparison that was interrupted.")] = False,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Begin anew over the comparison that is there.")] = False,
) -> None:
    """Train an autoencoder, a GAN and a diffusion model on the same pictures for the same time, and show what came.

    The page says in plain words what each can do and what it cannot. It takes three times the minutes.
    """
    from sfumato.cli.compare_page import comparison_page
    from sfumato.cli.session import collection_of, follow
    from sfumato.collection import Collection, is_collection
    from sfumato.directory import OwnDirectory
    from sfumato.models.devices import device_named
    from sfumato.training import Run, is_run, suitable_size, train
    from sfumato.training.vgg_file import vgg_file
    from sfumato.works.whole_file import write_whole_text

    console = Console(highlight=False)
    if not math.isfinite(minutes):  # 'nan' is in every range
        raise SfumatoError("--minutes takes a number, as in --minutes 10")
    if size is not None and size % 8:
        raise SfumatoError(f"size {size}: a multiple of 8 is needed")
    _check_place(art, output, resume, force)
    if perceptual != "none":
        vgg_file(perceptual)  # or it says what is wrong, before anything is collected
    place = device_named(device)
    if resume and is_collection(output / "collection"):  # else its dataset would be another one
        include_works = include_works or Collection.open(output / "collection").include_works
    directory = OwnDirectory(output, "comparison")
    with directory.at_work():
        with directory.nothing_left_of_a_failure():
            collection = collection_of(
                art, output / "collection", "255,255,255", console, include_works=include_works, force=force
            )
            sides = [min(picture.width, picture.height) for picture in collection.pictures]
            size = size or suitable_size(sides, minutes, pixel_art=pixel_art)
            dataset = _prepared(collection, output / "dataset", size, pixel_art, console, force or resume)
        for number, (kind, preset) in enumerate(PRESETS.items(), 1):
            path = output / kind
            console.print(f"{number} of {len(PRESETS)}: {kind}, {counted(minutes, 'minute')}", style="bold")
            spent = 0.0
            if resume and is_run(path):
                run = Run.open(path)
            else:
                choices = {"size": size, "minutes": minutes, "seed": seed}
                run, spent = _begun(path, dataset, preset, choices, perceptual, place, force, console)
            follow(train(run, device=place, spent_seconds=spent), run, console)
        with console.status("making works, and measuring them"):
            page = comparison_page(_comparison(art, output, dataset, minutes, seed))
        write_whole_text(directory.claim(PAGE), page, force=True)
    console.print(f"Open {output / PAGE} in a browser.", style="bold", markup=False, soft_wrap=True)


def _check_place(art: Path, output: Path, resume: bool, force: bool) -> None:
    """Raises SfumatoError where the comparison would meet something that is there."""
    from sfumato.directory import OwnDirectory
    from sfumato.training import is_run, would_clear

    if art.resolve() == output.resolve():
        raise SfumatoError(f"{output}: is where the pictures are; choose another -o")
    OwnDirectory(output, "comparison").check((PAGE, *OWN), force=force, beside=art)
    for kind in PRESETS:
        if force and art.exists() and would_clear(output / kind, art):
            raise SfumatoError(f"{art}: is part of the comparison in {output}, which --force would clear")
    begun = any(is_run(output / kind) for kind in PRESETS)
    if resume and not begun:
        raise SfumatoError(f"{output}: holds no comparison to go on with; leave out --resume")
    if begun and not resume and not force:
        raise SfumatoError(
            f"{output}: holds a comparison already; go on with --resume, begin anew with --force, or choose another -o"
        )


def _prepared(
    collection: Collection, place: Path, size: int, pixel_art: bool, console: Console, force: bool
) -> Dataset:
    from sfumato.cli.collect import prepare_with_progress
    from sfumato.evaluation.comparing import compared_pictures

    dataset = prepare_with_progress(
        collection, place, size=size, crop="centre", pixel_art=pixel_art, console=console, force=force
    )
    compared_pictures(dataset)  # or it says that there are too few
    return dataset


def _begun(
    path: Path,
    dataset: Dataset,
    preset_name: str,
    choices: dict[str, Any],
    perceptual: str,
    device: torch.device,
    force: bool,
    console: Console,
) -> tuple[Any, float]:
    from sfumato.training import layered, prepare_run, preset

    began = time.perf_counter()
    # Pictures and log as the time allows, not as the article counts them.
    chosen = layered(preset(preset_name))
    chosen["cadence"] = {
        name: value for name, value in chosen.get("cadence", {}).items() if not name.endswith("_every")
    }
    if "perceptual" in chosen.get("objective", {}):
        chosen = layered(chosen, {"perceptual": perceptual})
    with console.status("measuring this machine"):
        run, made = prepare_run(path, dataset, layered(chosen, choices), device=device, force=force)
    console.print(made.sentence, soft_wrap=True, markup=False)
    return run, time.perf_counter() - began


def _comparison(art: Path, output: Path, dataset: Dataset, minutes: float, seed: int) -> Comparison:
    import platform

    import torch

    import sfumato
    from sfumato.dataset import spread
    from sfumato.evaluation import Comparison
    from sfumato.evaluation.comparing import compared_pictures, contender, floor, shown_indices
    from sfumato.training import Run

    shown = shown_indices(dataset, SHOWN)
    examples = spread(dataset.train, EXAMPLES).tolist()
    return Comparison(
        title=art.resolve().stem,
        minutes=minutes,
        pictures=len(dataset.train),
        size=dataset.size,
        examples=[dataset.picture(index) for index in examples],
        held_out=[dataset.picture(index) for index in shown],
        floor=floor(dataset),
        compared=len(compared_pictures(dataset)),
        contenders=[
            contender(kind, Run.open(output / kind), dataset, seed=seed, shown=shown, works=WORKS) for kind in PRESETS
        ],
        facts={
            "Machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
            "Made with": f"sfumato {sfumato.__version__}, torch {torch.__version__}",
            "Seed": str(seed),
            "Autoencoder": "the article's layers, with an output that reaches every colour",
        },
    )
