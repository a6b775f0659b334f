"""Runs that are trained further than they were planned to go."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.training import Run, train
from sfumato.training.events import Evaluated, Event, Finished, Saved, Trained


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_more_steps_train_a_finished_run_further(begin: Callable[..., Run]) -> None:
    run = begin()
    list(train(run))
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
    run = begin()
    stop_at(run, 7)
    trained = of(Trained, list(train(run, more_steps=10)))
    assert [event.step for event in trained] == list(range(8, 23))
    assert of(Finished, train(run))[0].step == 22


def test_minutes_on_top_of_a_number_of_steps_are_counted_at_the_pace_so_far(
    begin: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    passing_time(lambda step: 2.0)
    run = begin(steps=12)
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
