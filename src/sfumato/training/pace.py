"""How fast a session trains, and where that puts the end of a run that has a time to keep."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from sfumato.training.configuration import TrainingConfig
from sfumato.training.events import Trained
from sfumato.training.state import TrainingState

REPLAN_SECONDS = 5.0


class Pace:
    """The pace of a session that begins now, on a state that it shares with the loop.

    finishing_seconds: a guess of what is left to do after the last step.
    """

    def __init__(self, state: TrainingState, settings: TrainingConfig) -> None:
        self.state, self.settings = state, settings
        self.clock: Callable[[], float] = time.perf_counter
        self.last_replan = self.clock()
        self.session_start = self.last_replan - state.elapsed_seconds
        self.recent: deque[tuple[float, int]] = deque(maxlen=200)
        self.finishing_seconds = 2.0

    def elapsed(self) -> float:
        """Seconds of training, earlier sessions included."""
        return self.clock() - self.session_start

    def forget(self) -> None:
        """Count anew, where the next step is not the one after the last."""
        self.recent.clear()

    def trained(self, loss: float, parts: Mapping[str, float], factor: float) -> Trained:
        """The event of the step that was done just now. factor: its share of the full learning rate."""
        state, settings = self.state, self.settings
        self.recent.append((self.clock(), state.step))
        per_step = self._seconds_per_step() if len(self.recent) > 1 else 0.0
        return Trained(
            state.step,
            state.schedule.end,
            state.step * settings.batch,
            loss,
            settings.learning_rate * factor,
            settings.batch / per_step if per_step else 0.0,
            self.elapsed(),
            per_step * (state.schedule.end - state.step),
            parts,
        )

    def replan(self) -> None:
        """With a time to keep, move the end to where the present speed says."""
        state, now = self.state, self.clock()
        if state.budget_seconds is None or now - self.last_replan < REPLAN_SECONDS or len(self.recent) < 2:
            return
        self.last_replan = now
        left = state.budget_seconds - self.elapsed() - self.finishing_seconds
        steps = max(0, round(left / self._seconds_per_step()))
        state.schedule = state.schedule.ending_at(state.step + steps, state.step, self.settings.anneal)

    def _seconds_per_step(self) -> float:
        """Over the last steps, with what was done between them."""
        (first, first_step), (last, last_step) = self.recent[0], self.recent[-1]
        return max(1e-6, (last - first) / max(1, last_step - first_step))
