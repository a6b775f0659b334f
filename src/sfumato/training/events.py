"""What training tells, as it happens: small immutable values for a progress bar, a web page, a log or a test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Trained:
    """After every step. step: how many are done, of steps, a guess where a time is to be kept; pictures: shown so far;
    loss: this step's, weighted, per picture; pictures_per_second: of late; elapsed_seconds: earlier sessions included;
    remaining_seconds: a guess where the steps are counted; parts: names and values of what the loss is made of;
    threads: of the CPU, that the step was made with."""

    step: int
    steps: int
    pictures: int
    loss: float
    learning_rate: float
    pictures_per_second: float
    elapsed_seconds: float
    remaining_seconds: float
    parts: tuple[tuple[str, float], ...] = ()
    threads: int = 1


@dataclass(frozen=True)
class Evaluated:
    """The averaged weights' loss on training pictures and on held-out ones, with the same noise."""

    step: int
    training_loss: float
    held_out_loss: float


@dataclass(frozen=True)
class Pictured:
    """A snapshot: what the model makes of fixed seeds at this step."""

    step: int
    path: Path


@dataclass(frozen=True)
class Saved:
    """A checkpoint is on the disk, whole."""

    step: int
    path: Path


@dataclass(frozen=True)
class Noted:
    """Something out of the ordinary that a person should know."""

    step: int
    text: str


@dataclass(frozen=True)
class Finished:
    """The run is at its end, and the model is ready."""

    step: int
    model: Path
    elapsed_seconds: float


Event = Trained | Evaluated | Pictured | Saved | Noted | Finished
