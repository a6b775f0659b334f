"""Training steps and works of two versions of the source, side by side in short turns: what a change costs.

    python benchmarks/side_by_side.py OTHER/src --turns 50

Each version has a process of its own on one thread; they take turns, and in every turn the order is the other one. Of
each turn's CPU and wall seconds the ratio is taken, so that what the machine does meanwhile falls on both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from sfumato.collection import Collection, collect
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.models import Model
from sfumato.training import prepare_run, train
from sfumato.training.events import Trained

STEPS, BATCH, WORKS, SAMPLED = 20, 16, 8, 8  # of training and of works, in a turn
MEASURES = ("training, CPU", "training, wall", "works, CPU", "works, wall")
SETTINGS = {
    "size": 32,
    "batch": BATCH,
    "threads": 1,
    "guard": False,
    "precision": "float32",
    "network": {"kind": "unet", "patch": 2, "channels": [48, 96], "width": 192, "depth": 2, "heads": 3},
    "evaluations": 1,
    "snapshots": 0,
    "checkpoint_every": 10**6,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the other version's src")
    parser.add_argument("--turns", type=int, default=50)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.other)
        return
    sources = {"this": Path(__file__).resolve().parents[1] / "src", "other": arguments.other.resolve()}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        list(draw_collection(folder / "art", per_class=20, size=32))
        list(collect(folder / "art", folder / "collection", workers=1))
        list(prepare(Collection.open(folder / "collection"), folder / "dataset", size=32, workers=1))
        sides = {name: begin(source, folder, name) for name, source in sources.items()}
        turns = [take_turn(sides, order=turn) for turn in range(arguments.turns + 1)][1:]  # the first one warms up
        for side in sides.values():
            side.kill()
    print(f"{len(turns)} turns of {STEPS} steps of {BATCH} pictures and of {WORKS} works; this version / the other:")
    for index, measure in enumerate(MEASURES):
        ratios = [turn["this"][index] / turn["other"][index] for turn in turns]
        low, middle, high = statistics.quantiles(ratios, n=4)
        medians = {name: statistics.median(turn[name][index] for turn in turns) for name in sources}
        print(
            f"{measure}: median {middle:.3f}, half of them {low:.3f} to {high:.3f}; "
            f"{medians['this']:.2f} s beside {medians['other']:.2f} s"
        )


def begin(source: Path, folder: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, str(folder / "dataset"), "--serve", str(folder / name)]
    surroundings = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    side = subprocess.Popen(command, env=surroundings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert side.stdout is not None
    assert side.stdout.readline().strip() == "ready"
    return side


def take_turn(sides: dict[str, subprocess.Popen[str]], order: int) -> dict[str, list[float]]:
    taken = {}
    for name in sorted(sides, reverse=bool(order % 2)):
        side = sides[name]
        assert side.stdin is not None and side.stdout is not None
        side.stdin.write("go\n")
        side.stdin.flush()
        taken[name] = [float(seconds) for seconds in side.stdout.readline().split()]
    return taken


def serve(place: Path, dataset: Path) -> None:
    """In a process with one of the versions: answer each line with the seconds of `MEASURES`."""
    torch.set_num_threads(1)
    list(train(prepare_run(place / "first", Dataset.open(dataset), {**SETTINGS, "steps": 40})[0]))
    model = Model.from_pretrained(place / "first", device="cpu")
    run, _ = prepare_run(place / "run", Dataset.open(dataset), {**SETTINGS, "steps": 10**5})
    steps: Iterator[Trained] = (event for event in train(run) if isinstance(event, Trained))

    def some_steps() -> None:
        for _ in range(STEPS):
            next(steps)

    print("ready", flush=True)
    for _ in sys.stdin:
        training, works = timed(some_steps), timed(lambda: model.generate(WORKS, seed=1, steps=SAMPLED))
        print(*training, *works, flush=True)


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds."""
    before = time.process_time(), time.perf_counter()
    do()
    return time.process_time() - before[0], time.perf_counter() - before[1]


if __name__ == "__main__":
    main()
