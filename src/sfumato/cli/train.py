"""sfumato train: from a folder of art to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from sfumato.training import Run

DEFAULT_MINUTES = 30.0


def train(
    art: Annotated[Path | None, typer.Argument(help="A folder or zip of pictures, or a collection.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The directory of the run.")] = Path("run"),
    minutes: Annotated[
        float | None, typer.Option(min=0.05, help="How long to train; collecting comes on top. [default: 30]")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="So many steps, however long they take; nothing is measured.")
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(min=0.01, help="Each picture so many times, however long it takes.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=32, max=256, help="The side of the pictures in pixels, a multiple of 8.")
    ] = None,
    preset: Annotated[str, typer.Option(help="auto, sketch, transformer, flow or ddpm.")] = "auto",
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file with any of the settings.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed and --steps make the same model.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Pictures a step.")] = None,
    crop: Annotated[str | None, typer.Option(help="centre, or random: along the longer side.")] = None,
    balance: Annotated[str | None, typer.Option(help="none, class or creator: what is shown equally often.")] = None,
    background: Annotated[str, typer.Option(help="R,G,B: what shows through transparent pictures.")] = "255,255,255",
    weights_from: Annotated[str | None, typer.Option("--from", help="Begin with the weights of this model.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run; with --minutes or --steps, train it further.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto: the fastest there is.")] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Begin anew over the run that is there.")] = False,
) -> None:
    """Train a diffusion model on a folder of art in the time that you have.

    Ctrl-C once ends with a model that can be used and a run that can go on; twice stops at once.
    """
    from sfumato.cli.devices import device_named
    from sfumato.cli.session import follow, new_run
    from sfumato.training import is_run, train

    console = Console(highlight=False)
    if sum(value is not None for value in (minutes, steps, epochs)) > 1:
        raise SfumatoError("--minutes, --steps and --epochs each say how long to train; give one of them")
    place = device_named(device)
    if resume:
        run = _resumed(output, art)
        if epochs:
            raise SfumatoError("--resume goes with --minutes or --steps, not with --epochs")
        has_begun = (run.checkpoints / "latest").exists()
        if not has_begun and (minutes or steps):
            raise SfumatoError(
                f"{output}: has no checkpoint yet, so it begins again with its own plan; "
                "leave out --minutes and --steps"
            )
        follow(train(run, device=place, more_steps=steps or 0, more_minutes=minutes or 0.0), run, console)
        return
    if art is None:
        raise SfumatoError("give a folder of art: 'sfumato train MY-ART -o run'; or --resume to go on with a run")
    if is_run(output) and not force:
        raise SfumatoError(
            f"{output}: holds a run already; go on with --resume, begin anew with --force, or choose another -o"
        )
    choices = _choices(
        preset,
        config,
        size=size,
        seed=seed,
        batch=batch,
        crop=crop,
        balance=balance,
        steps=steps,
        minutes=None if steps or epochs else minutes or DEFAULT_MINUTES,
    )
    run, spent = new_run(
        art,
        output,
        choices,
        epochs=epochs or 0,
        background=background,
        weights_from=weights_from or "",
        device=place,
        force=force,
        console=console,
    )
    follow(train(run, device=place, spent_seconds=spent), run, console)


def _choices(preset_name: str, config: Path | None, **options: Any) -> dict[str, Any]:
    """Preset, then file, then options: the later wins."""
    from sfumato.training import preset, read_choices, resolve

    chosen = {**preset(preset_name), **(read_choices(config) if config else {})}
    if options["steps"] is None and (chosen.get("steps") or chosen.get("minutes")):
        options["minutes"] = None  # the file says how long
    chosen |= {name: value for name, value in options.items() if value is not None}
    if options["steps"] is not None:
        chosen["minutes"] = 0
    resolve(chosen)
    return chosen


def _resumed(output: Path, art: Path | None) -> Run:
    from sfumato.training import Run

    if art is not None:
        raise SfumatoError(f"--resume takes everything from the run: leave out {art}, and name the run with -o")
    if output.exists() and not output.is_dir():
        raise SfumatoError(f"{output}: is a file; give the directory of a run")
    return Run.open(output)
