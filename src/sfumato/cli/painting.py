"""One work after the other on the screen: steps as a bar, the way from noise as a film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from sfumato.cli.placing import check_made_up_place, check_places, check_work_place
from sfumato.cli.sampling_bar import Part, SamplingBar

if TYPE_CHECKING:
    from rich.console import Console

    from sfumato.models import Generation, Model
    from sfumato.models.configuration import SamplerChoices
    from sfumato.models.ground import Ground
    from sfumato.models.steering import Steering
    from sfumato.works import Work


def checked_film(work: Path, picture: Path, *, trajectory: bool, force: bool) -> Path | None:
    """Where the film of a work goes, or None where none is asked for.

    Raises SfumatoError, before anything is made, where either cannot be written. picture: what the work is made from.
    """
    check_work_place(work, picture)
    film = film_of(work) if trajectory else None
    check_places([work], force=force)
    if film is not None:
        check_made_up_place(film, force=force)
    return film


def film_of(work: Path) -> Path:
    """Beside the work: NAME.png -> NAME-trajectory.webp."""
    return work.with_name(f"{work.stem}-trajectory.webp")


def paint(
    model: Model,
    ground: Ground,
    steering: Steering,
    film: Path | None,
    console: Console,
    *,
    force: bool,
    seed: int,
    label: str | None,
    away: str | None,
    **asked: Unpack[SamplerChoices],
) -> Work:
    """One work on the ground, with a bar of its steps; the way from noise to it goes into the film, if there is one."""
    from sfumato.models import Generation

    generation = Generation.of(model, seed=seed, label=label, away=away, ground=ground, steering=steering, **asked)
    return painted(generation, 0, film, console, force=force)


def painted(generation: Generation, index: int, film: Path | None, console: Console, *, force: bool) -> Work:
    """Work number ``index``, in the same way."""
    from sfumato.images.tensors import to_pictures
    from sfumato.works import Work, save_animation

    frames = []
    part = Part(generation, 1, index)
    with SamplingBar(console, "1 work", [part]) as bar:
        for step in bar.steps(part, generation.steps(1, first=index)):
            if film is not None or step.step == step.steps:
                frames += to_pictures(step.noisy)
    if film is not None:
        save_animation(frames, film, seconds=3.0, hold=1.5, force=force)
    return Work(frames[-1], generation.recipe(index))
