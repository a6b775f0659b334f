"""A worker's loop: take a job, do it, tell what happens, and let go of it in the state that it has come to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sfumato.errors import SfumatoError
from sfumato.studio.jobs.claim import Claim, Left, LostError
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Lane
from sfumato.studio.workers.handling import Context, Handler, Happening, Made, Step, Told
from sfumato.studio.workers.kinds import handler_of
from sfumato.studio.workers.watching import RENEWED_SECONDS, Ending, Watch

if TYPE_CHECKING:
    from sfumato.studio.workers.open_models import OpenModels

IDLE_SECONDS: Final = 0.05  # between two looks for a job
PICTURED_SECONDS, TOLD_SECONDS = 0.1, 0.4  # between two steps that are told, with a picture and without
PICTURED: Final = "training.Pictured"
_STATES: Final[dict[Ending, Left]] = {"cancel": "cancelled", "stop": "stopped", "pause": "paused", "leave": "queued"}
_log: Final = logging.getLogger(__name__)


class Runner:
    """lane: whose jobs it takes; owner: its name in the database; leaving: set when it is to end, as soon as what it
    does can be left; dies: ends the process, and all that it has started, at once: for a job that is cancelled and
    whose process is for nothing else, None where the next job is done by the same."""

    def __init__(
        self,
        database: Database,
        lane: Lane,
        owner: str,
        *,
        roots: Sequence[Path] = (),
        leaving: threading.Event | None = None,
        dies: Callable[[], None] | None = None,
        handlers: Callable[[str], Handler] = handler_of,
        lease_seconds: float = 15,
    ) -> None:
        self.queue, self.gallery, self.place = Queue(database), Gallery(database), database.place
        self.lane, self.owner, self.roots = lane, owner, roots
        self.leaving = leaving or threading.Event()
        self._dies, self._handlers, self._lease = dies, handlers, lease_seconds
        self._models: OpenModels | None = None
        self._watch: Watch | None = None

    def run(self) -> None:
        """Do jobs until it is to leave. Raises DatabaseError where the database is gone for good."""
        while not self.leaving.is_set():
            if not self.one():
                self.leaving.wait(IDLE_SECONDS)

    def one(self, job: int | None = None) -> bool:
        """Do the lane's next job, or the one that is named. Returns whether there was one."""
        if self.leaving.is_set():
            return False
        claim = self.queue.claim(self.lane, self.owner, lease_seconds=self._lease, job=job)
        if claim is None:
            return False
        self._do(claim)
        return True

    @property
    def is_idle(self) -> bool:
        """Whether it does no job now."""
        return self._watch is None

    def give_back(self) -> None:
        """Let go of the job, whatever it is at, for another worker to go on with: that it was left late is not held
        against it. The process has to end then."""
        watch = self._watch
        if watch is not None:
            with suppress(SfumatoError):
                watch.claim.finish("queued")

    def warm_up(self) -> None:
        """What takes seconds, before somebody waits for it: torch, and the newest model of the studio's own."""
        from sfumato.studio.workers.warming import newest_opened

        newest_opened(self._opened(), self.leaving)

    def look(self) -> None:
        """See at once what is asked of the job that is done now."""
        if self._watch is not None:
            self._watch.look()

    def _do(self, claim: Claim) -> None:
        context = Context(
            job=claim.job,
            place=self.place,
            queue=self.queue,
            gallery=self.gallery,
            open_models=self._opened,
            roots=self.roots,
            there=frozenset(claim.indices()),
        )
        seconds = min(RENEWED_SECONDS, self._lease / 4)
        watch = Watch(claim, self.leaving, seconds=seconds, on_cancel=lambda: self._cancelled(claim, context))
        context.is_shown = watch.takes_show
        self._watch = watch
        try:
            with watch:
                state = self._followed(claim, watch, context)
            for change in sorted(context.changes):
                claim.tell(change, {})
            claim.finish(state, context.result)
        except LostError:
            _log.warning("job %d is another worker's now", claim.job.id)
            if self._dies is not None:  # and the other waits for what this process holds
                self._dies()
        except SfumatoError as error:
            _failed(claim, str(error))
        except Exception as error:  # noqa: BLE001 (whatever it is, the next job is done)
            _log.exception("job %d", claim.job.id)
            _failed(claim, f"a fault of the program, {type(error).__name__}: {error}")
        finally:
            self._watch = None

    def _followed(self, claim: Claim, watch: Watch, context: Context) -> Left:
        """Do a job until it is done, or ends for another reason; the state that it is in then. Raises LostError."""
        # One that was asked to stop when its worker was lost first has to come to where there is something to keep.
        comes_to_stop = claim.job.control == "stop"
        events = self._handlers(claim.job.kind)(claim.job.asked, context)
        telling = _Telling(claim, watch)
        with closing(events):
            while True:
                ending = watch.ending
                if ending is not None and not (comes_to_stop and ending == "stop"):
                    break
                happening = next(events, None)
                if happening is None:
                    return "stopped" if comes_to_stop else "finished"
                telling.tell(happening)
                comes_to_stop = comes_to_stop and not telling.is_training
        if ending == "lost":
            raise LostError(f"job {claim.job.id} was lost")
        return _STATES[ending]

    def _cancelled(self, claim: Claim, context: Context) -> None:
        """In the thread that watches: a process that is for this job alone ends at once, whatever it is at."""
        if self._dies is not None:
            with suppress(SfumatoError):
                claim.finish("cancelled", context.result)
            self._dies()

    def _opened(self) -> OpenModels:
        """Made with the first job that needs a model: that takes torch."""
        if self._models is None:
            from sfumato.studio.workers.open_models import OpenModels

            self._models = OpenModels(self.place, self.roots)
        return self._models


class _Telling:
    """Writes what a handler tells: milestones all, steps as often as somebody can look at them."""

    def __init__(self, claim: Claim, watch: Watch) -> None:
        self._claim, self._watch = claim, watch
        self._stage: object = None
        self._next = 0.0

    @property
    def is_training(self) -> bool:
        """Whether the job is where a training leaves a model when it is stopped."""
        return self._stage == "training"

    def tell(self, happening: Happening) -> None:
        """Raises LostError, and DatabaseError where it cannot be written."""
        match happening:
            case Told():
                self._claim.tell(happening.type, happening.json)
            case Made():
                self._claim.made(happening.index, happening.row)
            case Step():
                self._step(happening)
        is_picture = isinstance(happening, Told) and happening.json.get("event") == PICTURED
        # What is no training shows all that it has at each step.
        if self._watch.owes_show and (is_picture or self._claim.job.lane != "train"):
            self._watch.showed()

    def _step(self, step: Step) -> None:
        now, stage = time.monotonic(), step.progress.get("stage")
        if now < self._next and stage == self._stage:
            return
        self._stage = stage
        picture = None if step.picture is None else step.picture()
        self._claim.progress(step.progress, picture)
        self._next = now + (TOLD_SECONDS if picture is None else PICTURED_SECONDS)


def _failed(claim: Claim, reason: str) -> None:
    with suppress(LostError):
        claim.fail(reason)
