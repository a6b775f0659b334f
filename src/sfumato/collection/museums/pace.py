"""How often a host is asked: each request has a moment of its own, which is noted on the disk before it is made.

So the limit holds where the program is killed and started again, and where several of them run at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sfumato.disk import personal_directory

_MOST_BYTES: Final = 256 * 1024  # of notes; then only the newest stay
_KEPT: Final = 2000


class Clock:
    """The time, and waiting; tests have one of their own."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True)
class Rate:
    """Between two requests at least `interval` seconds pass, and of `most` of them (0: any number) none begins within
    `seconds` of the first, so that no more than `most` fall into any such time."""

    interval: float
    most: int = 0
    seconds: float = 0.0


class TooLongError(Exception):
    """It would take `seconds` until a host may be asked again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s")
        self.seconds = seconds


class Pace:
    """The moments at which one host is asked, in a file that all processes of a person share."""

    def __init__(self, folder: Path, host: str, rate: Rate, clock: Clock, patience: float) -> None:
        """folder: made if missing; host: 'api.artic.edu', with its port if it has one; patience: the longest that is
        waited at once, in seconds."""
        self._path = folder / re.sub(r"[^\w.-]", "_", host)
        self._rate, self._clock, self._patience = rate, clock, patience

    def wait(self) -> None:
        """Wait for a moment of one's own. Raises TooLongError where that is too far away, and OSError."""
        moment = self._taken()
        while (seconds := moment - self._clock.now()) > 0:
            self._clock.sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Nobody is to ask for so long. Raises OSError."""
        with self._notes() as notes:
            notes.add(self._clock.now() + seconds - self._rate.interval)

    def _taken(self) -> float:
        now, rate = self._clock.now(), self._rate
        with self._notes() as notes:
            # Later than this nobody can have noted, unless the clock was set back.
            moments = [moment for moment in notes.moments if moment <= now + self._patience]
            moment = max(now, moments[-1] + rate.interval) if moments else now
            if 0 < rate.most <= len(moments):
                moment = max(moment, moments[-rate.most] + rate.seconds)
            if moment - now > self._patience:
                raise TooLongError(moment - now)
            notes.add(moment)
        return moment

    @contextlib.contextmanager
    def _notes(self) -> Iterator[_Notes]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(descriptor)
            yield _Notes(descriptor)
        finally:
            os.close(descriptor)


class _Notes:
    """The moments in an open file, a line each; what a dying process left half written is passed over."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        size = os.fstat(descriptor).st_size
        os.lseek(descriptor, max(0, size - _MOST_BYTES), os.SEEK_SET)
        lines = os.read(descriptor, _MOST_BYTES).split(b"\n")
        self.moments = sorted(map(float, filter(re.compile(rb"\d{1,12}\.\d{6}").fullmatch, lines)))
        if size > _MOST_BYTES // 2 and len(self.moments) > _KEPT:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, b"".join(map(_line, self.moments[-_KEPT:])))

    def add(self, moment: float) -> None:
        # The first end of a line ends one that was left half written.
        os.write(self._descriptor, b"\n" + _line(moment))


def _line(moment: float) -> bytes:
    return b"%.6f\n" % moment


def _lock(descriptor: int) -> None:
    """Lock an open file until it is closed, after everybody who has it now."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # far behind the content, which others may then read
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise  # a file system without locks is worked on without them


def usual_folder() -> Path:
    """Where the moments are noted: beside what the program keeps of its own. Raises SfumatoError without a home."""
    kept = "the times at which museums were asked"
    return personal_directory("SFUMATO_STATE", "XDG_STATE_HOME", ".local/state", "sfumato", kept) / "asked"
