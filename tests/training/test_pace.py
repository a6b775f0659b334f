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
            self.pace.begin_step()
            self.now += seconds
            self.pace.end_step()
            event = self.pace.trained(0.5, {"part": 0.1}, 0.25, 2)
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
    assert second == Trained(2, 12, 8, 0.5, 0.002, 2.0, 34.0, 20.0, {"part": 0.1}, 2)


def test_the_speed_is_that_of_the_last_steps(session: Session) -> None:
    session.steps(100, 1.0)
    assert session.steps(200, 0.5).pictures_per_second == 8.0
    session.pace.forget()
    assert session.steps(1, 9.0).pictures_per_second == 0
    assert session.steps(1, 0.25).pictures_per_second == 16.0


def test_a_number_of_steps_does_not_follow_the_clock(session: Session) -> None:
    for step, seconds in enumerate((1.0, 5.0, 0.5), start=1):
        session.steps(1, seconds)
        assert session.state.place == step
    assert session.pace.end() == "at step 12"
    session.pace.allow(50.0)
    assert session.state.schedule.end == 12


def test_with_a_time_to_keep_the_place_follows_the_time_and_not_the_steps(session: Session) -> None:
    session.pace.finishing_seconds = 6.0
    session.pace.keep(30.0)  # 24 seconds for 12 steps
    assert session.pace.end() == "after 0.9 minutes"
    session.steps(2, 3.0)
    assert (session.state.step, session.state.place) == (2, pytest.approx(3))
    event = session.steps(18, 0.5)
    assert (session.state.step, session.state.place) == (20, pytest.approx(7.5))
    # Nine seconds are left, at the pace of the last steps.
    assert event.remaining_seconds == pytest.approx(9.0)
    assert event.steps == 20 + round(9 * 19 / 12)


def test_the_rate_falls_at_the_same_moments_on_a_machine_that_has_become_slow(
    begin: Callable[..., Run], state_of: Callable[[Run], TrainingState], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = []
    for slower in (1.0, 4.0):
        run = begin(f"run-{slower}", steps=100, anneal=0.8)
        session = Session(run, state_of(run), monkeypatch)
        session.pace.keep(100.0 + session.pace.finishing_seconds)
        session.steps(20, 1.0)
        session.steps(round(76 / slower), slower)
        rates.append(session.state.schedule.factor(session.state.place))
    assert rates[0] == pytest.approx(rates[1]) == pytest.approx(0.05)


def test_what_comes_after_the_last_step_has_its_time(session: Session) -> None:
    session.pace.keep(122.0)
    assert session.pace.end_seconds() == pytest.approx(30 + 120)
    session.pace.allow(42.0)
    assert session.pace.end_seconds() == pytest.approx(30 + 80)
    assert session.state.timetable is not None
    assert session.state.timetable.seconds_per_step == 10


def test_however_little_time_there_is_a_second_of_it_is_trained(session: Session) -> None:
    session.pace.keep(-5.0)
    session.steps(1, 0.5)
    assert session.state.schedule.factor(session.state.place) > 0


def test_time_in_which_the_program_was_stopped_is_no_time_of_training(session: Session) -> None:
    session.pace.keep(122.0)
    session.steps(10, 1.0)
    before = session.state.place
    session.steps(1, 3600.0)
    assert session.state.place == before
    assert session.steps(5, 1.0).elapsed_seconds == pytest.approx(30 + 15)
    # Steps that have become slow are no such gap, and where they are so slow that the first is taken for one, it alone.
    session.steps(20, 40.0)
    assert session.steps(1, 45.0).elapsed_seconds == pytest.approx(30 + 15 + 20 * 40 + 45)
    before = session.steps(1, 45.0).elapsed_seconds
    assert session.steps(3, 4000.0).elapsed_seconds == pytest.approx(before + 2 * 4000)


def test_after_going_back_what_is_left_of_the_schedule_goes_into_what_is_left_of_the_time(session: Session) -> None:
    session.pace.keep(122.0)
    session.steps(60, 1.0)
    end = session.pace.end_seconds()
    session.state.place = 1.0
    session.pace.went_back(end)
    assert session.pace.end_seconds() == pytest.approx(end)
    session.steps(30, 1.0)
    assert session.state.place == pytest.approx(1 + 11 / 2)
