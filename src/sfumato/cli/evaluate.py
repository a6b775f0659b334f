"""sfumato evaluate: how near works come to the pictures that were learned from, and whether they are copies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.text import counted

if TYPE_CHECKING:
    from sfumato.dataset import Dataset
    from sfumato.evaluation import Evaluation, WorksToEvaluate
    from sfumato.models import Model
    from sfumato.training import Run

REPORT, RECORD = "index.html", "evaluation.json"


def evaluate(
    works: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|RUN|FOLDER",
            help="A model's directory, a run's, a zip of either, a Hub repository, or a folder.",
        ),
    ],
    against: Annotated[
        Path, typer.Option("--against", help="The pictures learned from: a run, a collection, or a folder or zip.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the report.")] = Path("evaluation"),
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, max=100_000, help="Works to make, or to take of a folder.")
    ] = 256,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="The same seed makes the same works.")] = 0,
    features: Annotated[
        str | None,
        typer.Option("--features", help="A network to see with: inception, dinov2, hf:OWNER/NAME, or its files."),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=32, max=256, help="For a folder: the side at which pictures are compared.")
    ] = None,
    background: Annotated[str, typer.Option(help="R,G,B: what shows through transparent pictures.")] = "255,255,255",
    include_works: options.IncludeWorks = False,
    device: options.Device = "auto",
    force: Annotated[bool, typer.Option("--force", help="Write over a report that is there.")] = False,
) -> None:
    """Measure works against the pictures that were learned from, and the same of real pictures that were held out.

    The report is a page to open in a browser; evaluation.json, beside it, has every metric.
    """
    from sfumato.cli.collect import parse_background
    from sfumato.cli.sampling_bar import Part, SamplingBar
    from sfumato.directory import OwnDirectory
    from sfumato.evaluation import evaluate as evaluation_of
    from sfumato.evaluation import generated
    from sfumato.evaluation.descriptor import Descriptor
    from sfumato.evaluation.evaluation import compared_count
    from sfumato.evaluation.feature_source import features_named
    from sfumato.models import Generation, Model
    from sfumato.models.devices import device_named
    from sfumato.reports import evaluation_page
    from sfumato.training import Run, is_run
    from sfumato.works.whole_file import write_whole_text

    console = Console(highlight=False)
    if size is not None and size % 8:
        raise SfumatoError(f"size {size}: a multiple of 8 is needed")
    if against.resolve() == output.resolve():
        raise SfumatoError(f"{output}: is where the pictures are; choose another -o")
    directory = OwnDirectory(output, "evaluation")
    directory.check((REPORT, RECORD, "collection", "dataset"), force=force, beside=against)
    if not force and (output / REPORT).exists():
        raise SfumatoError(f"{output}: holds an evaluation already; choose another -o, or say --force to replace it")
    parse_background(background)
    place = device_named(device)
    network = features_named(features, place) if features else Descriptor()
    folder = Path(works)
    model: Model | None = None
    run: Run | None = None
    if not _is_folder_of_works(folder):
        if size is not None:
            raise SfumatoError("--size is for a folder of pictures: a model has its own")
        model = Model.from_pretrained(works, device=str(place))
        run = Run.open(folder) if is_run(folder) else None
    with directory.at_work():
        with directory.nothing_left_of_a_failure():
            if model is None:
                dataset, made = _folder(folder, against, output, count, size, background, console, include_works, force)
            else:
                dataset = _dataset(against, output, model.config.size, background, console, include_works, force, run)
                compared_count(count, dataset)  # or it says that there are too few, before any is made
                with SamplingBar(console, counted(count, "work"), [Part(Generation.of(model, seed=seed), count)]):
                    made = generated(model, count, seed)
            with console.status("measuring"):
                evaluation = evaluation_of(
                    made, dataset, network, against=against.resolve().stem, seed=seed, model=model, run=run
                )
        record = json.dumps(evaluation.record(), indent=2) + "\n"
        for name, text in ((REPORT, evaluation_page(evaluation)), (RECORD, record)):
            write_whole_text(directory.claim(name), text, force=True)
    _tell(evaluation, console)
    console.print(f"Open {output / REPORT} in a browser.", style="bold", markup=False, soft_wrap=True)


def _is_folder_of_works(path: Path) -> bool:
    """Whether it is a directory that nothing says to be a model's or a run's."""
    return path.is_dir() and not any(
        (path / name).exists() for name in ("config.json", "model.safetensors", "run.json", "checkpoints", "model")
    )


def _folder(
    folder: Path,
    against: Path,
    output: Path,
    count: int,
    size: int | None,
    background: str,
    console: Console,
    include_works: bool,
    force: bool,
) -> tuple[Dataset, WorksToEvaluate]:
    """The pictures of a folder, and the dataset at their size."""
    import torch

    from sfumato.dataset import spread
    from sfumato.evaluation.works import common_size, folder_works, picture_files, read_folder

    files = picture_files(folder)
    files = [files[index] for index in spread(torch.arange(len(files)), min(count, len(files))).tolist()]
    dataset = _dataset(against, output, size, background, console, include_works, force, None, most=common_size(files))
    read = read_folder(folder, files, dataset.size, tuple(dataset.settings["background"]))
    return dataset, folder_works(folder, read)


def _dataset(
    against: Path,
    output: Path,
    size: int | None,
    background: str,
    console: Console,
    include_works: bool,
    force: bool,
    run: Run | None,
    most: int = 256,
) -> Dataset:
    """The pictures to measure against, at the size; where none is given at their own, or at most ``most``.

    A run's dataset is taken as it is, so that what it learned from and what it held out are what they were.
    """
    from sfumato.cli.collect import prepare_with_progress
    from sfumato.cli.session import collection_of
    from sfumato.collection import is_collection
    from sfumato.dataset import Dataset
    from sfumato.evaluation.evaluation import FEWEST
    from sfumato.training import Run, is_run

    if is_run(against) or (against / "dataset.json").is_file():
        dataset = Dataset.open(Run.open(against).dataset if is_run(against) else against)
        if size in (None, dataset.size):
            return dataset
        if not is_collection(against / "collection"):
            raise SfumatoError(f"{against}: its pictures are {dataset.size} px and not {size}; give their collection")
        against = against / "collection"
    collection = collection_of(
        against, output / "collection", background, console, include_works=include_works, force=force
    )
    learned = Dataset.open(run.dataset) if run is not None else None
    if learned is not None and learned.collection_digest == collection.digest and learned.size == size:
        return learned
    if size is None:
        sides = sorted(min(picture.width, picture.height) for picture in collection.pictures)
        side = min(most, sides[len(sides) // 20])  # a few small ones need not make all small
        size = max(32, side - side % 8)
    return prepare_with_progress(
        collection,
        output / "dataset",
        size=size,
        crop="centre",
        pixel_art=learned is not None and learned.pixel_art,
        fewest=FEWEST,
        console=console,
        force=force,
    )


def _tell(evaluation: Evaluation, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    from sfumato.reports.evaluation_words import WORDS, cries_copies, farthest_class, headline, shown, verdict

    title = Text(f"{evaluation.size} px, {evaluation.features}")  # no markup: a directory may be called [red]
    table = Table(title=title, title_justify="left")
    for head in ("", "works", "real, held out", "N"):
        table.add_column(head, justify="left" if head in ("", "N") else "right", no_wrap=head == "")
    for metric in evaluation.metrics:
        ours, real = (
            shown(metric.name, value, error, interval)
            for value, error, interval in (
                (metric.works, metric.works_error, metric.works_interval),
                (metric.baseline, metric.baseline_error, metric.baseline_interval),
            )
        )
        counts = f"{metric.n:,}, {metric.n_baseline:,}" + (f"; {metric.reference:,}" if metric.reference else "")
        table.add_row(WORDS[metric.name].title, ours, real, counts)
    console.print(table)
    console.print("N: works, held-out pictures; training pictures that both are measured against")
    style = "bold red" if cries_copies(evaluation) else "bold"
    console.print(f"{headline(evaluation)}.", style=style, markup=False, soft_wrap=True)
    for said in filter(None, [*verdict(evaluation), farthest_class(evaluation)]):
        console.print(said, markup=False, soft_wrap=True)
