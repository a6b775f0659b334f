"""Who works at a job: a process, named so that another process can tell whether it is still there."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_STARTED: Final = 19  # the place of the start time after the program's name in /proc/PID/stat


def own_name() -> str:
    """'host:pid:start time' of this process."""
    return name_of(os.getpid())


def name_of(pid: int) -> str:
    """The same of a process of this computer."""
    return f"{socket.gethostname()}:{pid}:{_started(pid)}"


def is_alive(owner: str) -> bool:
    """Whether a process is there still; of another computer nobody can tell, and its lease decides."""
    host, _, rest = owner.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return bool(host)
    if started:
        return _started(int(pid)) == started
    try:  # where there is no /proc, another process may have the number since; then the lease decides
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _started(pid: int) -> str:
    """When a process began, in the system's ticks, which tells it from a later one of the same number; '' for one that
    is not there, or has ended and is only not waited for yet."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[_STARTED]
