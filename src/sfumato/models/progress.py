"""What is told of works while they are made."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from sfumato.works import Work
from sfumato.works.refusal import Refusal


@dataclass(frozen=True)
class Progress:
    """A step of a batch. positions: of its works in their series; step of steps; sigma: the noise still in them.

    Where previews were asked for: the pictures with that noise in them, and estimates of the clean pictures, from which
    the step was made. works: with the last step, the works that are let out; refused: with it, those that are not.
    attempt: 0, or how many times the works at these positions were refused before. notes: with the first step,
    sentences on what of the prompts the model does not read.
    """

    positions: Sequence[int]
    step: int
    steps: int
    sigma: float
    previews: tuple[Image.Image, ...] = ()
    estimates: tuple[Image.Image, ...] = ()
    works: tuple[Work, ...] = ()
    refused: tuple[Refusal, ...] = ()
    attempt: int = 0
    notes: tuple[str, ...] = ()


class PromptWarning(UserWarning):
    """The end of a prompt is not seen, as it is longer than the model's text encoders take."""


def warn_of(notes: Iterable[str]) -> None:
    """Says them to who calls from Python."""
    for note in notes:
        warnings.warn(note, PromptWarning, stacklevel=3)
