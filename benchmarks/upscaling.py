"""What an upscaler adds: held-out pictures made small and large again, beside Lanczos, and a model's works.

    upscaling.py UPSCALER --features NETWORK -o DIRECTORY
    upscaling.py UPSCALER --features NETWORK -o DIRECTORY --model MODEL --vary steps=4,8,16

UPSCALER is a run of `sfumato train ART --upscaler FACTOR` (its dataset is used as well), NETWORK a file for `sfumato
evaluate --features` that sees pictures in their full size, MODEL one that makes works of the size that is enlarged.
Writes DIRECTORY/table.md and sheets. KID is from all training pictures, times 1000; the gradient energy is that of the
real pictures' enlarged ones, 1 for the same; 'moved' is how far the enlarged picture, made small again, is from the
small one, in grey levels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from control_figures import gradient_energy
from mobilenet import read_mobilenet
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion.enlarging import reduced
from sfumato.evaluation import kernel_distance
from sfumato.features.features import Features, extracted
from sfumato.images.tensors import as_canvas
from sfumato.memory import keep_freed_memory
from sfumato.models import Generation, Model, upscale
from sfumato.works import contact_sheet

SHOWN = 6
Enlarge = Callable[[Image.Image, int], Image.Image]
"""(small picture, its number) -> the large one."""


@dataclass
class Bench:
    upscaler: Model
    dataset: Dataset
    features: Features
    output: Path
    rows: list[str] = field(default_factory=list)

    @cached_property
    def real(self) -> Tensor:
        """The training pictures' features."""
        return extracted(self.features, self.dataset.images(self.dataset.train))

    @cached_property
    def held_out(self) -> list[Image.Image]:
        return [self.dataset.picture(index) for index in self.dataset.held_out.tolist()]

    @cached_property
    def small(self) -> list[Image.Image]:
        """The held-out pictures as a model of the small size knows them."""
        side = self.upscaler.config.size
        return [picture.resize((side, side), Image.Resampling.LANCZOS) for picture in self.held_out]

    def measure(self, name: str, small: Sequence[Image.Image], enlarge: Enlarge) -> list[Image.Image]:
        """One row. Returns the large pictures."""
        evaluations = 0

        def count(_: object, inputs: Sequence[Tensor]) -> None:
            nonlocal evaluations
            evaluations += len(inputs[0])

        hook = self.upscaler.denoiser.network.register_forward_pre_hook(count)
        began = time.perf_counter()
        large = [enlarge(picture, number) for number, picture in enumerate(small)]
        seconds = (time.perf_counter() - began) / len(small)
        hook.remove()
        images = torch.stack([as_canvas(picture) for picture in large])
        distance = kernel_distance(extracted(self.features, images), self.real)
        energy = gradient_energy(images).mean() / self.energy
        before = torch.stack([as_canvas(picture) for picture in small])
        moved = (reduced(images, self.upscaler.config.factor) - before).abs().mean() * 127.5
        row = (
            f"| {name} | {distance.mean:.0f} ± {distance.error:.0f} | {energy:.2f} | {moved:.1f} | "
            f"{evaluations // len(small)} | {seconds:.2f} |"
        )
        print(row, flush=True)
        self.rows.append(row)
        return large

    @cached_property
    def energy(self) -> float:
        return float(gradient_energy(torch.stack([as_canvas(picture) for picture in self.held_out])).mean())

    def by_model(self, picture: Image.Image, number: int, **asked: Any) -> Image.Image:
        return upscale(self.upscaler, picture, seed=number, **asked).image

    def by_lanczos(self, picture: Image.Image, number: int) -> Image.Image:
        factor = self.upscaler.config.factor
        return picture.resize((factor * picture.width, factor * picture.height), Image.Resampling.LANCZOS)

    def show(self, name: str, *columns: Sequence[Image.Image]) -> None:
        """The first pictures of each, a row each."""
        rows = [pictures[number] for number in range(SHOWN) for pictures in columns]
        contact_sheet(rows, columns=len(columns)).save(self.output / f"{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("upscaler", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="whose works are enlarged too")
    parser.add_argument("--works", type=int, default=64)
    parser.add_argument("--vary", nargs="*", default=[], metavar="NAME=VALUE,...", help="numbers to try besides")
    asked = parser.parse_args()
    keep_freed_memory()
    asked.output.mkdir(parents=True, exist_ok=True)
    dataset = Dataset.open(asked.upscaler / "dataset")
    bench = Bench(Model.from_pretrained(asked.upscaler), dataset, read_mobilenet(asked.features), asked.output)
    bench.measure("held-out pictures themselves", bench.small, lambda _, number: bench.held_out[number])
    lanczos = bench.measure("Lanczos", bench.small, bench.by_lanczos)
    ours = bench.measure("the upscaler", bench.small, bench.by_model)
    bench.show("held-out", lanczos, ours, bench.held_out)
    for name, values in (text.split("=") for text in asked.vary):
        for value in map(float, values.split(",")):
            number = int(value) if name == "steps" else value
            bench.measure(
                f"the upscaler, {name} {value:g}",
                bench.small,
                lambda picture, place, chosen={name: number}: bench.by_model(picture, place, **chosen),  # type: ignore[misc]
            )
    if asked.model:
        works = [work.image for work in Generation.of(Model.from_pretrained(asked.model), seed=1).works(asked.works)]
        smooth = bench.measure("a model's works, Lanczos", works, bench.by_lanczos)
        fine = bench.measure("a model's works, the upscaler", works, bench.by_model)
        bench.show("works", smooth, fine)
    head = ["| | KID | gradient energy | moved | evaluations | seconds |", "|---|---|---|---|---|---|"]
    (asked.output / "table.md").write_text("\n".join([*head, *bench.rows]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
