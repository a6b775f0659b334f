"""sfumato demo: the whole way, from pictures that the program draws to new works, with no download."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.marker import kind_of
from sfumato.text import counted

if TYPE_CHECKING:
    from PIL import Image

    from sfumato.models import Model
    from sfumato.training import Run

DRAWN_PER_CLASS = 200
DRAWN_SIZE = 64
SIZE = 32
WORKS_PER_CLASS = 8
_PAGE, _TRAJECTORY = "index.html", "trajectory.webp"
_FILES = (_PAGE, _TRAJECTORY)


def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the demonstration.")] = Path(
        "sfumato-demo"
    ),
    minutes: Annotated[float, typer.Option(min=0.02, max=525_600, help="How long to train.")] = 2.0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Another seed, other pictures.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Make a demonstration anew that is there.")] = False,
) -> None:
    """Show everything on pictures that the program draws itself: collect, train two minutes, generate, one web page."""
    if not math.isfinite(minutes):  # 'nan' is in every range
        raise SfumatoError("--minutes takes a number, as in --minutes 2")
    from sfumato.collection.drawn import CLASSES

    directory = OwnDirectory(output, "demo")
    if kind_of(output) == "demo" and (output / _PAGE).exists() and not force:
        raise SfumatoError(
            f"{output}: holds a demonstration already; open {output / _PAGE} in a browser, "
            "say --force to make it anew, or choose another -o"
        )
    directory.check((*_FILES, "art", "run", *(f"works/{name}" for name in CLASSES)), force=force)
    console = Console(highlight=False)
    with directory.at_work():
        directory.remove([_PAGE])
        # What is there is an unfinished demonstration's, or may be made anew.
        drawn = _draw(output / "art", seed, console)
        run = _train(output / "art", output / "run", minutes, seed, force, console)
        _write_page(directory, run, drawn, seed, console)
    console.print(f"Open {output / _PAGE} in a browser.", style="bold", markup=False, soft_wrap=True)


def _draw(folder: Path, seed: int, console: Console) -> dict[str, list[Image.Image]]:
    """The program's own collection; returns some of it, by class."""
    from PIL import Image

    from sfumato.collection.drawn import CLASSES
    from sfumato.collection.drawn_collection import draw_collection

    shown: dict[str, list[Image.Image]] = {name: [] for name in CLASSES}
    with console.status(f"drawing {counted(DRAWN_PER_CLASS * len(CLASSES), 'picture')} of {len(CLASSES)} classes"):
        for path in draw_collection(folder, per_class=DRAWN_PER_CLASS, size=DRAWN_SIZE, seed=seed, force=True):
            pictures = shown[path.parent.name]
            if len(pictures) < WORKS_PER_CLASS:
                with Image.open(path) as picture:
                    pictures.append(picture.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    console.print(
        f"Drew {DRAWN_PER_CLASS * len(CLASSES):,} pictures into {folder}: {', '.join(CLASSES)}.",
        markup=False,
        soft_wrap=True,
    )
    return shown


def _train(art: Path, place: Path, minutes: float, seed: int, force: bool, console: Console) -> Run:
    from sfumato.cli.session import follow, new_run
    from sfumato.training import Run, is_run, train

    if is_run(place) and not force:  # of a demonstration that was interrupted
        begun = Run.open(place)
        settings = begun.record.settings
        if begun.has_begun and (settings.minutes, settings.seed) == (minutes, seed):
            follow(train(begun), begun, console)
            return begun
    choices = {"size": SIZE, "minutes": minutes, "seed": seed}
    made, spent = new_run(art, place, choices, force=True, console=console)
    follow(train(made, spent_seconds=spent), made, console)
    return made


def _write_page(
    directory: OwnDirectory, run: Run, drawn: dict[str, list[Image.Image]], seed: int, console: Console
) -> None:
    from PIL import Image

    from sfumato.models import Generation, Model
    from sfumato.reports import demonstration_page
    from sfumato.works.whole_file import write_whole_text

    with console.status("making new works"):
        model = Model.from_pretrained(run.path, device="cpu")
        works = {name: _works(model, name, seed, directory.path / "works" / name) for name in model.config.classes}
        film = _trajectory(Generation.of(model, seed=seed + 1), directory.claim(_TRAJECTORY))
        with Image.open(run.path / "evolution.png") as strip:
            evolution = strip.convert("RGB")
        text = demonstration_page(
            collection=drawn,
            evolution=evolution,
            trajectory=film,
            works=works,
            facts=_facts(run, model),
            drawn=DRAWN_PER_CLASS * len(drawn),
        )
    write_whole_text(directory.claim(_PAGE), text, force=True)


def _works(model: Model, label: str, seed: int, folder: Path) -> list[Image.Image]:
    works = model.generate(WORKS_PER_CLASS, seed=seed, label=label)
    with OwnDirectory(folder, "works").at_work() as directory:
        for index, work in enumerate(works):
            work.save(directory.claim(f"{index:04d}.png"), force=True)
    return [work.image for work in works]


def _trajectory(generation: Any, path: Path) -> Path:
    from sfumato.models import to_pictures
    from sfumato.works import contact_sheet, save_animation

    frames = [contact_sheet(to_pictures(step.noisy), columns=5, scale=3) for step in generation.steps(10)]
    return save_animation(frames, path, seconds=3.0, hold=2.0, scale=1, force=True)


def _facts(run: Run, model: Model) -> dict[str, str]:
    import platform

    import torch

    settings, parameters = run.record.settings, sum(p.numel() for p in model.denoiser.parameters())
    threads = counted(torch.get_num_threads(), "thread")
    return {
        "Plan": run.record.plan,
        "Training": f"{counted(settings.minutes, 'minute')} on {threads} of a {platform.machine()} CPU",
        "Network": f"{settings.network.kind} of {parameters / 1e6:.1f} million parameters",
        "Pictures": f"{DRAWN_PER_CLASS * len(model.config.classes):,}, drawn by the program, CC0",
        "Model": model.weights_digest[:16],
    }
