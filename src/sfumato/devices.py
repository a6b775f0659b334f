"""What the program computes on: the device that a person names, and how many threads of the CPU.

The threads of an operator wait for the slowest of them. Where another program takes a part of one core, all of them
wait for it, and fewer threads are faster.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import torch

from sfumato.errors import SfumatoError

# Of a step's time: what a disturbance is, and what another number of threads must bring.
SLOWER, WORTH = 1.3, 0.9
WATCHED, TRIED = 5, 2
FIRST_WAIT, LONGEST_WAIT = 5.0, 40.0
SETTLING = 4


class ThreadCount:
    """Chooses the number of threads by the time that steps take, all of which are the same amount of work.

    A few steps are tried with fewer threads at first and when steps have become slower; with more from time to time,
    ever more rarely while that does not pay.
    """

    def __init__(self, most: int, now: int = 0, untried_seconds: float = 0.0) -> None:
        """most: threads, at least 1, where nothing else computes; now: to begin with (0: most); untried_seconds: how
        long nothing is tried, because work that is done by then is not worth it."""
        self.untried_seconds = untried_seconds
        self.counts: Sequence[int] = sorted({most, max(1, most - 1), max(1, most // 2), 1}, reverse=True)
        self.now = now if now in self.counts else most
        self.usual = self.now
        self.recent: deque[float] = deque(maxlen=WATCHED)
        self.best = float("inf")
        self.trials: list[int] = []
        self.tried: dict[int, list[float]] = {}
        self.since, self.wait, self.steps = 0.0, FIRST_WAIT, 0

    def took(self, seconds: float, steps: int = 1) -> int:
        """Take the time of a step, or of so many at once, with ``now`` threads; the number of threads for the next."""
        self.since += seconds
        self.steps += 1
        if self.trials:
            self._try(seconds / steps)
        elif len(self.counts) > 1:
            self._watch(seconds / steps)
        return self.now

    @contextmanager
    def timing(self, steps: int = 1) -> Iterator[None]:
        """Around one or several steps of torch's, which then has the number of threads for the next."""
        began = time.perf_counter()
        yield
        before = self.now
        if self.took(time.perf_counter() - began, steps) != before:
            torch.set_num_threads(self.now)

    def _watch(self, seconds: float) -> None:
        self.recent.append(seconds)
        if len(self.recent) < WATCHED or self.steps < SETTLING + WATCHED:
            return
        median = statistics.median(self.recent)
        first = self.best == float("inf")
        if first and self.since < self.untried_seconds:
            return
        slower = median > SLOWER * self.best and self.since > self.wait
        self.best = min(self.best, median)
        if first or slower:
            self._begin([count for count in self.counts if count < self.usual], median)
        elif self.usual < self.counts[0] and self.since > self.wait:
            self._begin([count for count in reversed(self.counts) if count > self.usual], median)

    def _begin(self, trials: list[int], median: float) -> None:
        if trials:
            self.trials, self.tried = trials, {self.usual: [median]}
            self.now = trials[0]

    def _try(self, seconds: float) -> None:
        times = self.tried.setdefault(self.now, [])
        times.append(seconds)
        # One step that is slower by far is enough to know.
        if len(times) < TRIED and seconds < self.tried[self.usual][0] / WORTH:
            return
        self.trials.pop(0)
        if self.trials:
            self.now = self.trials[0]
            return
        typical = {count: statistics.median(times) for count, times in self.tried.items()}
        fastest = min(typical, key=lambda count: typical[count])
        paid = fastest != self.usual and typical[fastest] < WORTH * typical[self.usual]
        if paid:
            self.usual, self.best = fastest, typical[fastest]
            self.recent.clear()
        self.wait = FIRST_WAIT if paid else min(2 * self.wait, LONGEST_WAIT)
        self.now, self.since = self.usual, 0.0


def device_named(name: str) -> torch.device:
    """'cpu', 'cuda' ('cuda:1'), 'mps', or 'auto': CUDA where there is one, else MPS, else the CPU.

    Raises SfumatoError for one that is not there.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, is_there in available.items() if is_there)
    kind = name.split(":")[0]
    if kind not in available:
        raise SfumatoError(f"device '{name}': unknown; choose cpu, cuda, mps or auto")
    if not available[kind]:
        raise SfumatoError(
            f"device '{name}': this machine, or its torch, has none; choose auto, which takes what is there"
        )
    count = torch.cuda.device_count() if kind == "cuda" else 1
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SfumatoError(f"device '{name}': unknown; choose cpu, cuda, cuda:1, mps or auto") from error
    if device.index is not None and device.index >= count:
        raise SfumatoError(f"device '{name}': this machine has {count} of that kind, counted from 0")
    return device


def device_again(name: str, made_on: str) -> torch.device:
    """As `device_named`, but 'auto' is what a work was made on, where that is here: there it comes out the same."""
    if name == "auto":
        with suppress(SfumatoError):
            return device_named(made_on)
    return device_named(name)
