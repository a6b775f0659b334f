"""What `figures.py` has done, as lines of JSON from which any later sitting goes on; and what machine did it."""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STEPS = ("trained", "made", "measured")
_LIBC = ctypes.CDLL(None)  # before a process divides
_DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG


class Record:
    """A file of lines; each is one finished step of one cell, and the last one of a cell and step counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: dict[tuple[str, str], dict[str, Any]] = {}
        if not path.is_file():
            return
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):  # a sitting was killed while it wrote its last line
            path.write_bytes(data[:whole])
        for line in data[:whole].splitlines():
            entry = json.loads(line)
            self.steps[entry["cell"], entry["step"]] = entry

    def has(self, cell: str, step: str) -> bool:
        return (cell, step) in self.steps

    def get(self, cell: str, step: str) -> dict[str, Any]:
        """Raises KeyError where it has not been done."""
        return self.steps[cell, step]

    def add(self, cell: str, step: str, facts: Mapping[str, Any]) -> None:
        """On the disk when this returns."""
        entry = {"cell": cell, "step": step, "date": time.strftime("%Y-%m-%d %H:%M"), **facts}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.steps[cell, step] = entry


def machine() -> dict[str, Any]:
    """model of the CPU, cores that this process may use, load: how many processes were running over the last minute."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass  # not Linux
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 2)}


def commit_of(checkout: Path) -> str:
    """Its commit, with '+' where files that belong to it were changed; '' where it is no repository."""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(checkout), *words], capture_output=True, text=True).stdout.strip()

    commit = git("rev-parse", "--short=10", "HEAD")
    return commit + ("+" if commit and git("status", "--porcelain", "--untracked-files=no") else "")


def typed(
    commands: Sequence[Sequence[str]], checkout: Path, log: Path, place: Path, *, busy: bool = False
) -> dict[str, Any]:
    """Have these commands of sfumato done one after another by a version of the program.

    busy: one process that never waits, on one core, runs beside them. Returns the seconds that they took, those of
    each, and ``others``: how many cores other processes kept busy meanwhile. Raises SystemExit with the end of the log
    where one fails.
    """
    environment = os.environ | {
        "PYTHONPATH": str(checkout / "src"),
        "SFUMATO_STATE": str(place / "state"),  # works of benchmarks are not entered among a person's own
        "SFUMATO_KEYS": str(place / "keys"),
    }
    began, used, own, each = time.perf_counter(), _busy_seconds(), _children_seconds(), []
    with _never_waits() if busy else _nothing(), log.open("wb") as out:
        for command in commands:
            start = time.perf_counter()
            words = [sys.executable, "-m", "sfumato", *command]
            done = subprocess.run(
                words, env=environment, cwd=place, stdout=out, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent
            )
            each.append(round(time.perf_counter() - start, 1))
            if done.returncode:
                tail = log.read_text("utf-8", "replace")[-1500:]
                raise SystemExit(f"sfumato {' '.join(command)} ended with {done.returncode}:\n{tail}")
        seconds = time.perf_counter() - began
        others = (_busy_seconds() - used - (_children_seconds() - own)) / seconds
    return {
        "seconds": round(seconds, 1),
        "seconds_each": each,
        "others": round(max(0.0, others), 2),
    }


@contextmanager
def _never_waits() -> Iterator[None]:
    core = max(os.sched_getaffinity(0))

    def pinned() -> None:
        _die_with_parent()
        os.sched_setaffinity(0, {core})

    process = subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=pinned)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _die_with_parent() -> None:
    """What a sitting began does not go on without it, even where it is killed."""
    _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _busy_seconds() -> float:
    """What all cores have computed since the machine began, for others on the same hardware included (man 5 proc)."""
    times = [int(number) for number in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
