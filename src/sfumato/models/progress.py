"""What is told of works while they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from sfumato.works import Work
from sfumato.works.refusal import Refusal


@dataclass(frozen=True)
class Progress:
    """A step of a batch. positions: of its works in their series; step of steps; sigma: the noise still in them.

    Where previews were asked for: the pictures with that noise in them, and estimates of the clean pictures, from which
    the step was made. works: with the last step, the works that are let out; refused: with it, those that are not.
    attempt: 0, or how many times the works at these positions were refused before.
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
