"""What every contender shares: its job, the clock, the pictures that it learns from and the works that it leaves."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

BATCH = 16  # works at a time
STEPS = 20  # of sampling


@dataclass(frozen=True)
class Job:
    """place: the contender's own directory; pictures: PNG files of size x size pixels, in sub-folders as they were
    given; minutes: of training; works: how many to make; options: what its script goes by besides."""

    place: Path
    pictures: Path
    size: int
    minutes: float
    works: int
    seed: int
    options: dict[str, Any]

    @classmethod
    def read(cls) -> Job:
        """From the file that the command line names."""
        told = json.loads(Path(sys.argv[1]).read_text("utf-8"))
        return cls(**{**told, "place": Path(told["place"]), "pictures": Path(told["pictures"])})

    def report(self, **facts: Any) -> None:
        """Leave what was measured for whoever gave the job."""
        (self.place / "outcome.json").write_text(json.dumps(facts), "utf-8")


class Clock:
    """Runs from when it is made. A step that has begun is finished, so that a contender has the rest of it on top."""

    def __init__(self, minutes: float) -> None:
        self.seconds = 60 * minutes
        self.began = time.perf_counter()

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.began

    @property
    def share(self) -> float:
        """0 at the start, 1 and more when the time is up."""
        return self.elapsed / self.seconds


class Pictures(torch.utils.data.Dataset[Tensor]):
    """Every picture file, read anew each time as the peers' loaders do, and given to a transform."""

    def __init__(self, folder: Path, transform: Callable[[Image.Image], Tensor]) -> None:
        self.files = sorted(folder.rglob("*.png"))
        self.transform = transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.files[index]) as image:
            return self.transform(image.convert("RGB"))


def make_works(job: Job, sample: Callable[[int], Tensor]) -> float:
    """Write the works. sample: how many -> [N, 3, H, W] in 0..1. Returns the median of the seconds that BATCH took."""
    folder = job.place / "works"
    folder.mkdir()
    timings = []
    for start in range(0, job.works, BATCH):
        began = time.perf_counter()
        # All batches are of one size, so that each is timed; what is beyond the last work is dropped.
        made = sample(BATCH)
        timings.append(time.perf_counter() - began)
        pixels = (made.float().nan_to_num().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1)
        for index, picture in enumerate(pixels[: job.works - start], start):
            Image.fromarray(picture.numpy()).save(folder / f"{index:04d}.png")
    return statistics.median(timings)


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
