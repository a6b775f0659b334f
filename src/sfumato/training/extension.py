"""Training a run further than it was planned to go."""

from __future__ import annotations

from sfumato.errors import SfumatoError
from sfumato.text import counted
from sfumato.training.assembly import schedule_of
from sfumato.training.pace import Pace
from sfumato.training.run import Run
from sfumato.training.state import TrainingState


def extend(state: TrainingState, pace: Pace, run: Run, pictures: int, more_steps: int, more_minutes: float) -> None:
    """Train so much more, on top of what a run that has not ended has still to do.

    pictures: in its training part; one of more_steps and more_minutes is 0. A number of steps does not follow the
    clock, and minutes on top of a number of steps are counted in steps, at the pace so far. Raises SfumatoError where
    there is none yet.
    """
    settings = run.record.settings
    if not more_steps and state.step == 0 and state.timetable is None:
        raise SfumatoError(
            f"{run.path}: has not made a step yet, so nobody knows how many are in "
            f"{counted(more_minutes, 'minute')}; resume it without --minutes, or give --steps"
        )
    per_step = max(state.elapsed_seconds / max(1, state.step), 1e-3)
    steps = more_steps or max(1, round(more_minutes * 60 / per_step))
    if state.finished:
        state.place, state.timetable = state.step, None
        state.schedule = schedule_of(settings, pictures, start=state.step, steps=steps)
        if more_minutes:
            pace.keep(60 * more_minutes)
        state.evaluations = state.snapshots = 0
    elif state.timetable is not None and more_minutes:
        end = state.schedule.end + round(60 * more_minutes / state.timetable.seconds_per_step)
        state.schedule = state.schedule.ending_at(end, state.place, settings.anneal)
    else:
        if state.timetable is not None:
            state.schedule = state.schedule.moved(state.place, state.step, state.timetable.seconds_per_step / per_step)
            state.place, state.timetable = state.step, None
        state.schedule = state.schedule.ending_at(state.schedule.end + steps, state.step, settings.anneal)
    state.guard.above = 0
    state.finished, state.noted = False, ""
