"""A few decoding processes, each with a thread that feeds it; when one of them dies, only one picture is lost."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sfumato.collection.worker import receive, send
from sfumato.errors import SfumatoError
from sfumato.images import unusable
from sfumato.images.colour import Colour

_BATCH = 8  # requests sent at once, so that a process need not wait for the parent after every small picture
_START = "import sys; sys.path.append(sys.argv[1]); from sfumato.collection.worker import main; main()"  # see _command


@dataclass(frozen=True, slots=True)
class Limits:
    """What decoding one picture may take."""

    seconds: float = 60.0
    memory_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Answer:
    """A worker's answer to `request`: facts and bytes, or, in their place, (kind, reason) why the file is left out."""

    request: dict[str, Any]
    facts: dict[str, Any]
    attached: bytes = b""
    left_out: tuple[str, str] | None = None


def default_workers() -> int:
    """As many as there are processors, at most 8: each takes about 60 MB, and reading files soon becomes the limit."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, count))


class Workers:
    """Decodes files of one source in processes of their own; use it in a `with` statement, and iterate `answers`."""

    def __init__(
        self, source: Path, background: Colour, count: int | None = None, limits: Limits | None = None
    ) -> None:
        if count is not None and count < 1:
            raise SfumatoError(f"The number of workers is {count}; it is 1 or more.")
        self.setup = {"source": str(source.absolute()), "background": list(background)}
        self.count = count or default_workers()
        self.limits = limits or Limits()
        self._batches: deque[list[dict[str, Any]]] = deque()
        self._answers: queue.Queue[Answer | BaseException] = queue.Queue(maxsize=64)
        self._stopping = threading.Event()
        self._feeders: list[_Feeder] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End all processes and threads, at once and whatever they are doing."""
        self._stopping.set()
        for feeder in self._feeders:
            feeder.kill()
        for feeder in self._feeders:
            feeder.thread.join()
        self._feeders.clear()

    def answers(self, requests: Iterable[dict[str, Any]]) -> Iterator[Answer]:
        """One answer a request, as they come; a request names a `file` relative to the source."""
        wanted = list(requests)
        self._batches.extend(wanted[start : start + _BATCH] for start in range(0, len(wanted), _BATCH))
        for _ in range(min(self.count, len(self._batches))):
            self._feeders.append(_Feeder(self))
        for _ in wanted:
            yield self._next()

    def _next(self) -> Answer:
        while True:
            for feeder in self._feeders:
                feeder.kill_if_late()
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=0.1)
                if isinstance(answer, BaseException):
                    raise answer
                return answer

    def take(self) -> list[dict[str, Any]]:
        """The next few requests, for a feeder; [] when none are left or no more are wanted."""
        try:
            return [] if self._stopping.is_set() else self._batches.popleft()
        except IndexError:
            return []

    def give(self, answer: Answer | BaseException) -> None:
        """An answer, from a feeder; waits while nobody takes answers, so that pixels do not pile up."""
        while not self._stopping.is_set():
            with contextlib.suppress(queue.Full):
                self._answers.put(answer, timeout=0.1)
                return


class _Feeder:
    """One thread and its process, which is started anew whenever it has died."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.process: subprocess.Popen[bytes] | None = None
        self.deadline: float | None = None
        self.late = False
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, name="sfumato-decoding", daemon=True)
        self.thread.start()

    def kill(self) -> None:
        with self.lock:
            if self.process is not None:
                self.process.kill()

    def kill_if_late(self) -> None:
        deadline = self.deadline
        if deadline is not None and time.monotonic() > deadline:
            self.late = True
            self.deadline = None
            self.kill()

    def _run(self) -> None:
        try:
            while batch := self.workers.take():
                while batch and not self.workers._stopping.is_set():
                    batch = self._feed(batch)
        except BaseException as error:  # noqa: BLE001 (handed to the thread that waits for answers, which raises it)
            self.workers.give(error)
        finally:
            self._end()

    def _feed(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Have a batch answered; returns the requests after a picture that the process did not survive."""
        process = self.process or self._start()
        assert process.stdin is not None and process.stdout is not None
        done = 0
        self.late = False
        try:
            self.deadline = time.monotonic() + self.workers.limits.seconds
            send(process.stdin, batch)
            for request in batch:
                self.deadline = time.monotonic() + self.workers.limits.seconds
                facts, attached = receive(process.stdout)
                self.deadline = None
                done += 1
                left_out = tuple(facts["left_out"]) if "left_out" in facts else None
                self.workers.give(Answer(request, facts, attached, left_out))
        except (EOFError, OSError):
            self.deadline = None
            code = self._end()
            if not self.workers._stopping.is_set():
                self.workers.give(Answer(batch[done], {}, left_out=self._obituary(code)))
            return batch[done + 1 :]
        return []

    def _obituary(self, code: int) -> tuple[str, str]:
        if self.late:
            return unusable.TOO_SLOW, f"decoding it took longer than {self.workers.limits.seconds:g} s"
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return unusable.DIED, f"its decoder died ({how})"

    def _start(self) -> subprocess.Popen[bytes]:
        """A fresh process, once it has reported that it is ready."""
        root = str(Path(__file__).resolve().parents[2])
        # -P: no file in the folder where the user happens to be may take the place of a module. The package's own
        # place comes last in the path, needed only where it is not installed.
        command = [sys.executable, "-P", "-c", _START, root, str(self.workers.limits.memory_bytes)]
        # Threads of numerical libraries would only reserve memory here.
        environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        with tempfile.TemporaryFile() as complaints:
            with self.lock:
                if self.workers._stopping.is_set():
                    raise EOFError
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, env=environment
                )
                self.process = process
            assert process.stdin is not None and process.stdout is not None
            try:
                receive(process.stdout)
                send(process.stdin, self.workers.setup)
            except (EOFError, OSError) as error:
                self._end()
                complaints.seek(0)
                said = complaints.read().decode(errors="replace").strip()
                raise RuntimeError(f"The decoding process does not start. It says: {said}") from error
        return process

    def _end(self) -> int:
        """End the process, if there is one, and return how it ended."""
        with self.lock:
            process, self.process = self.process, None
        if process is None:
            return 0
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(OSError):  # it died with a request on the way to it
            process.stdin.close()
        process.stdout.close()
        try:
            return process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
