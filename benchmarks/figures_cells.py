"""What `figures.py` measures: its cells, and the commands that a person would type for each of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SEEDS = (0, 1, 2)
WORKS_SEED = 1
BATCH = 24  # where pictures are counted, not minutes
BACKGROUND = (24, 20, 28)  # what shows through the tiles
FACTOR = 4  # of the upscaler, where a base and an upscaler are trained by two commands


@dataclass(frozen=True)
class Plan:
    """One kind of model. minutes: as (minutes, seeds, machines); named_size: at which the network of features sees as
    well; two_commands: a base and an upscaler, each with half of the minutes; seconds_a_work: about, on two cores."""

    collection: str
    size: int
    named_size: int
    works: int
    minutes: Sequence[tuple[float, Sequence[int], Sequence[str]]]
    seconds_a_work: float
    two_commands: bool = False

    @property
    def name(self) -> str:
        return f"{self.collection}-{self.size}" + ("-two" if self.two_commands else "")


BOTH = ("quiet", "busy")
PLANS = (
    Plan("tiles", 32, 64, 2048, ((1, SEEDS, BOTH), (10, SEEDS, BOTH), (60, (0,), ("quiet",))), 0.1),
    Plan("art", 64, 64, 1024, ((1, SEEDS, BOTH), (20, SEEDS, BOTH), (60, (0,), ("quiet",))), 0.2),
    Plan("art", 256, 256, 1024, ((60, SEEDS, BOTH),), 2.5),
    Plan("art", 256, 256, 1024, ((60, SEEDS, ("quiet",)),), 2.5, two_commands=True),
)


@dataclass(frozen=True)
class Cell:
    """One model to train and to measure. minutes or pictures: the other one is 0; machine: 'quiet', 'busy', or 'any'
    where pictures are counted; code: which version of the program trains it."""

    plan: Plan
    minutes: float
    pictures: int
    seed: int
    machine: str
    code: str

    @property
    def group(self) -> str:
        """What the cells of all seeds have in common."""
        length = f"{self.minutes:g}min" if self.minutes else f"{self.pictures}pictures"
        return f"{self.plan.name}-{length}-{self.machine}-{self.code}"

    @property
    def name(self) -> str:
        return f"{self.group}-seed{self.seed}"

    def record(self) -> dict[str, Any]:
        names = ("collection", "size", "named_size", "two_commands")
        plan = {name: value for name, value in asdict(self.plan).items() if name in names}
        return plan | {name: getattr(self, name) for name in ("minutes", "pictures", "seed", "machine", "code")}


def cells(code: str, pictures: int = 0) -> Iterator[Cell]:
    """All cells of a version of the program, the shortest first; with ``pictures`` one of each plan and seed."""
    if pictures:
        for plan, seed in itertools.product(PLANS, SEEDS):
            yield Cell(plan, 0, pictures, seed, "any", code)
        return
    found = [
        Cell(plan, minutes, 0, seed, machine, code)
        for plan in PLANS
        for minutes, seeds, machines in plan.minutes
        for machine, seed in itertools.product(machines, seeds)
    ]
    yield from sorted(found, key=lambda cell: (cell.minutes, cell.machine == "busy"))


def train_commands(cell: Cell, folder: Path, run: Path, settings: Sequence[str] = ()) -> list[list[str]]:
    """What is typed after 'sfumato' to train a cell's model on a folder of pictures."""
    plan = cell.plan
    rest = ["--seed", str(cell.seed)]
    if plan.collection == "tiles":
        rest += ["--background", ",".join(map(str, BACKGROUND))]
    rest += [part for setting in settings for part in ("--set", setting)]
    if not plan.two_commands:
        return [["train", str(folder), "-o", str(run), "--size", str(plan.size), *_length(cell, 1), *rest]]
    base = ["--size", str(plan.size // FACTOR), *_length(cell, 2), *rest]
    return [
        ["train", str(folder), "-o", str(run / "base"), *base],
        ["train", str(folder), "-o", str(run / "upscaler"), "--upscaler", str(FACTOR), *base],
    ]


def _length(cell: Cell, parts: int) -> list[str]:
    if cell.minutes:
        return ["--minutes", f"{cell.minutes / parts:g}"]
    return ["--steps", str(max(1, round(cell.pictures / parts / BATCH))), "--batch", str(BATCH)]


def generate_command(cell: Cell, run: Path, works: Path, count: int) -> list[str]:
    """What is typed after 'sfumato' to make its works."""
    upscaler = ["--upscale", str(run / "upscaler")] if cell.plan.two_commands else []
    model = run / "base" if cell.plan.two_commands else run
    return ["generate", str(model), *upscaler, "-n", str(count), "-o", str(works), "--seed", str(WORKS_SEED)]
