"""How often the guard against learning by heart is mistaken.

    python benchmarks/guard.py               # 3,000 simulated runs with the noise of recorded ones, and these
    python benchmarks/guard.py --louder 2    # with twice their noise

guard_runs.json holds what the guard saw in real runs: how often each picture had been shown, the training loss, and the
loss of each held-out picture, or four times their mean where a run's log is all that was kept. A simulated run that
does not learn by heart has a held-out loss that falls to where it stays, a training loss that goes on falling, which is
what is hardest to tell from memorisation, and the noise of a recorded run: what is left of its losses about their
course, for all its pictures together, in pieces of three measurements that are put together anew, so that it wanders as
it did.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sfumato.training.memorisation import OverfittingGuard

RUNS = Path(__file__).with_name("guard_runs.json")
MEASUREMENTS, PIECE, SHOWINGS = 30, 3, 600.0
Curves = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--louder", type=float, default=1.0, help="so many times the noise that was recorded")
    asked = parser.parse_args()
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    alarms = false_alarms(runs, asked.count, louder=asked.louder)
    print(f"{alarms} of {asked.count:,} simulated runs; noise times {asked.louder:g}")
    for name, run in runs.items():
        print(f"{name}: {spoke(run) or 'silent'}")


def false_alarms(runs: Mapping[str, Any], count: int, louder: float = 1.0) -> int:
    """In how many of ``count`` simulated runs the guard speaks."""
    noises = [noise(run) for run in runs.values() if not run["by_heart"] and len(run["held_out"][0]) >= 4]
    rng = np.random.default_rng(0)
    return sum(_speaks(simulated(noises[index % len(noises)] * louder, rng)) for index in range(count))


def noise(run: Mapping[str, Any]) -> Curves:
    """[T, 1 + pictures]: what is left of training loss and held-out losses about their course, as a share of it."""
    losses = np.column_stack((run["training"], run["held_out"]))
    course = (losses[:-2] + losses[1:-1] + losses[2:]) / 3
    # The middle one of three is a third of its own mean: its deviation is 1.22 times what is left.
    left = (losses[1:-1] / course - 1) * np.sqrt(1.5)
    settled = left[len(left) // 3 :]  # the course is too bent at the beginning
    return np.asarray(settled)


def simulated(noises: Curves, rng: np.random.Generator) -> Curves:
    """[MEASUREMENTS, 1 + pictures]: training loss and held-out losses of a run that does not learn by heart."""
    pieces = rng.integers(0, len(noises) - PIECE + 1, -(-MEASUREMENTS // PIECE))
    wandering = np.concatenate([noises[start : start + PIECE] for start in pieces])[:MEASUREMENTS]
    steps = np.arange(1, MEASUREMENTS + 1) / MEASUREMENTS
    pace = rng.uniform(0.03, 0.3)
    held_out = 0.25 + 0.6 * np.exp(-steps / pace)
    training = held_out - 0.15 * steps * rng.uniform(0, 1)
    pictures = rng.integers(1, noises.shape[1], noises.shape[1] - 1)
    levels = rng.uniform(0.2, 2.0, len(pictures))
    each = held_out[:, None] * levels * (1 + wandering[:, pictures])
    return np.column_stack((training * (1 + wandering[:, 0]), each))


def _speaks(losses: Curves) -> bool:
    guard = OverfittingGuard()
    showings = np.linspace(SHOWINGS / MEASUREMENTS, SHOWINGS, MEASUREMENTS)
    return any(
        guard.watch(index, shown, line[:1], line[1:])
        for index, (shown, line) in enumerate(zip(showings, losses, strict=True))
    )


def spoke(run: Mapping[str, Any]) -> float | None:
    """After how many showings of each picture the guard would have spoken; None where it is silent."""
    guard = OverfittingGuard()
    lines = zip(run["showings"], run["training"], run["held_out"], strict=True)
    return next((shown for shown, training, held_out in lines if guard.watch(0, shown, [training], held_out)), None)


if __name__ == "__main__":
    main()
