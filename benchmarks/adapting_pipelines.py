"""What LoRA layers of tiny pre-trained pipelines learn of a collection, and what is left of a run that is killed.

    adapting_pipelines.py ART --scratch SCRATCH [--family sd15 --family sd3] [--seeds 3] [--steps 400] [--kills 4]

The pipelines are those of `tiny_pipelines`, whose weights are random: of their VAEs too, so that latents hold the
pictures as a random convolution sees them. What is measured is the loss on held-out pictures, of the average of the
layers, before the first step and after the last, with the same noise; its error is that of the mean over the seeds.
Then a run is killed by SIGKILL at random moments, goes on, and is compared to the bit with one that was left alone, and
the base's files with what they were.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import statistics
import time
from pathlib import Path

import torch
from kills import differences, finish, resume_command, start_and_kill
from tiny_pipelines import build

from sfumato import pipeline
from sfumato.pipeline.events import TrainingBegan
from sfumato.training import Run, loop
from sfumato.training.events import Evaluated

CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--family", action="append")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--kills", type=int, default=4)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print("family | held-out loss before | after | fall | pictures | s", flush=True)
    for family in asked.family or ["sd15", "sd3"]:
        base = build(family, asked.scratch / "models")
        before = digests(base)
        found = [learned(asked, base, seed) for seed in range(asked.seeds)]
        falls = [first - last for first, last, _ in found]
        error = statistics.stdev(falls) / len(falls) ** 0.5 if len(falls) > 1 else 0.0
        first, last, seconds = (statistics.mean(column) for column in zip(*found, strict=True))
        shown = 8 * asked.steps
        print(
            f"{family} | {first:.4f} | {last:.4f} | {statistics.mean(falls):.4f} +- {error:.4f} | {shown:,} | "
            f"{seconds:.0f}",
            flush=True,
        )
        assert digests(base) == before, "the base has changed"
    if asked.kills:
        killed(asked, build("sd15", asked.scratch / "models"), random.Random(0))


def choices(asked: argparse.Namespace, seed: int) -> dict:
    return {
        "adapter": {"rank": 8},
        "steps": asked.steps,
        "batch": 8,
        "seed": seed,
        "threads": 1,
        "learning_rate": 2e-3,
        "cadence": {"evaluations": 1, "snapshots": 0, "checkpoint_every": 10**6, "log_every": 100},
    }


def learned(asked: argparse.Namespace, base: Path, seed: int) -> tuple[float, float, float]:
    """The held-out loss before and after a run, and the seconds that it took."""
    place, first = asked.scratch / f"{base.name}-{seed}", asked.scratch / f"{base.name}-0"
    shutil.rmtree(place, ignore_errors=True)
    art = asked.art
    if seed:  # prepared and encoded once
        art = first / "collection"
        for part in ("dataset", "encoded"):
            shutil.copytree(first / part, place / part)
    loss_before, began = 0.0, time.monotonic()
    for event in pipeline.train_on(art, place, choices(asked, seed), weights_from=str(base), device=CPU):
        if isinstance(event, TrainingBegan):
            training = loop._Training(Run.open(place), CPU, 0.0)
            loss_before, began = statistics.fmean(training._losses_on(training.dataset.held_out)), time.monotonic()
        if isinstance(event, Evaluated):
            loss_after = event.held_out_loss
    return loss_before, loss_after, time.monotonic() - began


def killed(asked: argparse.Namespace, base: Path, moments: random.Random) -> None:
    """Kill a run, go on with it, and compare."""
    few = asked.scratch / "few"
    shutil.rmtree(few, ignore_errors=True)
    few.mkdir()
    for path in sorted(path for path in asked.art.rglob("*") if path.suffix in (".jpg", ".png"))[:40]:
        shutil.copy(path, few / path.name)
    settings = {"rank": 4, "checkpoint_every": 10, "log_every": 1, "evaluations": 2, "snapshots": 1, "threads": 1}
    command = [arg for name, value in settings.items() for arg in ("--set", f"{name}={value}")]
    runs = [asked.scratch / name / "run" for name in ("alone", "killed")]
    for run in runs:
        shutil.rmtree(run, ignore_errors=True)
        run.parent.mkdir(exist_ok=True)
    program = resume_command(runs[0])[:3]
    start = [*program, "train", str(few), "--from", str(base), "--adapt", "--steps", "120", *command]
    options = ["--device", "cpu", "-o"]
    finish([*start, *options, str(runs[0])], 1200)
    dead, going = 0, [*start, *options, str(runs[1])]
    for kind in ("starting", "training", "saving", "training")[: asked.kills]:
        dead += start_and_kill(going, runs[1], kind, moments)
        if (runs[1] / "run.json").is_file():
            going = resume_command(runs[1])
    finish(going, 1200)
    different = differences(*runs)
    print(f"{dead} kills; {'; '.join(different) or 'no difference'}", flush=True)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    main()
