"""Speeds and ends against a clock of which every second is known, and runs that go on further than was planned."""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.training import Run, train
from sfumato.training import throughput as module
from sfumato.training.events import Evaluated, Event, Finished, Saved, Trained
from sfumato.training.state import TrainingState
from sfumato.training.throughput import Throughput


class Session:
    """Steps of a run of 12 steps with 4 pictures each, of which 30 seconds were trained before."""

    def __init__(self, run: Run, state: TrainingState, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.state = 1000.0, state
        state.elapsed_seconds = 30.0
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: self.now))
        self.throughput = Throughput(state, run.record.settings, torch.device("cpu"))

    def steps(self, count: int, seconds: float) -> Trained:
        """So many steps of so many seconds; the last one's event."""
        for _ in range(count):
            self.throughput.begin_step()
            self.now += seconds
            self.state.step += 1
            self.state.place = self.throughput.decide().place
            event = self.throughput.trained(0.5, {"part": 0.1}, 0.25, 2)
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
    assert second == Trained(2, 12, 8, 0.5, 0.002, 2.0, 34.0, 20.0, (("part", 0.1),), 2)


def test_the_speed_is_that_of_the_last_steps(session: Session) -> None:
    session.steps(100, 1.0)
    assert session.steps(200, 0.5).pictures_per_second == 8.0
    session.throughput.forget()
    assert session.steps(1, 9.0).pictures_per_second == 0
    assert session.steps(1, 0.25).pictures_per_second == 16.0


def test_a_number_of_steps_does_not_follow_the_clock(session: Session) -> None:
    for step, seconds in enumerate((1.0, 5.0, 0.5), start=1):
        session.steps(1, seconds)
        assert session.state.place == step
    assert session.throughput.end() == "at step 12"
    session.throughput.allow("snapshot", 50.0)
    assert session.state.schedule.end == 12


def test_with_a_time_to_keep_the_place_follows_the_time_and_not_the_steps(session: Session) -> None:
    session.throughput.keep(24.0 + module.FINISHING_SECONDS)  # for 12 steps
    assert session.throughput.end() == "after 0.9 minutes"
    session.steps(2, 3.0)
    assert (session.state.step, session.state.place) == (2, pytest.approx(3))
    event = session.steps(18, 0.5)
    assert (session.state.step, session.state.place) == (20, pytest.approx(7.5))
    # Nine seconds are left, at the speed of the last steps.
    assert event.remaining_seconds == pytest.approx(9.0)
    assert event.steps == 20 + round(9 * 19 / 12)


def test_the_rate_falls_at_the_same_moments_on_a_machine_that_has_become_slow(
    begin: Callable[..., Run], state_of: Callable[[Run], TrainingState], monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = []
    for slower in (1.0, 4.0):
        run = begin(f"run-{slower}", steps=100, anneal=0.8)
        session = Session(run, state_of(run), monkeypatch)
        session.throughput.keep(100.0 + module.FINISHING_SECONDS)
        session.steps(20, 1.0)
        session.steps(round(76 / slower), slower)
        rates.append(session.state.schedule.factor(session.state.place))
    assert rates[0] == pytest.approx(rates[1]) == pytest.approx(0.05)


def test_what_comes_after_the_last_step_has_its_time(session: Session) -> None:
    session.throughput.keep(122.0)
    assert session.throughput.end_seconds() == pytest.approx(30 + 120)
    session.throughput.allow("snapshot", 40.0)
    assert session.throughput.end_seconds() == pytest.approx(30 + 80)
    session.throughput.allow("evaluation", 20.0)
    assert session.throughput.end_seconds() == pytest.approx(30 + 60)
    session.throughput.allow("snapshot", 10.0)  # it takes less than it did
    assert session.throughput.end_seconds() == pytest.approx(30 + 90)
    assert session.state.timetable is not None
    assert session.state.timetable.seconds_per_step == 10
    # Once the last step is made, what comes then does not begin the training anew.
    end = session.state.place = session.state.schedule.end
    session.throughput.allow("evaluation", 1.0)
    assert session.state.schedule.end == end


def test_a_session_that_goes_on_leaves_no_time_twice(
    session: Session, begin: Callable[..., Run], state_of: Callable[[Run], TrainingState]
) -> None:
    session.throughput.keep(122.0)
    session.throughput.allow("snapshot", 40.0)
    checkpoint = session.state.checkpoint()
    later = state_of(begin("later", steps=12, batch=4, learning_rate=0.008))
    later.restore(checkpoint, ())
    again = Throughput(later, begin("again", steps=12, batch=4).record.settings, torch.device("cpu"))
    again.allow("snapshot", 40.0)
    assert again.end_seconds() == pytest.approx(30 + 80)


def test_however_little_time_there_is_a_second_of_it_is_trained(session: Session) -> None:
    session.throughput.keep(-5.0)
    session.steps(1, 0.5)
    assert session.state.schedule.factor(session.state.place) > 0


def test_time_in_which_the_program_was_stopped_is_no_time_of_training(session: Session) -> None:
    session.throughput.keep(122.0)
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
    session.throughput.keep(122.0)
    session.steps(60, 1.0)
    end = session.throughput.end_seconds()
    session.state.place = 1.0
    session.throughput.went_back(end)
    assert session.throughput.end_seconds() == pytest.approx(end)
    session.steps(30, 1.0)
    assert session.state.place == pytest.approx(1 + 11 / 2)


def test_a_step_by_a_loss_that_is_not_finite_is_not_made(session: Session) -> None:
    assert session.throughput.accepts(torch.tensor(3.0))
    assert not session.throughput.accepts(torch.tensor(float("nan")))
    assert not session.throughput.accepts(torch.tensor(float("inf")))


# ---- runs that are trained further than they were planned to go


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_more_steps_train_a_finished_run_further(finished: Callable[..., Run]) -> None:
    run = finished()
    events = list(train(run, more_steps=10))
    trained = of(Trained, events)
    assert [event.step for event in trained] == list(range(13, 23))
    assert trained[-1].learning_rate < trained[0].learning_rate
    assert len(of(Evaluated, events)) == 4
    assert len(list((run.path / "snapshots").glob("*.png"))) == 4
    assert "22 steps" in Model.from_pretrained(run.path).card
    assert of(Finished, train(run))[0].step == 22


def test_more_minutes_train_further_for_that_long(timed: Callable[..., Run], passing_time: Callable[..., Any]) -> None:
    clock = passing_time(lambda step: 1.0)
    run = timed(1.0, 60)
    list(train(run))
    before = clock.now
    events = list(train(run, more_minutes=1.0))
    assert clock.now - before == pytest.approx(60, rel=0.05)
    assert of(Trained, events)[-1].learning_rate < 0.1 * max(event.learning_rate for event in of(Trained, events))


def test_more_minutes_for_an_unfinished_run_come_on_top_of_its_own(
    timed: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    clock = passing_time(lambda step: 1.0)
    run = timed(2.0, 120)
    began = clock.now
    stop_at(run, 40)
    events = list(train(run, more_minutes=0.5))
    assert clock.now - began == pytest.approx(150, rel=0.05)
    # The plan is stretched and not cut short: where it was to end before, it still learns.
    rates = {event.step: event.learning_rate for event in of(Trained, events)}
    assert rates[119] > 0.1 * max(rates.values()) > 10 * list(rates.values())[-1]


def test_more_steps_for_an_unfinished_run_come_on_top_of_its_own(begin: Callable[..., Run]) -> None:
    run = begin(evaluations=1)
    stop_at(run, 7)
    trained = of(Trained, list(train(run, more_steps=10)))
    assert [event.step for event in trained] == list(range(8, 23))
    assert of(Finished, train(run))[0].step == 22


def test_minutes_on_top_of_a_number_of_steps_are_counted_at_the_speed_so_far(
    begin: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    passing_time(lambda step: 2.0)
    run = begin(steps=12, evaluations=1)
    stop_at(run, 6)
    assert of(Trained, list(train(run, more_minutes=0.5)))[-1].step == pytest.approx(12 + 15, abs=2)


def test_minutes_cannot_be_counted_before_the_first_step(begin: Callable[..., Run]) -> None:
    run = begin()
    session = train(run)
    assert isinstance(next(session), Saved)
    session.close()
    with pytest.raises(SfumatoError, match=r"has not made a step yet.*give --steps"):
        list(train(run, more_minutes=1.0))
    assert of(Trained, list(train(run)))[-1].step == 12


def stop_at(run: Run, step: int) -> None:
    session = train(run)
    next(event for event in session if isinstance(event, Trained) and event.step == step)
    session.close()
