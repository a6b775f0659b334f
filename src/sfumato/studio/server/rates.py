"""How often a client may ask: a bucket of requests that fills again, and a count of those that are being answered."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sfumato.studio.server.settings import Limits

_MOST_CLIENTS: Final = 4096  # that are remembered; beyond, the ones longest silent are forgotten
_MINUTE: Final = 60.0


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """Of one server; used by its event loop alone. now: a clock in seconds, for tests."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self.limits, self.now = limits, now
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._strangers: OrderedDict[str, deque[float]] = OrderedDict()
        self._at_work: Counter[str] = Counter()

    def wait(self, client: str) -> float:
        """Takes a request from the client's bucket; 0, or in how many seconds the next would be answered."""
        if self._at_work[client] >= self.limits.at_once:
            return 1.0
        now = self.now()
        bucket = self._buckets.setdefault(client, _Bucket(self.limits.burst, now))
        self._buckets.move_to_end(client)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        bucket.left = min(self.limits.burst, bucket.left + (now - bucket.at) * self.limits.requests_per_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self.limits.requests_per_second
        bucket.left -= 1
        return 0.0

    @contextlib.contextmanager
    def at_work(self, client: str) -> Iterator[None]:
        """While a request of the client is being answered."""
        self._at_work[client] += 1
        try:
            yield
        finally:
            self._at_work[client] -= 1
            if not self._at_work[client]:
                del self._at_work[client]

    def note_stranger(self, address: str) -> None:
        """A wrong token, cookie or key came from there."""
        self._strangers.setdefault(address, deque(maxlen=self.limits.strangers_per_minute)).append(self.now())
        self._strangers.move_to_end(address)
        if len(self._strangers) > _MOST_CLIENTS:
            self._strangers.popitem(last=False)

    def wait_of_stranger(self, address: str) -> float:
        """0, or in how many seconds a stranger of this address may try again."""
        tries = self._strangers.get(address)
        if tries is None or len(tries) < self.limits.strangers_per_minute:
            return 0.0
        return max(0.0, tries[0] + _MINUTE - self.now())
