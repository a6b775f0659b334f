"""Whether copies of training pictures are found, and how often others are called copies.

    likeness.py ART TILES -o DIRECTORY
    likeness.py ART -o DIRECTORY --works WORKS
    likeness.py --rows 1000000

ART and TILES are folders of pictures, prepared at 64 px, or at their own size where they are smaller. Of each a third
of all families is held out: no picture of them is in the index, in the discriminant or in the calibration. Families are
what `sfumato.likeness.kin` makes of near duplicates and of pairs that correlate by 0.85; of a folder named in
--families ('tiles' by default) files whose names are equal without digits, dates, colours and directions are of one
family too.
One picture of each held-out family is judged: what is called a copy among these is a false alarm. 200 pictures of the
index are altered in each way and judged. Every folder gives a table: at the threshold that the index states, and at the
one that 1 % of the held-out pictures exceed. WORKS is a folder of generated pictures, of which it is said how many are
called near copies. Writes DIRECTORY/likeness.md; what is prepared stays there, for the next time.
"""

from __future__ import annotations

import argparse
import io
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.images.tensors import as_canvas, to_pictures
from sfumato.likeness import Calibration, Finding, Likeness
from sfumato.likeness.descriptors import described
from sfumato.likeness.discriminant import Discriminant
from sfumato.likeness.index import Index
from sfumato.likeness.kin import families, thumbnails
from sfumato.likeness.views import framed
from sfumato.memory import keep_freed_memory
from sfumato.random import keyed_generator

PLANTED = 200
HELD_OUT = 1 / 3  # of the families
LARGEST = 64  # pixels
SLOWNESS = 20  # works that are timed
# What variants of a tile are told apart by.
COLOURS = (
    "black blue brown red green white yellow gr[ea]y cyan magenta purple pink orange gold golden silver violet teal"
)
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
DIRECTIONS = "north south east west left right up down top bottom n s e w ne nw se sw"
VARIANT = re.compile(
    rf"(light|dark)?({'|'.join(COLOURS.split())})|{'|'.join((MONTHS + ' ' + DIRECTIONS + ' new old').split())}"
)

Generator = torch.Generator
Altering = Callable[[Image.Image, Generator], Image.Image]


def drawn(generator: Generator, low: float, high: float) -> float:
    return low + (high - low) * torch.rand((), generator=generator).item()


def sign(generator: Generator) -> int:
    return 1 if drawn(generator, 0, 1) < 0.5 else -1


def jpeg(picture: Image.Image, generator: Generator) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=60)
    return Image.open(file).convert("RGB")


def resized(picture: Image.Image, generator: Generator) -> Image.Image:
    return picture.resize((picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.LANCZOS)


def halved(picture: Image.Image, generator: Generator) -> Image.Image:
    half = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS)
    return half.resize(picture.size, Image.Resampling.BICUBIC)


def mirrored(picture: Image.Image, generator: Generator) -> Image.Image:
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def recoloured(picture: Image.Image, generator: Generator) -> Image.Image:
    """Hue by up to 25 degrees, brightness by 10 to 20 %, either way."""
    levels = np.array(picture.convert("HSV"))
    levels[..., 0] += np.uint8(round(drawn(generator, -25, 25) * 256 / 360) % 256)
    factor = 1 + sign(generator) * drawn(generator, 0.1, 0.2)
    return Image.fromarray(levels, "HSV").convert("RGB").point(lambda level: min(255, round(level * factor)))


def cropped(share: float) -> Altering:
    """So much of both sides is cut off, at a place drawn by lot, and what is left is enlarged to the old size."""

    def crop(picture: Image.Image, generator: Generator) -> Image.Image:
        left, top = (drawn(generator, 0, share) * side for side in picture.size)
        width, height = ((1 - share) * side for side in picture.size)
        box = (left, top, left + width, top + height)
        return picture.resize(picture.size, Image.Resampling.BICUBIC, box=box)

    return crop


def shifted(picture: Image.Image, generator: Generator) -> Image.Image:
    """2 px along both axes; what comes in repeats the edge."""
    down, across = 2 * sign(generator), 2 * sign(generator)
    padded = F.pad(as_canvas(picture)[None], (2, 2, 2, 2), mode="replicate")
    return to_pictures(padded[:, :, 2 + down : 2 + down + picture.height, 2 + across : 2 + across + picture.width])[0]


def turned(picture: Image.Image, generator: Generator) -> Image.Image:
    """3 degrees, either way; the corners repeat the edge."""
    width, height = picture.size
    padded = to_pictures(
        F.pad(as_canvas(picture)[None], (width // 4, width // 4, height // 4, height // 4), mode="replicate")
    )
    around = padded[0].rotate(3 * sign(generator), Image.Resampling.BICUBIC)
    return around.crop((width // 4, height // 4, width // 4 + width, height // 4 + height))


ALTERED: dict[str, Altering] = {
    "JPEG 60": jpeg,
    "3/4": resized,
    "mirror": mirrored,
    "hue, brightness": recoloured,
    "crop 5 %": cropped(0.05),
    "shift 2 px": shifted,
    "turn 3 deg": turned,
}
FURTHER: dict[str, Altering] = {"crop 10 %": cropped(0.10), "1/2 and back": halved}  # not in the mean


def name_without_variant(file: str) -> str:
    """'monster/orc_blue2_n__Oct-5-2010.png' -> 'monster orc'."""
    words = re.split(r"[\W_]+", re.sub(r"\d+", "", file.rsplit(".", 1)[0].lower()))
    return " ".join(word for word in words if word and not VARIANT.fullmatch(word))


def prepared(folder: Path, output: Path) -> Dataset:
    place = output / folder.name
    list(collect(folder, place / "collection"))
    collection = Collection.open(place / "collection")
    size = min(LARGEST, *(min(picture.width, picture.height) for picture in collection.pictures))
    list(prepare(collection, place / f"dataset-{size}", size=size, held_out=0))
    return Dataset.open(place / f"dataset-{size}")


@dataclass
class Bench:
    """A collection of which a third of the families is held out."""

    dataset: Dataset
    by_name: bool

    def __post_init__(self) -> None:
        dataset, groups = self.dataset, self.dataset.groups.clone()
        small = torch.cat([thumbnails(dataset.images(some)) for some in torch.split(torch.arange(len(dataset)), 512)])
        if self.by_name:
            first: dict[str, int] = {}
            for place, file in enumerate(dataset.files):
                same = groups[first.setdefault(name_without_variant(file), place)]
                groups[groups == groups[place]] = same.clone()
        self.families = families(small, groups)
        chosen = self.families.unique()
        chosen = chosen[torch.randperm(len(chosen), generator=keyed_generator("likeness", "bench"))]
        held = torch.isin(self.families, chosen[: round(HELD_OUT * len(chosen))])
        self.learned = torch.nonzero(~held).flatten()
        first_of: dict[int, int] = {}
        for place in torch.nonzero(held).flatten().tolist():
            first_of.setdefault(int(self.families[place]), place)
        self.others = torch.tensor(list(first_of.values()))

    def index(self) -> Index:
        """Groups are the families, those by name included, as far as the bench sets them apart."""
        files = [self.dataset.files[place] for place in self.learned.tolist()]
        return Index.of(
            lambda some: self.dataset.images(self.learned[some]),
            self.families[self.learned],
            files,
            [""] * len(files),
        )


def judged(likeness: Likeness, pictures: list[Image.Image]) -> list[Finding]:
    return [likeness.judge(as_canvas(picture)[None])[0] for picture in pictures]


def measured(folder: Path, output: Path, *, by_name: bool, works: Path | None) -> str:
    bench = Bench(prepared(folder, output), by_name)
    start, cpu = time.perf_counter(), time.process_time()
    index = bench.index()
    took = f"{time.perf_counter() - start:.1f} s ({time.process_time() - cpu:.1f} s of processor time)"
    likeness = Likeness((index,))
    others = judged(likeness, [bench.dataset.picture(place) for place in bench.others.tolist()])
    scores = torch.tensor([finding.score for finding in others], dtype=torch.float64)
    stated = index.calibration.threshold
    at_one = scores.sort(descending=True).values[math.floor(0.01 * len(scores))].item()
    planted = torch.randperm(len(index), generator=keyed_generator("likeness", "planted"))[:PLANTED].tolist()
    found: dict[str, list[Finding]] = {}
    for name, alter in {**ALTERED, **FURTHER}.items():
        generator = keyed_generator("likeness", name)
        pictures = [alter(bench.dataset.picture(int(bench.learned[place])), generator) for place in planted]
        found[name] = judged(likeness, pictures)
    lines = [
        f"### {folder.name}, {bench.dataset.size} px",
        "",
        f"{len(index):,} pictures of {len(index.groups.unique()):,} families in the index; {len(others)} held-out "
        f"families; {len(planted)} altered pictures of each kind; made in {took}; {index.calibration.sentence}.",
        "",
        "| | false alarms, % | " + " | ".join((*ALTERED, "mean", *FURTHER)) + " |",
        "|---" * (3 + len(found)) + "|",
    ]
    for name, threshold in (("stated threshold", stated), ("1 % of the held-out", at_one)):
        alarms = 100 * (scores > threshold).double().mean().item()
        share = {kind: 100 * np.mean([one.score > threshold for one in each]) for kind, each in found.items()}
        lines.append(_row(f"{name}, {threshold:.3f}", f"{alarms:.2f}", share))
    right = {
        kind: 100 * np.mean([one.nearest[0].place == place for one, place in zip(each, planted, strict=True)])
        for kind, each in found.items()
    }
    lines.append(_row("right picture named", "", right))
    if works:
        pictures = [Image.open(path).convert("RGB") for path in sorted(works.glob("*.png"))]
        copies = sum(finding.is_near_copy for finding in judged(likeness, pictures))
        lines += ["", f"Of {len(pictures):,} works in {works.name}, {copies} are called near copies."]
    return "\n".join(lines)


def _row(name: str, alarms: str, share: dict[str, float]) -> str:
    mean = float(np.mean([share[kind] for kind in ALTERED]))
    cells = [*(share[kind] for kind in ALTERED), mean, *(share[kind] for kind in FURTHER)]
    return f"| {name} | {alarms} | " + " | ".join(f"{cell:.1f}" for cell in cells) + " |"


def timed(rows: int, size: int = 64) -> str:
    """How long a work takes, all its views included, against so many synthetic rows."""
    generator = keyed_generator("likeness", "rows")
    pictures = F.interpolate(
        torch.rand(SLOWNESS + 200, 3, 6, 6, generator=generator) * 2 - 1, (size, size), mode="bicubic"
    )
    pictures = pictures.clamp(-1, 1)
    discriminant = Discriminant.fit(lambda some: pictures[some], torch.arange(len(pictures)))
    real = discriminant.rows(described(framed(pictures[:SLOWNESS])))
    synthetic = torch.randint(-60, 61, (rows, real.shape[1]), generator=generator, dtype=torch.int8)
    synthetic[:SLOWNESS] = real
    groups = torch.arange(rows)
    index = Index(discriminant, synthetic, groups, torch.zeros(rows, 32, dtype=torch.uint8), _Numbers(), _Numbers(),
                  Calibration(0.9, 0, 0, 1.0))  # fmt: skip
    likeness = Likeness((index,))
    likeness.judge(pictures[-1:])  # what is made once
    wall, processor, right = [], [], 0
    for number in range(SLOWNESS):
        start, cpu = time.perf_counter(), time.process_time()
        finding = likeness.judge(pictures[number : number + 1])[0]
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - cpu)
        right += finding.nearest[0].place == number
    return (
        f"{rows:,} rows of {real.shape[1]} bytes, one work of {size} px at a time, {torch.get_num_threads()} threads: "
        f"{1000 * float(np.median(wall)):.1f} ms a work in the median, {1000 * min(wall):.1f} at best "
        f"({1000 * float(np.median(processor)):.1f} ms of processor time); right picture {right} of {SLOWNESS}"
    )


class _Numbers(list[str]):
    def __getitem__(self, place: object) -> str:  # type: ignore[override]
        return str(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--families", default="tiles", help="folders whose families are told by names too")
    parser.add_argument("--works", type=Path)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, default=Path("likeness"))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    keep_freed_memory()  # as the command line does
    said = []
    for folder in given.folders:
        said.append(measured(folder, given.output, by_name=folder.name in given.families.split(","), works=given.works))
        print(said[-1], flush=True)
    if given.rows:
        said.append(timed(given.rows))
        print(said[-1])
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "likeness.md").write_text("\n\n".join(said) + "\n")


if __name__ == "__main__":
    main()
