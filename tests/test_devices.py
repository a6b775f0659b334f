"""The choice of the number of threads on machines of which every step's time is known."""

import random
from collections.abc import Mapping

import pytest
import torch

from sfumato.devices import ThreadCount, device_named
from sfumato.errors import SfumatoError

# Seconds of a step by the number of threads, alone and beside another program: 69, 22 and 40 pictures a second of 24.
ALONE, BUSY = {2: 0.35, 1: 0.60}, {2: 1.09, 1: 0.60}


class Machine:
    """noise: the deviation of a step's time, as a share of it."""

    def __init__(self, threads: ThreadCount, noise: float = 0.0, seed: int = 0) -> None:
        self.threads, self.noise, self.random = threads, noise, random.Random(seed)

    def steps(self, seconds: float, times: Mapping[int, float]) -> float:
        """Train for so long. Returns the steps a second."""
        passed, steps = 0.0, 0
        while passed < seconds:
            took = times[self.threads.now] * max(0.5, self.random.gauss(1, self.noise))
            self.threads.took(took)
            passed, steps = passed + took, steps + 1
        return steps / passed


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(20))
def test_a_machine_left_alone_keeps_its_threads_at_a_cost_below_one_percent(noise: float, seed: int) -> None:
    machine = Machine(ThreadCount(2), noise, seed)
    assert machine.steps(600, ALONE) * 0.35 > 0.985
    assert machine.threads.usual == 2


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(20))
def test_a_busy_machine_trains_with_the_threads_that_are_faster_there(noise: float, seed: int) -> None:
    machine = Machine(ThreadCount(2), noise, seed)
    machine.steps(120, ALONE)
    assert machine.steps(480, BUSY) * 0.60 > 0.94
    assert machine.threads.usual == 1
    # And as before soon after the other program has ended.
    machine.steps(60, ALONE)
    assert machine.threads.usual == 2
    assert machine.steps(300, ALONE) * 0.35 > 0.985


def test_a_machine_that_is_busy_from_the_start_does_not_take_that_for_its_usual_speed() -> None:
    machine = Machine(ThreadCount(2))
    machine.steps(30, BUSY)
    assert machine.threads.usual == 1


def test_of_many_threads_one_less_may_be_the_best() -> None:
    machine = Machine(ThreadCount(8))
    machine.steps(30, {8: 0.1, 7: 0.11, 4: 0.19, 1: 0.7})
    assert machine.threads.usual == 8
    machine.steps(60, {8: 0.3, 7: 0.12, 4: 0.19, 1: 0.7})
    assert machine.threads.usual == 7


def test_a_session_goes_on_with_the_threads_of_the_one_before() -> None:
    assert ThreadCount(4, 2).now == 2
    assert ThreadCount(4, 7).now == 4  # of another machine


def test_one_thread_stays_one() -> None:
    threads = ThreadCount(1)
    assert {threads.took(seconds) for seconds in (1, 1, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9)} == {1}


def test_the_processor_is_always_there():
    assert device_named("cpu") == torch.device("cpu")
    assert device_named("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("name", ["", "gpu", "tpu", "cpu:x", "cpu:", "CUDA", "meta", "cuda-1"])
def test_a_device_of_no_known_name_is_one_sentence(name):
    with pytest.raises(SfumatoError, match="unknown; choose cpu"):
        device_named(name)


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there_is_one_sentence(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(SfumatoError, match="choose auto"):
        device_named(name)
    assert device_named("auto") == torch.device("cpu")


def test_a_number_beyond_the_last_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device_named("auto") == torch.device("cuda")
    assert device_named("cuda:1") == torch.device("cuda:1")
    with pytest.raises(SfumatoError, match="has 2 of that kind"):
        device_named("cuda:2")
