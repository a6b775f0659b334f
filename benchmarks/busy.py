"""How fast a run of --minutes trains beside another program that computes, and what its watchfulness costs alone.

    python benchmarks/busy.py DATASET [--seconds 40] [--repeats 3]

DATASET is a prepared one (run/dataset of any run). Trains in turns with the threads fixed, as runs of --steps do, and
chosen by the time that steps take, as runs of --minutes do; first with the machine to itself, then beside a process
that never waits. Prints pictures a second of each turn after its first quarter, and the medians. It needs the machine
to itself.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sfumato.dataset import Dataset
from sfumato.memory import keep_freed_memory
from sfumato.training import Trained, prepare_run, train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    keep_freed_memory()
    dataset = Dataset.open(asked.dataset)
    with tempfile.TemporaryDirectory() as scratch:
        watched: dict[str, Any] = {"minutes": 10, "size": dataset.size, "snapshots": 0}
        settings = prepare_run(Path(scratch) / "plan", dataset, watched)[0].record.settings
        # A run of so many steps would have its measurements at other times.
        same = {
            "evaluations": 1,
            "network": settings.network,
            "precision": settings.precision,
            "threads": settings.threads,
        }
        watched |= same
        fixed = {"steps": 10**6, "checkpoint_every": 10**6, "size": dataset.size, "snapshots": 0, **same}
        for machine in ("alone", "busy"):
            busy = None
            if machine == "busy":
                busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            figures: dict[str, list[float]] = {"fixed": [], "watched": []}
            for number in range(asked.repeats):
                for name, choices in (("fixed", fixed), ("watched", watched)):
                    place = Path(scratch) / f"{machine}-{name}-{number}"
                    figures[name].append(speed(place, dataset, choices, asked.seconds))
            if busy is not None:
                busy.kill()
            medians = {name: statistics.median(values) for name, values in figures.items()}
            print(
                f"{machine}: "
                + "; ".join(
                    f"{name} {medians[name]:.1f} pictures/s ({', '.join(f'{value:.1f}' for value in values)})"
                    for name, values in figures.items()
                )
                + f"; ratio {medians['watched'] / medians['fixed']:.3f}",
                flush=True,
            )


def speed(place: Path, dataset: Dataset, choices: dict[str, Any], seconds: float) -> float:
    """Pictures a second of a session that is stopped after so long."""
    run, _ = prepare_run(place, dataset, choices)
    events, began = train(run), time.perf_counter()
    first = last = (0.0, 0)
    for event in events:
        now = time.perf_counter() - began
        if isinstance(event, Trained):
            if now < seconds / 4:
                first = now, event.pictures
            last = now, event.pictures
        if now > seconds:
            break
    return (last[1] - first[1]) / (last[0] - first[0])


if __name__ == "__main__":
    main()
