"""How fast a session trains, and what follows from its clock: where the run is, where it ends, on how many threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sfumato.devices import ThreadCount
from sfumato.errors import SfumatoError
from sfumato.text import counted
from sfumato.training.calibration import LEAST_SECONDS, batches_after
from sfumato.training.configuration import TrainingConfig
from sfumato.training.events import Trained
from sfumato.training.run import Run
from sfumato.training.state import Timetable, TrainingState

FINISHING_SECONDS = 2.0  # after the last step, beside what was timed before it
CALIBRATION_SHARE = 0.05  # of a time that has to be kept
LIKENESS_SHARE = 0.025  # of it, for the index of what is learned from
# A program that was stopped, or a machine that slept, did not train: a gap of this many steps and seconds.
GAP_STEPS, GAP_SECONDS = 60, 30.0


@dataclass(frozen=True)
class Decision:
    """What a session goes on with after a step. place: in the schedule, from which follow the learning rate, what is
    due, and whether the run is at its end; threads: of the CPU, for the next step."""

    place: float
    threads: int


class Throughput:
    """The throughput of a session that begins now, on a state that it shares with the loop.

    All that one process can only know for itself, from its own clock or its own loss, is decided here, by ``accepts``
    and ``decide``. Where several train together, one of them decides for all.
    """

    def __init__(self, state: TrainingState, settings: TrainingConfig, device: torch.device) -> None:
        self.state, self.settings = state, settings
        self.clock: Callable[[], float] = time.perf_counter
        self.session_start = self.clock() - state.elapsed_seconds
        self.recent: deque[tuple[float, int]] = deque(maxlen=200)
        self.step_began = self.clock()
        self.follows_threads = device.type == "cpu" and settings.threads > 0
        self.threads: ThreadCount | None = None

    def elapsed(self) -> float:
        """Seconds of training, earlier sessions included."""
        return self.clock() - self.session_start

    # ---- a step

    def begin(self) -> None:
        """Before a session's first step: the number of threads, which stays for a number of steps, as those are made to
        the bit, and follows what other programs compute where a time is to be kept."""
        if not self.follows_threads:
            return
        clocked = self.state.timetable is not None
        now = (self.state.threads if clocked else 0) or self.settings.threads
        torch.set_num_threads(now)
        self.threads = ThreadCount(self.settings.threads, now) if clocked else None

    def begin_step(self) -> None:
        self.step_began = self.clock()

    def accepts(self, loss: Tensor) -> bool:
        """Whether a step may be made by this loss; else the run goes back to where all was well."""
        return bool(torch.isfinite(loss))

    def decide(self) -> Decision:
        """After a step, which the state counts already."""
        state, now = self.state, self.clock()
        seconds, usual = now - self.step_began, self.seconds_per_step()
        if usual and seconds > max(GAP_SECONDS, GAP_STEPS * usual):
            self.session_start += seconds
            seconds = usual
            self.forget()
        self.recent.append((now, state.step))
        timetable = state.timetable
        place = float(state.step) if timetable is None else timetable.place(self.elapsed(), state.schedule.start)
        return Decision(place, torch.get_num_threads() if self.threads is None else self.threads.took(seconds))

    def go_on(self, decision: Decision) -> None:
        """With that many threads."""
        if self.threads is None:
            return
        if decision.threads != torch.get_num_threads():
            torch.set_num_threads(decision.threads)
        self.state.threads = self.threads.usual

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
            settings.optimiser.learning_rate * factor,
            settings.batch / per_step if per_step else 0.0,
            self.elapsed(),
            seconds,
            tuple(parts.items()),
            threads,
        )

    def seconds_per_step(self) -> float:
        """Over the last steps, with what was done between them; 0 before the second."""
        if len(self.recent) < 2:
            return 0.0
        (first, first_step), (last, last_step) = self.recent[0], self.recent[-1]
        return max(1e-6, (last - first) / max(1, last_step - first_step))

    def forget(self) -> None:
        """Count anew, where the next step is not the one after the last."""
        self.recent.clear()

    # ---- a time to keep

    @property
    def calibration_seconds(self) -> float:
        """What is left of a time that has to be kept for choosing the sampler's settings."""
        return 0.0 if self.state.timetable is None else self.state.timetable.calibration_seconds

    def likeness_seconds(self, begins: bool) -> Callable[[], float] | None:
        """What is left of the time for the index of what is learned from; None where no time has to be kept.

        begins: whether the run does; later its minutes are given to the rest."""
        if not (begins and self.settings.minutes):
            return None
        end = self.elapsed() + LIKENESS_SHARE * 60 * self.settings.minutes
        return lambda: end - self.elapsed()

    def keep(self, seconds: float) -> None:
        """Give the state's schedule, which begins now, a timetable that ends in that many seconds."""
        state, elapsed = self.state, self.elapsed()
        steps = state.schedule.end - state.schedule.start
        is_long = seconds >= LEAST_SECONDS and batches_after(self.settings, steps)
        calibration = CALIBRATION_SHARE * seconds if is_long else 0.0
        # However little time is left, there is something to be learned in a second.
        seconds = max(1.0, seconds - FINISHING_SECONDS - calibration)
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

    def allow(self, what: str, seconds: float) -> None:
        """Leave this much of a time that has to be kept for something that will be done once more after the last step,
        calibration aside."""
        state, timetable = self.state, self.state.timetable
        if timetable is None or state.place >= state.schedule.end:
            return  # nothing of the time can be saved any more
        change = seconds - timetable.finishing_seconds.get(what, 0.0)
        end = state.schedule.end - round(change / timetable.seconds_per_step)
        state.schedule = state.schedule.ending_at(end, state.place, self.settings.schedule.anneal)
        state.timetable = replace(timetable, finishing_seconds={**timetable.finishing_seconds, what: seconds})

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

    def extend(self, run: Run, pictures: int, more_steps: int, more_minutes: float) -> None:
        """Train a run further than it was planned to go, on top of what one that has not ended has still to do.

        pictures: in its training part; one of more_steps and more_minutes is 0. A number of steps does not follow the
        clock, and minutes on top of a number of steps are counted in steps, at the throughput so far. Raises
        SfumatoError where there is none yet.
        """
        state, settings = self.state, self.settings
        if not more_steps and state.step == 0 and state.timetable is None:
            raise SfumatoError(
                f"{run.path}: has not made a step yet, so nobody knows how many are in "
                f"{counted(more_minutes, 'minute')}; resume it without --minutes, or give --steps"
            )
        per_step = max(state.elapsed_seconds / max(1, state.step), 1e-3)
        steps = more_steps or max(1, round(more_minutes * 60 / per_step))
        if state.finished:
            state.place, state.timetable = state.step, None
            state.schedule = settings.build_schedule(pictures, start=state.step, steps=steps)
            if more_minutes:
                self.keep(60 * more_minutes)
            state.evaluations = state.snapshots = 0
        elif state.timetable is not None and more_minutes:
            end = state.schedule.end + round(60 * more_minutes / state.timetable.seconds_per_step)
            state.schedule = state.schedule.ending_at(end, state.place, settings.schedule.anneal)
        else:
            if state.timetable is not None:
                slower = state.timetable.seconds_per_step / per_step
                state.schedule = state.schedule.moved(state.place, state.step, slower)
                state.place, state.timetable = state.step, None
            state.schedule = state.schedule.ending_at(state.schedule.end + steps, state.step, settings.schedule.anneal)
        state.guard.above = 0
        state.finished, state.noted = False, ""
