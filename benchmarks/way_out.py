"""What it costs that a work is compared, marked, signed and entered in the index of saved works.

    way_out.py ART [--works 30]

ART is a folder of pictures: at 64 px they are learned from, and at each size the first of them stand for works. Prints,
for each part and size, the median of the CPU's milliseconds a work, on one thread, and of all parts together, their
wall time too; and what a command needs once, before its first work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image, ImageOps

from sfumato.images.tensors import as_canvas
from sfumato.likeness import Likeness
from sfumato.likeness.index import Index
from sfumato.works import Request, Work, saved
from sfumato.works.recipe import Environment, ModelReference, Recipe
from sfumato.works.saving import encoded

LEARNED = 500
SIDES = (64, 256)
# In a process of its own: what a command loads for this, and nothing else.
ONCE = """
import time, torch
from sfumato.works import Work
begun = time.process_time()
from sfumato.likeness import Likeness
from sfumato.policy.policy import Policy
from sfumato.provenance.keys import own_key
from sfumato.provenance.library import c2pa
import sfumato.watermark, sqlite3
c2pa(), own_key(), Policy.current()
print(time.process_time() - begun)
"""


class Spent:
    """Milliseconds of each part, of each work: of the CPU, and by the clock."""

    def __init__(self) -> None:
        self.cpu: dict[str, list[float]] = {}
        self.wall: dict[str, list[float]] = {}
        self.last = time.process_time(), time.perf_counter()

    def begin(self) -> None:
        self.last = time.process_time(), time.perf_counter()

    def end(self, part: str) -> None:
        now = time.process_time(), time.perf_counter()
        for kept, before, after in zip((self.cpu, self.wall), self.last, now, strict=True):
            kept.setdefault(part, []).append(1000 * (after - before))
        self.begin()

    def __str__(self) -> str:
        cpu, wall = ({part: statistics.median(each) for part, each in kept.items()} for kept in (self.cpu, self.wall))
        parts = ", ".join(f"{part} {value:.1f}" for part, value in cpu.items())
        return f"{parts}; together {sum(cpu.values()):.1f} ms of the CPU, {sum(wall.values()):.1f} ms by the clock"


def likeness_of(pictures: list[Image.Image], names: list[str]) -> Likeness:
    small = torch.stack([as_canvas(picture.resize((64, 64))) for picture in pictures])
    index = Index.of(lambda places: small[places], torch.arange(len(small)), names, [""] * len(small))
    return Likeness((index,))


def way_out(image: Image.Image, number: int, likeness: Likeness, folder: Path, spent: Spent) -> None:
    recipe = Recipe(
        model=ModelReference(name="run", digest="ab" * 32),
        request=Request.of(seed=7, number=number, width=image.width, height=image.height),
        environment=Environment(sfumato_version="0", torch_version="2"),
    )
    path = folder / f"{image.width}-{number}.png"
    spent.begin()
    (finding,) = likeness.judge(as_canvas(image)[None])
    spent.end("compared")
    work = Work(image, recipe, finding=finding).marked()
    spent.end("marked")
    data = encoded(work._product(work.image, recipe=True), path)
    spent.end("encoded and signed")
    saved.add(path, data, recipe=work.recipe.to_json())
    spent.end("entered")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("--works", type=int, default=30)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    files = sorted(asked.art.rglob("*.jpg"))[:LEARNED]
    pictures = [ImageOps.fit(Image.open(path).convert("RGB"), (256, 256)) for path in files]
    likeness = likeness_of(pictures, [path.name for path in files])
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"SFUMATO_KEYS": f"{folder}/keys", "SFUMATO_STATE": f"{folder}/state"}
        for side in SIDES:
            spent = Spent()
            for number, picture in enumerate(pictures[: asked.works]):
                way_out(picture.resize((side, side)), number, likeness, Path(folder), spent)
            print(f"{side} px, {asked.works} works: {spent}")
        command = [sys.executable, "-c", ONCE]
        runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(5)]
        print(f"once a command: {1000 * statistics.median(float(run.stdout) for run in runs):.0f} ms of the CPU")


if __name__ == "__main__":
    main()
