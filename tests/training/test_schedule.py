from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.training.schedule import LearningRateSchedule

shares = st.floats(0, 1)
schedules = st.builds(
    LearningRateSchedule.over, st.integers(0, 10_000), st.integers(1, 10_000), warmup=shares, anneal=shares
)


def test_rise_plateau_and_fall_are_straight_lines() -> None:
    schedule = LearningRateSchedule.over(0, 100, warmup=0.1, anneal=0.4)
    assert [schedule.factor(step) for step in range(10)] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert {schedule.factor(step) for step in range(10, 61)} == {1.0}
    assert [schedule.factor(step) for step in range(60, 101)] == pytest.approx([(100 - s) / 40 for s in range(60, 101)])


def test_a_later_session_has_its_own_rise_and_fall() -> None:
    first = LearningRateSchedule.over(0, 100, warmup=0.1, anneal=0.4)
    later = LearningRateSchedule.over(1000, 100, warmup=0.1, anneal=0.4)
    assert [later.factor(1000 + step) for step in range(101)] == [first.factor(step) for step in range(101)]
    assert (later.progress(1000), later.progress(1050), later.progress(1100)) == (0, 0.5, 1)


@given(schedules)
def test_every_step_learns_something_and_the_one_after_the_last_nothing(schedule: LearningRateSchedule) -> None:
    steps = range(schedule.start, schedule.end)
    assert all(0 < schedule.factor(step) <= 1 for step in (*steps[:50], *steps[-50:]))
    assert schedule.factor(schedule.end) == 0
    assert schedule.start <= schedule.anneal_from <= schedule.end


@given(schedules, st.data(), st.integers(0, 30_000), shares)
def test_moving_the_end_leaves_what_was_trained_as_it_was(
    schedule: LearningRateSchedule, data: st.DataObject, end: int, anneal: float
) -> None:
    step = data.draw(st.integers(schedule.start, schedule.end))
    moved = schedule.ending_at(end, step, anneal)
    assert moved.end == max(end, step)
    assert moved.start <= moved.anneal_from
    if step < schedule.anneal_from:
        assert step <= moved.anneal_from <= moved.end
    else:
        assert moved.anneal_from == schedule.anneal_from
    assert moved.factor(moved.end) == 0


@given(schedules, st.data())
def test_annealing_now_falls_from_the_present_rate_and_ends_no_later(
    schedule: LearningRateSchedule, data: st.DataObject
) -> None:
    step = data.draw(st.integers(schedule.start, schedule.end))
    now = schedule.annealing_now(step)
    assert now.end <= schedule.end
    assert now.factor(now.end) == 0
    if now != schedule:
        assert step < now.end < schedule.end
        assert now.factor(step) <= max(schedule.factor(step) * 1.02, 0.02) + 1 / (now.end - step)
        assert all(now.factor(after) >= now.factor(after + 1) for after in range(now.anneal_from + now.warmup, now.end))


def test_annealing_now_takes_a_quarter_of_what_was_trained() -> None:
    schedule = LearningRateSchedule.over(0, 1000, warmup=0, anneal=0.4)
    assert schedule.annealing_now(400) == LearningRateSchedule(0, 500, 1, 400)
    falling = schedule.annealing_now(720)
    assert falling.end == 900
    assert falling.factor(720) == pytest.approx(schedule.factor(720), rel=0.01)
    assert schedule.annealing_now(900) == schedule


def test_moved_it_is_the_same_curve_elsewhere() -> None:
    schedule = LearningRateSchedule.over(0, 1000, warmup=0.1, anneal=0.4)
    moved = schedule.moved(500.0, 100, 0.5)
    assert (moved.end, moved.anneal_from) == (350, 150)
    for place in (300, 500, 700, 990):
        assert moved.factor(100 + (place - 500) / 2) == pytest.approx(schedule.factor(place), abs=0.02)


def test_between_two_steps_the_rate_is_between_theirs() -> None:
    schedule = LearningRateSchedule.over(0, 100, warmup=0.1, anneal=0.4)
    assert schedule.factor(70.5) == pytest.approx((schedule.factor(70) + schedule.factor(71)) / 2)
    assert schedule.ending_at(80, 50.5, 0.4).end == 80
    assert schedule.annealing_now(70.5).end > 71


def test_its_state_makes_it_again() -> None:
    schedule = LearningRateSchedule.over(7, 100, warmup=0.1, anneal=0.4)
    assert LearningRateSchedule(**asdict(schedule)) == schedule
