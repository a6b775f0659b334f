"""One work after the other on the screen: steps as a bar, the way from noise as a film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sfumato.errors import SfumatoError

if TYPE_CHECKING:
    from rich.console import Console

    from sfumato.models import Generation
    from sfumato.models.ground import Ground
    from sfumato.models.steering import Steering
    from sfumato.works import Work


def paint(generation: Generation, console: Console, film: Path | None = None, *, force: bool = False) -> Work:
    """Work number 0, with a bar of its steps, and from noise to picture as an animation where ``film`` says so."""
    from rich.progress import track

    from sfumato.models import to_pictures
    from sfumato.works import Work, save_animation

    frames = []
    steps = generation.steps(1)
    shown = track(
        steps,
        "steps",
        total=generation.settings.steps,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    for step in shown:
        if film is not None or step.step == step.steps:
            frames += to_pictures(step.noisy)
    if film is not None:
        save_animation(frames, film, seconds=3.0, hold=1.5, force=force)
    return Work(frames[-1], generation.recipe(0))


def film_of(work: Path) -> Path:
    """Beside the work: NAME.png -> NAME-trajectory.webp."""
    return work.with_name(f"{work.stem}-trajectory.webp")


def steering_of(
    palette: str | None, palette_strength: float, composition: Path | None, composition_strength: float, ground: Ground
) -> Steering:
    """What the options ask for. Raises SfumatoError for a file that is no picture, and words that are no colours."""
    from sfumato.cli.reimagine import opened
    from sfumato.models.steering import Composition, Palette, Steering

    colours = sketch = None
    if palette is not None:
        is_file = Path(palette).is_file()
        if not is_file and Path(palette).suffix and not palette.startswith("#"):
            raise SfumatoError(f"{palette}: no such file; give a picture, or colours as #aa3322,#fff0c0")
        colours = (
            Palette.of_picture(opened(Path(palette)), palette_strength)
            if is_file
            else Palette.parse(palette, palette_strength)
        )
    if composition is not None:
        sketch = Composition.of_picture(opened(composition), ground.width, ground.height, composition_strength)
    return Steering(colours, sketch)
