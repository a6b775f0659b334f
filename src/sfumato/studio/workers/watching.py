"""While a worker does a job, this keeps the job its own and notices what is asked of it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Literal, Self

from sfumato.studio.jobs.claim import Claim, LostError
from sfumato.studio.jobs.database import DatabaseError
from sfumato.studio.jobs.states import Control

RENEWED_SECONDS: Final = 0.5  # between two renewals of a lease: as long as nobody knows what was asked
_log: Final = logging.getLogger(__name__)

# What makes a worker end: what it was asked, that the server is gone, or that the job is another's.
Ending = Literal["cancel", "stop", "pause", "leave", "lost"]


class Watch:
    """A thread beside a job. leaving: set when the worker is to go; on_cancel: called, in the thread, when the job is
    to be cancelled, for who can end it at once."""

    def __init__(
        self, claim: Claim, leaving: threading.Event, *, seconds: float = RENEWED_SECONDS, on_cancel: Callable[[], None]
    ) -> None:
        self.claim, self._leaving, self._seconds, self._on_cancel = claim, leaving, seconds, on_cancel
        self._asked: Control | None = claim.job.control
        self._lost = False
        self._shown = False
        self._wake = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._follow, name=f"job {claim.job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        self._wake.set()
        self._thread.join(timeout=5)

    @property
    def ending(self) -> Ending | None:
        """Why the job should end now; None to go on."""
        if self._lost:
            return "lost"
        if self._asked in ("cancel", "stop", "pause"):
            return self._asked
        return "leave" if self._leaving.is_set() else None

    def takes_show(self) -> bool:
        """Whether somebody wants to see what the job has come to: True once for each time."""
        if self._asked != "show" or self._shown:
            return False
        self._shown = True
        return True

    @property
    def owes_show(self) -> bool:
        """Whether what was asked for has not been shown yet."""
        return self._asked == "show"

    def showed(self) -> None:
        """Raises LostError."""
        self.claim.answered()
        self._asked, self._shown = None, False

    def look(self) -> None:
        """See at once what is asked: it may be that nobody waits for the next renewal."""
        self._wake.set()

    def _follow(self) -> None:
        failing_since: float | None = None
        while not self._over:
            try:
                asked = self.claim.renew()
                failing_since = None
            except LostError:
                self._lost = True
                return
            except DatabaseError as error:  # a full disk may have room again before the lease is over
                failing_since = failing_since or time.monotonic()
                _log.warning("job %d: %s", self.claim.job.id, error)
                if time.monotonic() - failing_since > 60:
                    self._lost = True
                    return
                asked = self._asked
            is_new = asked != self._asked
            self._asked = asked
            if asked == "cancel" and is_new:
                self._on_cancel()
            self._wake.wait(self._seconds)
            self._wake.clear()
