"""Kills training with SIGKILL at random moments, goes on with it, and compares the end with a run that was left alone.

    python benchmarks/kills.py [--kills 30] [--seed 0] [--folder FOLDER]
    python benchmarks/kills.py --adapt      # the runs adapt a model, which is trained first

Every moment is drawn from the seed: while the program starts, while it trains, and while it writes a checkpoint. The
runs that were killed must end with the same tensors to the bit (weights, both averages, optimiser, model), the same
snapshots, and a log that differs in its clock fields alone. Exit code 1 if one does not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from safetensors.torch import load_file

SETTINGS = """\
size = 32
batch = 4
steps = {steps}
checkpoint_every = 15
log_every = 2
evaluations = 8
snapshots = 4
threads = 1
network = {{ kind = "unet", patch = 2, channels = [8], blocks = 1, width = 16, depth = 1, heads = 1 }}
"""
KINDS = ("starting", "training", "saving")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--kills-a-run", type=int, default=6)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--adapt", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return kill_many(arguments, arguments.folder or Path(temporary))


def kill_many(arguments: argparse.Namespace, folder: Path) -> int:
    moments, began = random.Random(arguments.seed), time.monotonic()
    art, settings = draw_art(folder / "art"), write_settings(folder / "tiny.toml", arguments.steps)
    alone, adapting = folder / "alone", list[str]()
    if arguments.adapt:
        finish(train_command(folder / "base", art, settings))
        adapting = ["--from", str(folder / "base"), "--adapt"]
    finish([*train_command(alone, art, settings), *adapting])
    print(f"seed {arguments.seed}: the run that was left alone is done after {time.monotonic() - began:.0f} s")
    done: Counter[str] = Counter()
    after_the_first, different, runs = 0, 0, 0
    while done.total() < arguments.kills:
        run, runs = folder / f"killed-{runs:02d}", runs + 1
        kills = []
        command = [*train_command(run, art, settings), *adapting]
        for _ in range(min(arguments.kills_a_run, arguments.kills - done.total())):
            # The first kill of a run may come before its first checkpoint; the others come after it.
            kind = moments.choices(KINDS, (1, 5, 4))[0]
            if not start_and_kill(command, run, kind, moments):
                break  # it was done before the moment came
            kills.append(kind)
            after_the_first += has_checkpoint(run)
            if (run / "run.json").exists():
                command = resume_command(run)
        finish(command)
        faults = differences(alone, run)
        different += bool(faults)
        done.update(kills)
        print(
            f"{run.name}: killed while {', '.join(kills) or '(not once)'}: {'; '.join(faults) or 'equal'}", flush=True
        )
    told = ", ".join(f"{done[kind]} while {kind}" for kind in KINDS)
    print(
        f"{done.total()} kills ({told}; {after_the_first} after the first checkpoint) of {runs} runs of "
        f"{arguments.steps} steps: {runs - different} of {runs} runs ended as the one left alone, to the bit; "
        f"{time.monotonic() - began:.0f} s"
    )
    return int(different > 0)


def draw_art(folder: Path) -> Path:
    """Twenty small pictures of five classes, drawn by the program."""
    from sfumato.collection.drawn_collection import draw_collection

    list(draw_collection(folder, per_class=4, size=32))
    return folder


def write_settings(path: Path, steps: int) -> Path:
    path.write_text(SETTINGS.format(steps=steps), "utf-8")
    return path


def train_command(run: Path, art: Path, settings: Path) -> list[str]:
    return [*_sfumato(), "train", str(art), "-o", str(run), "--config", str(settings), "--device", "cpu"]


def resume_command(run: Path) -> list[str]:
    return [*_sfumato(), "train", "--resume", "-o", str(run), "--device", "cpu"]


def _sfumato() -> list[str]:
    return [sys.executable, "-c", "from sfumato.cli.app import main; main()"]


def start(command: Sequence[str]) -> subprocess.Popen[str]:
    # In a group of its own, so that its decoding processes can be killed with it.
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finish(command: Sequence[str], seconds: float = 300) -> str:
    """What the program says, to its end. Raises RuntimeError if it does not leave with 0."""
    process = start(command)
    said, _ = process.communicate(timeout=seconds)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode} of {' '.join(command)}\n{said}")
    return said


def start_and_kill(command: Sequence[str], run: Path, kind: str, moments: random.Random) -> bool:
    """Start the program and kill it at a moment of that kind; False if it ended by itself before."""
    before = _writing(run)
    process = start(command)
    if kind == "starting":
        time.sleep(moments.uniform(0.0, 4.0))
    else:
        # Its log grows once it trains; then some steps on.
        grown = _log_bytes(run)
        while process.poll() is None and (not has_checkpoint(run) or _log_bytes(run) == grown):
            grown = min(grown, _log_bytes(run))
            time.sleep(0.005)
        time.sleep(moments.uniform(0.0, 0.8))
        if kind == "saving":
            while process.poll() is None and not _writing(run) - before:
                pass
            time.sleep(moments.choice((0.0, moments.uniform(0.0, 0.02))))
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive and process.returncode == -signal.SIGKILL


def has_checkpoint(run: Path) -> bool:
    return (run / "checkpoints" / "latest").exists()


def _writing(run: Path) -> set[Path]:
    """What is being written under a temporary name."""
    return {*(run / "checkpoints").glob(".*.tmp"), *run.glob(".*.tmp")}


def _pictures(run: Path) -> dict[str, bytes]:
    """The pixels of its snapshots: a signature is never the same twice."""
    pixels = {}
    for path in (*(run / "snapshots").iterdir(), run / "evolution.png"):
        with Image.open(path) as picture:
            pixels[path.name] = picture.convert("RGB").tobytes()
    return pixels


def _log_bytes(run: Path) -> int:
    try:
        return (run / "log.jsonl").stat().st_size
    except FileNotFoundError:
        return 0


def differences(one: Path, other: Path) -> list[str]:
    """In what two finished runs differ that should be equal to the bit, in words."""
    found = []
    parts = [(f"checkpoint's {name}", _latest(one) / name, _latest(other) / name) for name in _parts(one)]
    file = "adapter.safetensors" if (one / "model" / "adapter.safetensors").is_file() else "model.safetensors"
    parts.append(("model", *(run / "model" / file for run in (one, other))))
    for what, *paths in parts:
        first, second = map(load_file, paths)
        unequal = [name for name in first.keys() | second.keys() if not _equal(first.get(name), second.get(name))]
        if unequal:
            found.append(f"{what} differs in {len(unequal)} of {len(first)} tensors ({min(unequal)})")
    if _parts(one) != _parts(other):
        found.append("the checkpoints have other parts")
    if _state(one) != _state(other):
        found.append("the checkpoints' numbers differ")
    if without_clock(one) != without_clock(other):
        found.append("the logs differ")
    if _pictures(one) != _pictures(other):
        found.append("the snapshots differ")
    left = [path.name for path in (*other.glob(".*.tmp"), *(other / "checkpoints").glob(".*"))]
    if left:
        found.append(f"left behind: {', '.join(left)}")
    return found


def _equal(one: Any, other: Any) -> bool:
    """To the bit, whatever the numbers are."""
    return one is not None and other is not None and one.numpy().tobytes() == other.numpy().tobytes()


def _latest(run: Path) -> Path:
    return run / "checkpoints" / (run / "checkpoints" / "latest").read_text("utf-8").strip()


def _parts(run: Path) -> list[str]:
    return sorted(path.name for path in _latest(run).glob("*.safetensors"))


def _state(run: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((_latest(run) / "state.json").read_bytes())
    return {name: value for name, value in state.items() if name not in ("elapsed_seconds", "log_length")}


def without_clock(run: Path) -> list[dict[str, Any]]:
    lines = (run / "log.jsonl").read_text("utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "clock"} for line in lines]


if __name__ == "__main__":
    sys.exit(main())
