"""When a model learns its pictures by heart: how often they can be shown before, and how it is noticed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sfumato.text import counted

# Where too few pictures are held out to notice in time that the others are being learned by heart, the plan ends early.
NOTICED_WITH = 8
# Rarer measurements would let the guard come too late.
SHOWINGS_A_MEASUREMENT = 40

# A rise before every picture was shown this often is not memorisation: see benchmarks/README.md.
FEWEST_SHOWINGS = 50
# Held-out pictures; the losses of fewer say next to nothing of those of others.
FEWEST_HELD_OUT = 4
# Standard errors, by which the held-out loss has risen and the training loss has fallen. The lowest of some thirty
# measurements lies two below their course by chance, so it takes more than that for the rise.
RISEN, FALLEN = 3.0, 2.0
BEYOND_PICTURES = 1.5
REMEMBERED = 30
FEWEST_MEASUREMENTS = 6  # to know how far they wander


def can_notice(held_out: int) -> bool:
    """Whether this many held-out pictures tell in time that the others are being learned by heart."""
    return held_out >= NOTICED_WITH


@dataclass(frozen=True)
class Showings:
    """How often pictures can be shown to a network.

    by_heart_from: with so many showings of each it begins to learn them by heart. The number of steps that it takes
    grows with the number of pictures (Bonnaire et al. 2025, arXiv:2505.17638), so this is about the same for few and
    for many. safe: where nobody could notice that, so many are enough.
    """

    safe: int
    by_heart_from: int

    def most_steps(self, pictures: int, batch: int) -> int:
        """How many steps show each of so few pictures as often as is safe."""
        return max(1, self.safe * pictures // batch)

    def warning(self, pictures: int, showings: float, held_out: int, *, exact: bool) -> str:
        """What a plan says of showing each picture this often; '' where they are fewer than pictures are learned by.

        exact: whether nothing ends the run before, since its steps were asked for or the guard was turned off.
        """
        if showings <= self.by_heart_from:
            return ""
        so_many = "the picture is" if pictures == 1 else f"{counted(pictures, 'picture')} are"
        said = f"from about {self.by_heart_from} times on {so_many} learned by heart and works become copies"
        if exact:
            return f"{said}; it goes on to the end all the same, as was asked"
        if can_notice(held_out):
            return f"{said}; when that begins to show, the run ends by itself"
        return f"{said}, and too few pictures are held out to notice it in time"


# Measured for 11 photographs, whose works are near copies to 3 to 9 % after 450 showings and not at all after 300, and
# for 45 tiles, where the guard ended the run after 355; with 5 held out of 50 tiles the guard spoke after 440 showings
# once and after 583 another time, and then 4 % of the works were near copies: see benchmarks/README.md.
FROM_RANDOM_WEIGHTS = Showings(safe=300, by_heart_from=350)
# What knows drawn pictures is sooner there: of the same photographs the index finds as many near copies after 150
# showings as after 300 from random weights, and three times as many after 200: see benchmarks/log.md.
FROM_DRAWN_PICTURES = Showings(safe=150, by_heart_from=175)


@dataclass
class OverfittingGuard:
    """Compares the losses on held-out pictures with what they were at their lowest.

    A model that learns by heart gets better on what it has seen and worse on what it has not (Bonnaire et al. 2025,
    arXiv:2505.17638). All measurements are of the same pictures with the same noise. Two errors remain: the weights
    wander from measurement to measurement, and the held-out pictures are a few of many. The guard speaks when at
    ``patience`` measurements in a row

    - the mean held-out loss has risen from its lowest by more than ``tolerance`` of it, and the training loss has
      fallen since, both by more than the weights' wandering explains; and
    - most held-out pictures have risen, each beside itself.

    lowest, training_at_lowest: means; at_lowest: of each held-out picture; step_at_lowest: when that was; held_out,
    training: the last measurements' means; above: measurements in a row.
    """

    tolerance: float = 0.02
    patience: int = 3
    lowest: float = float("inf")
    training_at_lowest: float = float("inf")
    step_at_lowest: int = 0
    at_lowest: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    training: list[float] = field(default_factory=list)
    above: int = 0

    def watch(self, step: int, showings: float, training: Sequence[float], held_out: Sequence[float]) -> bool:
        """Take one measurement; True when the model has begun to learn by heart.

        showings: how often every picture was shown; training, held_out: the loss of each picture, the same pictures in
        the same order at every measurement.
        """
        loss, training_loss = float(np.mean(held_out)), float(np.mean(training))
        self.held_out = [*self.held_out, loss][-REMEMBERED:]
        self.training = [*self.training, training_loss][-REMEMBERED:]
        if loss < self.lowest:
            self.lowest, self.training_at_lowest, self.step_at_lowest = loss, training_loss, step
            self.at_lowest, self.above = list(held_out), 0
        elif showings >= FEWEST_SHOWINGS and self._diverges(loss, training_loss, held_out):
            self.above += 1
        else:
            self.above = 0
        return self.above >= self.patience

    def _diverges(self, loss: float, training_loss: float, held_out: Sequence[float]) -> bool:
        rise, fall = loss - self.lowest, self.training_at_lowest - training_loss
        known = len(held_out) >= FEWEST_HELD_OUT and len(self.held_out) >= FEWEST_MEASUREMENTS
        if not known or rise <= self.tolerance * self.lowest or fall <= 0:
            return False
        # Each is a difference of two measurements.
        wandering, training_wandering = (math.sqrt(2) * _wandering(means) for means in (self.held_out, self.training))
        rises = np.subtract(held_out, self.at_lowest)
        of_pictures = float(rises.std(ddof=1)) / math.sqrt(len(rises))
        return rise > max(RISEN * wandering, BEYOND_PICTURES * of_pictures) and fall > FALLEN * training_wandering


def _wandering(means: Sequence[float]) -> float:
    """The standard deviation of single measurements about their course, whatever that is.

    From second differences, in which a straight course does not show: their variance is six times that of one
    measurement. The median of their squares, 0.455 of the variance for normal ones, keeps a steep beginning out.
    """
    return math.sqrt(float(np.median(np.diff(means, 2) ** 2)) / 0.455 / 6)
