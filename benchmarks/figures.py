"""Figures that can be cited: each cell trained, its works made, measured and recorded, over any number of sittings.

    python benchmarks/figures.py PLACE --tiles TILES --art ART --features NETWORK
    ... --only 'tiles-32-1min-*' --budget 40
    ... --checkout OLD --code before
    ... --by-pictures 5000 --set threads=1
    python benchmarks/figures.py PLACE --table
    python benchmarks/figures.py PLACE --list

A cell is a collection at a size, minutes, a seed and a machine: quiet, or with one process beside it that never waits.
Its model is trained by 'sfumato train', its works are made by 'sfumato generate', and `figures_measures.py` measures
them; each finished step is a line in PLACE/figures.jsonl, and what has a line is not done again. A training that was
killed is begun anew, for a part of its minutes would be lost; works go on where they were. Delete lines to have those
steps done again.

The machine should do nothing else: how many cores others kept busy stands in each line, and in the table. On one that
is not quiet, --by-pictures trains by steps, where the plan's minutes and what it chooses by them are not tried.
--checkout has another version of the program train and make works; the measures are always those of this one. A cell
bears the commit of the version that trains, so that a later commit begins anew; --code names it in place of that.
NETWORK is MobileNetV2 as a file, see `mobilenet.py`; TILES and ART are folders of pictures.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import fnmatch
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from figures_cells import Cell, cells, generate_command, train_commands
from figures_record import STEPS, Record, commit_of, machine, typed
from figures_table import table

HERE = Path(__file__).resolve().parents[1]
STARTING = 90.0  # seconds for collecting and preparing the pictures, until it is known
MEASURING = 240.0
PICTURES_A_SECOND = 40.0
OWN = {"run", "train.log", "works", "works-sheet.png", "generate.log"}  # what the program makes for a cell


class Sitting:
    """What was asked, and what is known already."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.place: Path = asked.place.resolve()
        self.place.mkdir(parents=True, exist_ok=True)
        self.record = Record(self.place / "figures.jsonl")
        self.checkout: Path = (asked.checkout or HERE).resolve()
        self.commit = commit_of(self.checkout)
        self.code: str = asked.code or self.commit or self.checkout.name
        self.began = time.monotonic()

    def cells(self) -> list[Cell]:
        found = cells(self.code, self.asked.by_pictures)
        patterns = self.asked.only or ["*"]
        return [cell for cell in found if any(fnmatch.fnmatch(cell.name, f"{pattern}*") for pattern in patterns)]

    def count(self, cell: Cell) -> int:
        return int(self.asked.works or cell.plan.works)

    def seconds(self, cell: Cell, step: str) -> float:
        """How long a step will take, by what it took in cells like this one."""
        if step == "trained":
            alike = self._earlier(cell, step)
            if cell.minutes:
                return 60 * cell.minutes + max((e["seconds"] - 60 * e["minutes"] for e in alike), default=STARTING)
            return max((entry["seconds"] for entry in alike), default=cell.pictures / PICTURES_A_SECOND + STARTING)
        alike = self._earlier(cell, step)
        if step == "made":
            a_work = max((entry["seconds"] / entry["works"] for entry in alike), default=cell.plan.seconds_a_work)
            return a_work * self.count(cell) + 10
        return max((entry["seconds"] for entry in alike), default=MEASURING)

    def _earlier(self, cell: Cell, step: str) -> list[dict[str, Any]]:
        keys = ("collection", "size", "two_commands", "pictures")
        mine = cell.record()
        return [e for (_, done), e in self.record.steps.items() if done == step and all(e[k] == mine[k] for k in keys)]

    def fits(self, seconds: float) -> bool:
        budget = self.asked.budget
        return budget is None or time.monotonic() - self.began + seconds <= 60 * budget

    def do(self, cell: Cell, step: str) -> None:
        facts = {"trained": self._train, "made": self._make, "measured": self._measure}[step](cell)
        self.record.add(cell.name, step, cell.record() | facts)

    def _train(self, cell: Cell) -> dict[str, Any]:
        at = self.place / cell.name
        if at.exists():
            if at.is_symlink() or not {path.name for path in at.iterdir()} <= OWN:
                raise SystemExit(f"{at} holds other things than a training that was killed; move it away")
            shutil.rmtree(at)
        at.mkdir()
        before = machine()
        commands = train_commands(cell, self.folder(cell), at / "run", self.asked.set)
        did = typed(commands, self.checkout, at / "train.log", self.place, busy=cell.machine == "busy")
        written = typed_words(train_commands(cell, Path(cell.plan.collection.upper()), Path("run"), self.asked.set))
        about = {"machine": before, "commit": self.commit, "commands": written}
        return did | about | {"stages": stages(at / "run")}

    def _make(self, cell: Cell) -> dict[str, Any]:
        at, count = self.place / cell.name, self.count(cell)
        command = generate_command(cell, at / "run", at / "works", count)
        did = typed([command], self.checkout, at / "generate.log", self.place)
        for checkpoints in (at / "run").rglob("checkpoints"):
            shutil.rmtree(checkpoints)  # hundreds of megabytes, which nothing reads again
        written = typed_words([generate_command(cell, Path("run"), Path("works"), count)])
        return did | {"works": count, "commit": self.commit, "commands": written}

    def _measure(self, cell: Cell) -> dict[str, Any]:
        # In a process of its own: threads that torch leaves behind would disturb the trainings that follow.
        at, began = self.place / cell.name, time.perf_counter()
        words = [at / "run", at / "works", self.folder(cell), "--features", self.asked.features.resolve()]
        words += ["--size", cell.plan.named_size]
        command = [sys.executable, str(Path(__file__).with_name("figures_measures.py")), *map(str, words)]
        environment = os.environ | {"PYTHONPATH": str(HERE / "src")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"the works could not be measured:\n{done.stderr[-1500:]}")
        figures = json.loads(done.stdout)
        return {"figures": figures, "seconds": round(time.perf_counter() - began, 1), "measured_by": commit_of(HERE)}

    def folder(self, cell: Cell) -> Path:
        folder: Path = getattr(self.asked, cell.plan.collection)
        return folder.resolve()


def typed_words(commands: Sequence[Sequence[str]]) -> list[str]:
    """As a person types them."""
    return [shlex.join(["sfumato", *command]) for command in commands]


def stages(run: Path) -> list[dict[str, Any]]:
    """Of each log of a run: the pictures shown, the seconds that the run says it took, and the threads that it had."""
    found = []
    for log in sorted(run.rglob("log.jsonl")):
        events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        steps = [event for event in events if event["event"] == "trained"]
        last = [event for event in events if event["event"] == "finished"]
        threads = sorted({event["clock"]["threads"] for event in steps if event["clock"].get("threads")})
        described = (
            json.loads((log.parent / "run.json").read_text("utf-8")) if (log.parent / "run.json").is_file() else {}
        )
        found.append(
            {
                "run": str(log.parent.relative_to(run)),
                "pictures": steps[-1]["pictures"] if steps else 0,
                "seconds": last[-1]["clock"].get("elapsed_seconds") if last else None,
                "threads": threads,
                "plan": described.get("plan", ""),
            }
        )
    return found


def sit(sitting: Sitting) -> int:
    """Do what is left and fits; -> how many steps failed or were left for another sitting."""
    left = 0
    for cell in sitting.cells():
        for step in STEPS:
            if sitting.record.has(cell.name, step):
                continue
            seconds = sitting.seconds(cell, step)
            if not sitting.fits(seconds):
                print(f"{cell.name}: not {step}, which takes some {seconds / 60:.0f} minutes", flush=True)
                left += 1
                break
            print(f"{time.strftime('%H:%M:%S')} {cell.name}: to be {step}, some {seconds / 60:.1f} minutes", flush=True)
            try:
                sitting.do(cell, step)
            except SystemExit as failure:
                if not isinstance(failure.code, str):
                    raise
                print(f"{cell.name}: {failure.code}", flush=True)
                left += 1
                break
    return left


def asked_of(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path, help="a directory for the record, the runs and the works")
    for name in ("tiles", "art"):
        parser.add_argument(f"--{name}", type=Path, help="the folder of pictures")
    parser.add_argument("--features", type=Path, help="MobileNetV2 as safetensors")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="cells whose names begin so, with * and ?")
    parser.add_argument("--budget", type=float, metavar="MINUTES", help="begin nothing that would not be done by then")
    parser.add_argument("--checkout", type=Path, help="another version of the program, as a working tree")
    parser.add_argument("--code", help="what to call the version that trains; its commit by default")
    parser.add_argument("--by-pictures", type=int, default=0, metavar="N", help="train until so many were shown")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the training")
    parser.add_argument("--works", type=int, help="fewer works than a figure to cite is over, to try the machinery")
    parser.add_argument("--list", action="store_true", help="the cells, what is done of each, and the minutes left")
    parser.add_argument("--table", action="store_true", help="print the table of what has been measured")
    return parser.parse_args(words)


def main() -> None:
    asked = asked_of()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what runs is ended with it
    sitting = Sitting(asked)
    if asked.table:
        print(table(sitting.record))
        return
    if asked.list:
        for cell in sitting.cells():
            done = [step for step in STEPS if sitting.record.has(cell.name, step)]
            minutes = sum(sitting.seconds(cell, step) for step in STEPS if step not in done) / 60
            print(f"{cell.name}: {', '.join(done) or 'nothing'} done, some {minutes:.0f} minutes left")
        return
    if not sitting.cells():
        sys.exit("no cell has such a name; with --list in place of --only they are all named")
    wanted = [*sorted({cell.plan.collection for cell in sitting.cells()}), "features"]
    if missing := [name for name in wanted if getattr(asked, name) is None]:
        sys.exit(f"give --{' and --'.join(missing)}")
    with (sitting.place / "lock").open("w") as lock:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sys.exit(1 if sit(sitting) else 0)
        sys.exit(f"{sitting.place}: another sitting is at work there; wait for it, or give another place")


if __name__ == "__main__":
    main()
