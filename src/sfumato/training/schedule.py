"""The learning rate over a run, and where the run ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

Length = Annotated[float, Field(ge=0, le=1e6)]  # in epochs


class ScheduleConfig(BaseModel):
    """Shares are of the run's steps, 0..1."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    warmup: float = Field(default=0.02, description="share in which the learning rate rises", ge=0, le=1)
    anneal: float = Field(default=0.8, description="share in which it falls to zero", ge=0, le=1)
    decay: float = Field(default=1.0, description="what the rate is multiplied by every decay_epochs", gt=0, le=1)
    decay_epochs: Length = Field(default=0, description="0: never")


@dataclass(frozen=True)
class LearningRateSchedule:
    """A rise, a plateau and a straight fall to zero, counted in steps: start <= anneal_from <= end.

    A place in it is a number of steps: those done, or where a time has to be kept those that the plan had for the time
    that has passed, with a fraction (`sfumato.training.state.Timetable`).
    decay: what the rate is multiplied by after every ``decay_every`` steps of the run (0: never), all along.
    Zhai et al. 2022 (arXiv:2106.04560), section 3.5; Hagele et al. 2024 (arXiv:2405.18392).
    """

    start: int
    end: int
    warmup: int
    anneal_from: int
    decay: float = 1.0
    decay_every: int = 0

    @classmethod
    def over(
        cls, start: int, steps: int, *, warmup: float, anneal: float, decay: float = 1.0, decay_every: int = 0
    ) -> Self:
        """``steps`` steps after ``start``, with the given shares for the rise and the fall."""
        anneal_from = start + steps - round(steps * anneal)
        return cls(start, start + steps, max(1, round(steps * warmup)), anneal_from, decay, decay_every)

    def factor(self, step: float) -> float:
        """The share, 0..1, of the full learning rate for step number ``step`` (0-based): zero would be step ``end``."""
        return self._shape(step) * (self.decay ** (step // self.decay_every) if self.decay_every else 1.0)

    def _shape(self, step: float) -> float:
        rise = min(1.0, (step - self.start + 1) / self.warmup)
        fall = min(1.0, (self.end - step) / max(1, self.end - self.anneal_from))
        return max(0.0, min(rise, fall))

    def ending_at(self, end: int, step: float, anneal: float) -> Self:
        """The same with another end, as seen at ``step``; a fall that has begun goes on from where it began."""
        now = math.ceil(step)
        end = max(end, now)
        if step >= self.anneal_from:
            return replace(self, end=end)
        return replace(self, end=end, anneal_from=max(now, end - round((end - self.start) * anneal)))

    def annealing_now(self, step: float) -> Self:
        """Falls from what the rate is at ``step`` to zero, over a quarter of what was trained so far.

        Never beyond the planned end.
        """
        step = math.ceil(step)
        length = max(1, (step - self.start) // 4)
        if step + length >= self.end:
            return self
        # On the line that is at the present factor now and at zero when it ends.
        factor = max(self._shape(step), 0.01)
        return replace(self, anneal_from=step + length - round(length / factor), end=step + length)

    def moved(self, before: float, after: int, stretch: float) -> Self:
        """The same with place ``before`` at step ``after``, and ``stretch`` steps for each one around it."""

        def at(place: int) -> int:
            return after + round((place - before) * stretch)

        warmup = max(1, round(self.warmup * stretch))
        return replace(self, start=at(self.start), end=at(self.end), warmup=warmup, anneal_from=at(self.anneal_from))

    def progress(self, step: float) -> float:
        """0 at the start, 1 at the end."""
        return (step - self.start) / max(1, self.end - self.start)
