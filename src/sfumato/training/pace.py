"""How fast a session trains, and where that puts the end of a run that has a time to keep."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from sfumato.text import counted
from sfumato.training.calibration import works_after
from sfumato.training.configuration import TrainingConfig
from sfumato.training.events import Trained
from sfumato.training.state import Timetable, TrainingState

FINISHING_SECONDS = 2.0
CALIBRATION_SHARE = 0.05  # of a time that has to be kept
# A program that was stopped, or a machine that slept, did not train: a gap of so many steps, and of so many seconds.
GAP_STEPS, GAP_SECONDS = 60, 30.0


class Pace:
    """The pace of a session that begins now, on a state that it shares with the loop."""

    def __init__(self, state: TrainingState, settings: TrainingConfig) -> None:
        self.state, self.settings = state, settings
        self.clock: Callable[[], float] = time.perf_counter
        self.session_start = self.clock() - state.elapsed_seconds
        self.recent: deque[tuple[float, int]] = deque(maxlen=200)
        self.finishing_seconds = FINISHING_SECONDS
        self.step_began, self.step_seconds = self.clock(), 0.0

    def elapsed(self) -> float:
        """Seconds of training, earlier sessions included."""
        return self.clock() - self.session_start

    @property
    def calibration_seconds(self) -> float:
        """What is left of a time that has to be kept for choosing the sampler's settings."""
        return 0.0 if self.state.timetable is None else self.state.timetable.calibration_seconds

    def forget(self) -> None:
        """Count anew, where the next step is not the one after the last."""
        self.recent.clear()

    def keep(self, seconds: float) -> None:
        """Give the state's schedule, which begins now, a timetable by which all is done in so many seconds."""
        state, elapsed = self.state, self.elapsed()
        steps = state.schedule.end - state.schedule.start
        calibration = CALIBRATION_SHARE * seconds if works_after(self.settings, steps) else 0.0
        # However little time is left, there is something to be learned in a second.
        seconds = max(1.0, seconds - self.finishing_seconds - calibration)
        state.timetable = Timetable(elapsed, seconds / max(1, steps), calibration)

    def went_back(self, end_seconds: float) -> None:
        """The state is an earlier one again: what is left of its schedule goes into what is left of the time."""
        state, elapsed = self.state, self.elapsed()
        self.forget()
        if state.timetable is not None:
            left = max(1.0, state.schedule.end - state.place)
            per_step = max(1.0, end_seconds - elapsed) / left
            origin = elapsed - (state.place - state.schedule.start) * per_step
            state.timetable = replace(state.timetable, origin=origin, seconds_per_step=per_step)

    def allow(self, finishing_seconds: float) -> None:
        """Leave so much of a time that has to be kept for what comes after the last step, calibration aside."""
        state, change = self.state, finishing_seconds - self.finishing_seconds
        self.finishing_seconds = finishing_seconds
        if state.timetable is not None:
            end = state.schedule.end - round(change / state.timetable.seconds_per_step)
            state.schedule = state.schedule.ending_at(end, state.place, self.settings.anneal)

    def begin_step(self) -> None:
        self.step_began = self.clock()

    def end_step(self) -> None:
        """Count a step that was made, and move on in the schedule."""
        state, now = self.state, self.clock()
        state.step += 1
        self.step_seconds = now - self.step_began
        usual = self.seconds_per_step()
        if usual and self.step_seconds > max(GAP_SECONDS, GAP_STEPS * usual):
            self.session_start += self.step_seconds
            self.step_seconds = usual
            self.forget()
        self.recent.append((now, state.step))
        if state.timetable is None:
            state.place = state.step
        else:
            state.place = state.timetable.place(self.elapsed(), state.schedule.start)

    def trained(self, loss: float, parts: Mapping[str, float], factor: float, threads: int) -> Trained:
        """The event of the step that was made just now. factor: its share of the full learning rate."""
        state, settings = self.state, self.settings
        per_step = self.seconds_per_step() if len(self.recent) > 1 else 0.0
        left = max(0.0, state.schedule.end - state.place)
        if state.timetable is None:
            steps, seconds = state.schedule.end, left * per_step
        else:
            seconds = left * state.timetable.seconds_per_step
            steps = state.step + round(seconds / per_step if per_step else left)
        return Trained(
            state.step,
            steps,
            state.step * settings.batch,
            loss,
            settings.learning_rate * factor,
            settings.batch / per_step if per_step else 0.0,
            self.elapsed(),
            seconds,
            parts,
            threads,
        )

    def end(self) -> str:
        """Where the run is to end, for people."""
        if self.state.timetable is None:
            return f"at step {self.state.schedule.end:,}"
        return f"after {counted(round(self.end_seconds() / 60, 1), 'minute')}"

    def end_seconds(self) -> float:
        """When the last step is to be made, in seconds of training; 0 where steps are counted."""
        timetable, schedule = self.state.timetable, self.state.schedule
        if timetable is None:
            return 0.0
        return timetable.origin + (schedule.end - schedule.start) * timetable.seconds_per_step

    def seconds_per_step(self) -> float:
        """Over the last steps, with what was done between them; 0 before the second."""
        if len(self.recent) < 2:
            return 0.0
        (first, first_step), (last, last_step) = self.recent[0], self.recent[-1]
        return max(1e-6, (last - first) / max(1, last_step - first_step))
