"""Speeds and ends against a clock of which every second is known."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from sfumato.training import Run
from sfumato.training import pace as module
from sfumato.training.events import Trained
from sfumato.training.pace import Pace
from sfumato.training.state import TrainingState


class Session:
    """Steps of a run of 12 steps with 4 pictures each, of which 30 seconds were trained before."""

    def __init__(self, run: Run, state: TrainingState, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.state = 1000.0, state
        state.elapsed_seconds = 30.0
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: self.now))
        self.pace = Pace(state, run.record.settings)

    def steps(self, count: int, seconds: float) -> Trained:
        """So many steps of so many seconds; the last one's event."""
        for _ in range(count):
            self.now += seconds
            self.state.step += 1
            event = self.pace.trained(0.5, {"part": 0.1}, 0.25)
        return event


@pytest.fixture
def session(
    begin: Callable[..., Run], state_of: Callable[[Run], TrainingState], monkeypatch: pytest.MonkeyPatch
) -> Session:
    run = begin(steps=12, batch=4, learning_rate=0.008)
    return Session(run, state_of(run), monkeypatch)


def test_an_event_tells_the_speed_and_the_time_that_is_left(session: Session) -> None:
    first = session.steps(1, 2.0)
    assert (first.pictures_per_second, first.remaining_seconds) == (0, 0)  # nothing to measure by
    second = session.steps(1, 2.0)
    assert second == Trained(2, 12, 8, 0.5, 0.002, 2.0, 34.0, 20.0, {"part": 0.1})


def test_the_speed_is_that_of_the_last_steps(session: Session) -> None:
    session.steps(100, 1.0)
    assert session.steps(200, 0.5).pictures_per_second == 8.0
    session.pace.forget()
    assert session.steps(1, 9.0).pictures_per_second == 0
    assert session.steps(1, 0.25).pictures_per_second == 16.0


def test_the_end_moves_to_where_the_time_is_used_up(session: Session) -> None:
    session.state.budget_seconds = 100.0
    session.pace.finishing_seconds = 6.0
    session.steps(4, 1.0)
    session.pace.replan()
    assert session.state.schedule.end == 12  # the speed is not measured yet
    session.steps(4, 1.0)
    session.pace.replan()
    # 38 seconds are gone and 6 must remain.
    assert session.state.schedule.end == 8 + 56
    session.steps(20, 4.0)
    session.pace.replan()
    assert session.state.schedule.end == 28  # none are left


def test_an_end_that_was_asked_for_stays(session: Session) -> None:
    session.steps(8, 1.0)
    session.pace.replan()
    assert session.state.schedule.end == 12
