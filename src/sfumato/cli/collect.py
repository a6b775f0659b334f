"""`sfumato collect`: and the drawing of collecting and preparing, which `sfumato train` does by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sfumato.cli import options
from sfumato.errors import SfumatoError
from sfumato.text import class_name, counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from sfumato.collection import Collection, LeftOut, Origin, Summary
    from sfumato.dataset import Dataset

_MOST_NAMED = 20  # left-out files on the screen; all of them stand in rejected.jsonl


def collect(
    art: Annotated[
        Path,
        typer.Argument(
            help="A folder of pictures (its sub-folders are classes), a zip of one, or a data set by name: "
            "kaggle:OWNER/NAME or hf:OWNER/NAME."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The collection's directory.")],
    background: Annotated[
        str, typer.Option("--background", metavar="R,G,B", help="What stands behind transparent pictures.")
    ] = "255,255,255",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Decoding processes.", show_default="auto")
    ] = None,
    include_works: options.IncludeWorks = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a directory that holds something else, or another collection.")
    ] = False,
) -> None:
    """Turn a folder of art into a collection: sound pictures, without duplicates, and what is known of each."""
    from rich.console import Console

    collect_with_progress(
        art,
        output,
        parse_background(background),
        Console(),
        workers=workers,
        include_works=include_works,
        force=force,
    )


def parse_background(text: str) -> tuple[int, int, int]:
    """'R,G,B', each 0 to 255, as numbers. Raises SfumatoError for anything else."""
    parts = [part.strip() for part in text.split(",")]
    # Of the many things that int() takes, only plain digits.
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and int(part[:9]) <= 255 for part in parts):
        raise SfumatoError(
            f"The background '{printable(text)}' is not a colour: give red, green and blue from 0 to 255, "
            "as in --background 24,20,28."
        )
    red, green, blue = (int(part) for part in parts)
    return red, green, blue


def collect_with_progress(
    source: Path | str,
    destination: Path,
    background: tuple[int, int, int],
    console: Console,
    *,
    workers: int | None = None,
    include_works: bool = False,
    force: bool = False,
    summary: bool = True,
) -> Collection:
    """Collect with a progress bar; then a table (if wanted) and the files that are left out. Raises SfumatoError.

    source: a folder, a zip, or the name of a data set ('kaggle:owner/name', 'hf:owner/name'), which is fetched first.
    """
    from sfumato.collection import Finished, LeftOut, Noted, Read, Scanned, is_reference
    from sfumato.collection import collect as collect_events

    origin: Origin | None = None
    if is_reference(source):
        source, origin = fetch_with_progress(source, destination, console, force=force)
    left_out: list[LeftOut] = []
    notes: list[str] = []
    finished: Finished | None = None
    unchanged = 0
    try:
        with _progress(console) as progress:
            task = progress.add_task("Collecting", total=None)
            for event in collect_events(
                source,
                destination,
                background=background,
                workers=workers,
                force=force,
                origin=origin,
                include_works=include_works,
            ):
                match event:
                    case Scanned(total, unchanged):
                        progress.update(task, total=total - unchanged)
                    case Read(done):
                        progress.update(task, completed=done)
                    case LeftOut():
                        left_out.append(event)
                    case Noted(text):
                        notes.append(text)
                    case Finished():
                        finished = event
    except SfumatoError:
        _print_left_out(left_out, None, console)
        raise
    assert finished is not None  # the last event of a run that did not raise
    origin = finished.collection.origin
    if summary:
        _print_summary(finished.summary, origin, destination, console)
        if unchanged:
            console.print(f"{counted(unchanged, 'file')} unchanged since the last time and not read again.")
    for note in notes:
        _print_note(note, console)
    if origin is not None and "unknown" in finished.summary.licences:
        console.print(printable(origin.licence_sentence), markup=False, highlight=False, soft_wrap=True)
    _print_left_out(left_out, destination / "rejected.jsonl", console)
    return finished.collection


def fetch_with_progress(
    reference: Path | str, destination: Path, console: Console, *, force: bool = False
) -> tuple[Path, Origin]:
    """Fetch a data set for a collection in `destination`: the folder to collect and where it comes from.

    Raises SfumatoError.
    """
    from sfumato.collection import Fetched, Noted, Reference, Written, fetch

    named = Reference.parse(reference)
    fetched: Fetched | None = None
    console.print(f"Fetching {named}", markup=False, highlight=False)  # its client draws the download
    with ExitStack() as drawing:
        progress: Progress | None = None
        for event in fetch(reference, destination, force=force):
            match event:
                case Noted(text):
                    _print_note(text, console)
                case Written(done, total):
                    if progress is None:  # not sooner: two bars at once would write over each other
                        progress = drawing.enter_context(_progress(console))
                        task = progress.add_task("Writing", total=total)
                    progress.update(task, completed=done)
                case Fetched():
                    fetched = event
    assert fetched is not None  # the last event of a run that did not raise
    return fetched.folder, fetched.origin


def prepare_with_progress(
    collection: Collection,
    destination: Path,
    size: int,
    crop: Literal["centre", "random"],
    console: Console,
    *,
    pixel_art: bool = False,
    held_out: float = 0.1,
    seed: int = 0,
    fewest: int = 8,
    workers: int | None = None,
    force: bool = False,
) -> Dataset:
    """Prepare a dataset, with a progress bar, and name the pictures that are left out of it.

    fewest: pictures; 8 are what training needs. Raises SfumatoError.
    """
    from sfumato.collection import LeftOut
    from sfumato.dataset import Prepared, Ready, prepare

    left_out: list[LeftOut] = []
    dataset: Dataset | None = None
    events = prepare(
        collection,
        destination,
        size=size,
        crop=crop,
        pixel_art=pixel_art,
        held_out=held_out,
        seed=seed,
        fewest=fewest,
        workers=workers,
        force=force,
    )
    try:
        with _progress(console) as progress:
            task = progress.add_task(f"Preparing {size} px", total=None)
            for event in events:
                match event:
                    case Prepared(done, total):
                        progress.update(task, completed=done, total=total)
                    case LeftOut():
                        left_out.append(event)
                    case Ready(dataset):
                        pass
    except SfumatoError:
        _print_left_out(left_out, None, console)
        raise
    assert dataset is not None  # the last event of a run that did not raise
    _print_left_out(left_out, destination / "dataset.json", console)
    return dataset


def printable(text: str) -> str:
    """Text from a file or its name, with nothing in it that could steer a terminal."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress


def _print_note(note: str, console: Console) -> None:
    console.print(f"Note: {printable(note)}", markup=False, highlight=False)


def _print_summary(summary: Summary, origin: Origin | None, destination: Path, console: Console) -> None:
    from rich.table import Table

    table = Table(title=_cell(f"Collection {destination}"), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    if origin is not None:
        table.add_row("data set", _cell(origin.reference))
        table.add_row("version", _cell(origin.version or "unknown"))
        table.add_row(
            "licence that its card states", _cell("unknown" if origin.licence is None else origin.licence or "none")
        )
        table.add_section()
    if list(summary.classes) != [""]:
        for name, count in summary.classes.items():
            table.add_row(_cell(class_name(name)), f"{count:,}")
        table.add_section()
    if summary.splits:
        for name, count in summary.splits.items():
            table.add_row(_cell(f"split {name}"), f"{count:,}")
        table.add_section()
    table.add_row("pictures", f"{summary.pictures:,}")
    table.add_row("near duplicates of another", f"{summary.near_duplicates:,}")
    table.add_row(
        "short side, pixels", f"{summary.smallest_side} to {summary.largest_side}, median {summary.median_side}"
    )
    if summary.creators:
        table.add_row("known creators", f"{summary.creators:,}")
    if summary.captions:
        table.add_row("captions", f"{summary.captions:,}")
    table.add_section()
    for licence, count in list(summary.licences.items())[:6]:
        table.add_row(_cell(f"licence {licence}"), f"{count:,}")
    if len(summary.licences) > 6:
        table.add_row("other licences", f"{sum(list(summary.licences.values())[6:]):,}")
    if summary.exact_duplicates or summary.left_out:
        table.add_section()
    if summary.exact_duplicates:
        table.add_row("left out: exact duplicate", f"{summary.exact_duplicates:,}")
    for kind, count in summary.left_out.items():
        table.add_row(f"left out: {kind}", f"{count:,}")
    console.print(table)


def _cell(text: str) -> str:
    from rich.markup import escape

    return escape(printable(text))


def _print_left_out(left_out: list[LeftOut], where: Path | None, console: Console) -> None:
    """Name the first of them, exact duplicates last: those are no loss."""
    left_out = sorted(left_out, key=lambda entry: (entry.kind == "exact duplicate", entry.file))
    for entry in left_out[:_MOST_NAMED]:
        line = f"{printable(entry.file)}: {printable(entry.reason)} (left out)"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    more = len(left_out) - _MOST_NAMED
    if more > 0:
        see = f", see {printable(str(where))}" if where is not None else ""
        console.print(f"and {more:,} more{see}", markup=False, highlight=False, soft_wrap=True)
