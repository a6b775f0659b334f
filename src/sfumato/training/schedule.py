"""The learning rate over a run, and where the run ends."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Self


@dataclass(frozen=True)
class LearningRateSchedule:
    """A rise, a plateau and a straight fall to zero, counted in steps: start <= anneal_from <= end.

    Zhai et al. 2022 (arXiv:2106.04560), section 3.5; Hagele et al. 2024 (arXiv:2405.18392).
    """

    start: int
    end: int
    warmup: int
    anneal_from: int

    @classmethod
    def over(cls, start: int, steps: int, *, warmup: float, anneal: float) -> Self:
        """``steps`` steps after ``start``, with the given shares for the rise and the fall."""
        return cls(start, start + steps, max(1, round(steps * warmup)), start + steps - round(steps * anneal))

    def factor(self, step: int) -> float:
        """The share, 0..1, of the full learning rate for step number ``step`` (0-based): zero would be step ``end``."""
        rise = min(1.0, (step - self.start + 1) / self.warmup)
        fall = min(1.0, (self.end - step) / max(1, self.end - self.anneal_from))
        return max(0.0, min(rise, fall))

    def ending_at(self, end: int, step: int, anneal: float) -> Self:
        """The same with another end, as seen at ``step``; a fall that has begun goes on from where it began."""
        end = max(end, step)
        if step >= self.anneal_from:
            return replace(self, end=end)
        return replace(self, end=end, anneal_from=max(step, end - round((end - self.start) * anneal)))

    def annealing_now(self, step: int) -> Self:
        """Falls from what the rate is at ``step`` to zero, over a quarter of what was trained so far.

        Never beyond the planned end.
        """
        length = max(1, (step - self.start) // 4)
        if step + length >= self.end:
            return self
        # On the line that is at the present factor now and at zero when it ends.
        factor = max(self.factor(step), 0.01)
        return replace(self, anneal_from=step + length - round(length / factor), end=step + length)

    def progress(self, step: int) -> float:
        """0 at the start, 1 at the end."""
        return (step - self.start) / max(1, self.end - self.start)

    def state(self) -> dict[str, int]:
        return asdict(self)
