"""A client that asks too much waits; others do not."""

import pytest

from sfumato.studio.server.rates import Rates
from sfumato.studio.server.settings import Limits


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rates(clock: Clock) -> Rates:
    return Rates(Limits(burst=3, requests_per_second=2, at_once=2, strangers_per_minute=2), clock)


def test_a_burst_is_answered_and_then_so_many_a_second(rates: Rates, clock: Clock) -> None:
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert rates.wait("b") == 0, "another client is not held up"
    clock.now += 0.5
    assert [rates.wait("a"), rates.wait("a")] == [0, 0.5]
    clock.now += 3600
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0.5], "nobody saves more than a burst"


def test_so_many_are_answered_at_once(rates: Rates, clock: Clock) -> None:
    with rates.at_work("a"), rates.at_work("a"):
        assert rates.wait("a") == 1
        assert rates.wait("b") == 0
    assert rates.wait("a") == 0


def test_a_stranger_may_be_wrong_some_times_a_minute(rates: Rates, clock: Clock) -> None:
    for _ in range(2):
        assert rates.wait_of_stranger("10.0.0.1") == 0
        rates.note_stranger("10.0.0.1")
    assert rates.wait_of_stranger("10.0.0.1") == 60
    assert rates.wait_of_stranger("10.0.0.2") == 0
    clock.now += 61
    assert rates.wait_of_stranger("10.0.0.1") == 0


def test_not_all_who_ever_asked_are_remembered(rates: Rates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.studio.server.rates._MOST_CLIENTS", 5)
    for number in range(100):
        rates.wait(str(number))
        rates.note_stranger(str(number))
    assert len(rates._buckets) == len(rates._strangers) == 5
