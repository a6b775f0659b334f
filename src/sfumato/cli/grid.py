"""sfumato grid: works of several settings on one sheet, to compare them by looking."""

from __future__ import annotations

import itertools
import json
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer
from rich.console import Console

from sfumato.cli import options
from sfumato.cli.bar import say
from sfumato.cli.grid_axes import KINDS, Axis, Value, name_in_words, read_axes, value_in_words
from sfumato.cli.pretrained import PretrainedOptions
from sfumato.cli.sampling_bar import Part, SamplingBar
from sfumato.errors import SfumatoError
from sfumato.text import counted
from sfumato.works.refusal import Refusal, nothing_left, said_of_refusals
from sfumato.works.request import Request

if TYPE_CHECKING:
    from PIL import Image
    from rich.table import Table

    from sfumato.likeness import Finding
    from sfumato.models import Generation

WORDS: Final = ("prompt", "negative")
SHOWN_ALWAYS: Final = ("steps", "guidance", "sampler", "schedule")  # the others where they are not what is usual
MOST_PIXELS: Final = 80_000_000  # beyond that, programs take a picture for an attack and do not open it
LARGE: Final = 16  # cells; with more of them, one work in each is enough to look at

Item = TypeVar("Item")


@dataclass(frozen=True)
class Cell:
    """The works of one choice of values. evaluations of networks, and seconds: for each work of a whole batch;
    findings: what the works are near to; refused: those that are not let out, of which the picture says so."""

    choice: Mapping[str, Value]
    pictures: list[Image.Image]
    evaluations: int
    seconds: float
    findings: list[Finding | None]
    refused: list[Refusal]

    @property
    def pixels(self) -> tuple[bytes, ...]:
        return tuple(picture.tobytes() for picture in self.pictures)


@options.asks("seed", *options.CONTENT, "stage", *options.SAMPLING)
def grid(
    model: options.ModelName,
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=A,B,C",
            help=f"What differs: one for columns, or two for rows and columns. NAME: {', '.join(KINDS)}. "
            "Separate values that hold commas with semicolons. A class whose name could be read otherwise stands in "
            "quotes, as in CSV.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The PNG file to write.")] = Path("grid.png"),
    *,
    request: Request,
    count: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--count",
            min=1,
            max=options.MOST_WORKS,
            help="Works of each setting: by default 4, or 1 on a large sheet.",
        ),
    ] = None,
    device: options.Device = "auto",
    pretrained: PretrainedOptions,
    force: options.Force = False,
) -> None:
    """Compare settings by looking: one sheet of works of the same seed, each row and column with another value.

    As in: sfumato grid run --vary guidance=1,2,4 --vary steps=8,16,32
    """
    from sfumato.cli.output import check_free
    from sfumato.models import Generation
    from sfumato.models.sampling import batch_size
    from sfumato.provenance.mark import GRID_KEY
    from sfumato.works import save
    from sfumato.works.labelled_grid import labelled_grid
    from sfumato.works.saving import Product

    if output.suffix.lower() != ".png":
        raise SfumatoError(
            f"{output}: a grid is kept as PNG, with its settings inside; choose a name that ends in .png"
        )
    check_free([output], force=force)
    fixed = {"class" if name == "label" else name: value for name, value in request.plain().items()}
    loaded = pretrained.model(model, device, request.sampling)
    axes = read_axes(vary, fixed, loaded.config.classes)
    choices = [
        dict(zip([axis.name for axis in axes], values, strict=True))
        for values in itertools.product(*[axis.values for axis in axes])
    ]
    count = count or (4 if len(axes) == 1 or len(choices) <= LARGE else 1)
    _check_size(len(choices) * count, loaded.config.at(request.stage).side)
    # Works of another seed could not be compared with the others.
    generations = [
        Generation.of(loaded, request.with_changes(_request(choice))).asking(retries=0) for choice in choices
    ]
    if loaded.config.takes_prompts and not generations[0].policy.keeps_prompts:
        fixed = _without_words(fixed, axes)
    console = Console(highlight=False)
    cells = _made(generations, choices, count, console)
    refused = [refusal for cell in cells for refusal in cell.refused]
    if len(refused) == count * len(cells):
        raise nothing_left(refused, "ask for others with --seed")
    sheet = labelled_grid(
        _in_rows([cell.pictures for cell in cells], axes),
        columns=axes[-1].titles,
        rows=axes[0].titles if len(axes) == 2 else (),
        title=loaded.config.name,
        subtitle=_common(generations[0], fixed, choices[0]),
        across=math.ceil(math.sqrt(count)) if len(axes) == 2 else 1,
    )
    record = json.dumps(_record(generations[0], axes, cells), ensure_ascii=True, allow_nan=False)
    sources = loaded.sources([finding for cell in cells for finding in cell.findings])
    works = sum(len(cell.findings) for cell in cells)
    save(Product([sheet], texts={GRID_KEY: record}, sources=sources, works=works), output, force=force)
    together = batch_size(loaded, generations[0].canvas)
    console.print(f"for each work, where {together} are made at once:" if together > 1 else "for each work:")
    console.print(_costs(axes, cells))
    for axis in axes:
        if len(axis.values) > 1 and not _changes(axis.name, cells, attrgetter("pixels")):
            console.print(f"{name_in_words(axis.name)} changes nothing here: all its works are the same")
    each = f"{counted(count, 'work')} for each of {counted(len(choices), 'setting')}"
    say(console, f"{each}: {output}")
    for said in said_of_refusals(refused):
        say(console, said)


def _request(choice: Mapping[str, Value]) -> Request:
    return Request.of(**{"label" if name == "class" else name: value for name, value in choice.items()})


def _without_words(fixed: Mapping[str, Any], axes: Sequence[Axis]) -> dict[str, Any]:
    """What may stand on a sheet where a policy keeps prompts out of files. Raises SfumatoError where they are what is
    compared."""
    for axis in axes:
        if axis.name in WORDS:
            raise SfumatoError(
                f"--vary {axis.name}: the policy keeps prompts out of files, and the sheet would show them; "
                "vary another setting"
            )
    return {name: value for name, value in fixed.items() if name not in WORDS}


def _check_size(pictures: int, size: int) -> None:
    from sfumato.works.labelled_grid import PICTURE_SIDE
    from sfumato.works.viewing import viewing_scale

    pixels = pictures * (size * viewing_scale((size, size), PICTURE_SIDE)) ** 2
    if pixels > MOST_PIXELS:
        raise SfumatoError(
            f"{pictures:,} works of {size} px: their sheet of {pixels / 1e6:,.0f} million pixels would open in few "
            "programs; give fewer values, or a smaller --count"
        )


def _made(
    generations: Sequence[Generation], choices: Sequence[Mapping[str, Value]], count: int, console: Console
) -> list[Cell]:
    from sfumato.diffusion import Denoiser
    from sfumato.models.effort import watched_looks
    from sfumato.models.sampling import batch_size
    from sfumato.works import Work
    from sfumato.works.labelled_grid import refused_place

    next(generations[0].events())  # a machine's first step takes longer than any other
    parts = [Part(generation, count) for generation in generations]
    cells, evaluated = list[Cell](), list[Denoiser]()
    with (
        SamplingBar(console, counted(len(parts) * count, "work"), parts) as bar,
        watched_looks(lambda denoiser, _: evaluated.append(denoiser)),
    ):
        for generation, choice, part in zip(generations, choices, parts, strict=True):
            works, refused = dict[int, Work](), list[Refusal]()
            together = batch_size(generation.model, generation.canvas)
            batches, before, began = math.ceil(count / together), len(evaluated), time.perf_counter()
            for event in generation.events(count):
                bar.note(event, part)
                works |= {work.recipe.request.position: work for work in event.works}
                refused += event.refused
            bar.end(part)
            size = (generation.canvas.width, generation.canvas.height)
            pictures = [works[place].image if place in works else refused_place(size) for place in range(count)]
            findings = [work.finding for work in works.values()]
            # A batch is computed in full, however few of its works are wanted.
            seconds = (time.perf_counter() - began) / (batches * together)
            looks = (len(evaluated) - before) // batches
            cells.append(Cell(choice, pictures, looks, seconds, findings, refused))
    return cells


def _common(generation: Generation, fixed: Mapping[str, Any], varied: Mapping[str, Value]) -> str:
    """What all cells have in common, in words: 'seed 0, steps 16, sampler heun'."""
    from sfumato.models import SamplerSettings

    usual = SamplerSettings().model_dump()
    values = {**fixed, **generation.settings.model_dump(), "seed": generation.request.seed}
    told = [
        f"{name_in_words(name)} {value_in_words(values[name])}"
        for name in KINDS
        if name in values and name not in varied and (name in SHOWN_ALWAYS or values[name] != usual.get(name))
    ]
    return ", ".join(told)


def _record(generation: Generation, axes: Sequence[Axis], cells: Sequence[Cell]) -> dict[str, Any]:
    """All that is needed to make the sheet again. generation: any of the sheet's."""
    recipe, varied = generation.recipe(0), [axis.name for axis in axes]
    named = [{"name": axis.name, "values": axis.values} for axis in axes]
    parts = {"label" if name == "class" else name for name in varied}
    request = generation.request
    asked = request if generation.policy.keeps_prompts else request.withholding_words()
    common = asked.model_dump(mode="json", exclude={*parts, "number", "slerps"})
    sampling = asked.sampling.model_dump(mode="json", exclude_unset=True)
    common["sampling"] = {name: value for name, value in sampling.items() if name not in parts}
    return {
        "format": 2,
        "model": recipe.model.model_dump(),
        "rows": named[0] if len(axes) == 2 else None,
        "columns": named[-1],
        "count": len(cells[0].pictures),
        "request": common,
        "evaluations": _in_rows([cell.evaluations for cell in cells], axes),
        "environment": recipe.environment.model_dump(),
    }


def _in_rows(items: Sequence[Item], axes: Sequence[Axis]) -> list[Sequence[Item]]:
    across = len(axes[-1].values)
    return [items[start : start + across] for start in range(0, len(items), across)]


def _costs(axes: Sequence[Axis], cells: Sequence[Cell]) -> Table:
    """Evaluations and seconds a work, with a line for each value of those settings that change them."""
    from rich.table import Table
    from rich.text import Text

    names = [
        axis.name for axis in axes if axis.name == "precision" or _changes(axis.name, cells, attrgetter("evaluations"))
    ]
    alike: dict[tuple[Value, ...], list[Cell]] = {}
    for cell in cells:
        alike.setdefault(tuple(cell.choice[name] for name in names), []).append(cell)
    table = Table()
    for name in names:
        table.add_column(name_in_words(name))
    for head in ("evaluations", "seconds"):
        table.add_column(head, justify="right", no_wrap=True)
    for values, group in alike.items():
        seconds = sum(cell.seconds for cell in group) / len(group)
        texts = [Text(value_in_words(value)) for value in values]  # no markup: a class may be called [red]
        table.add_row(*texts, f"{group[0].evaluations:,}", f"{seconds:,.3f}")
    return table


def _changes(name: str, cells: Sequence[Cell], what: Callable[[Cell], Hashable]) -> bool:
    """Whether something differs between cells that differ in the named setting alone."""
    found = {(tuple(value for other, value in cell.choice.items() if other != name), what(cell)) for cell in cells}
    return len(found) > len({others for others, _ in found})
