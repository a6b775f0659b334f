"""The states of a job, and what can be asked of it in each."""

from __future__ import annotations

from typing import Final, Literal

State = Literal["queued", "running", "pausing", "paused", "finished", "stopped", "cancelled", "failed"]
# stop: end after the step or the work that it is at, and keep what was made; cancel: end at once; pause: the same as
# stop, to be gone on with; resume: of a paused one; show: picture what the training has come to, now; retry: once more
# from the beginning, or from the last checkpoint.
Control = Literal["cancel", "stop", "pause", "resume", "show", "retry"]

ENDED: Final[frozenset[State]] = frozenset({"finished", "stopped", "cancelled", "failed"})
AT_WORK: Final[frozenset[State]] = frozenset({"running", "pausing"})
ALLOWED: Final[dict[Control, frozenset[State]]] = {
    "cancel": frozenset({"queued", "running", "pausing", "paused"}),
    "stop": frozenset({"queued", "running", "pausing", "paused"}),
    "pause": frozenset({"queued", "running"}),
    "resume": frozenset({"paused"}),
    "show": frozenset({"running"}),
    "retry": frozenset({"failed", "cancelled", "stopped"}),
}
