"""Whether what a model invents beside a picture belongs there: halves made anew, and what goes on beyond edges.

    fills.py RUN --features NETWORK -o DIRECTORY
    fills.py RUN --features NETWORK -o DIRECTORY --only right --fills 1 --set guidance=1

RUN is a run (its dataset is used as well), NETWORK a file for `sfumato evaluate --features`. Of every held-out picture
the right half, the left half, or half a picture beyond either edge is made anew, --fills times each, of its own class.
Writes DIRECTORY/table.md and a sheet each.

KID, times 1000, is that of the invented halves alone against the same halves of all training pictures, each half
beside its mirror image, so that the network sees a square; and next to it that of the same halves of works which the
model makes from noise, of the same classes. Light and colour (in Oklab, L and the distance in a and b, times 100) are
compared on either side of the seam in fields of an eighth of the picture, and between whole halves; the difference from
what they are in the same real pictures, at their middle, is paired, its error over pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from control_bench import Bench, Cost
from control_figures import beside, gradient_energy, images_of
from mobilenet import read_mobilenet
from PIL import Image
from seams import Side, across_seam, half, kernel_ratio, paired
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.features.features import extracted
from sfumato.memory import keep_freed_memory
from sfumato.models import Generation, Model
from sfumato.models.canvas import Canvas, extended_canvas, masked_canvas
from sfumato.random import spread
from sfumato.works import contact_sheet, save
from sfumato.works.edits import Margins

WORKS_EACH = 4  # works from noise for every held-out picture
SHOWN = 32
Edits = Callable[[Model, Image.Image], Canvas]


def half_masked(side: Side) -> Edits:
    def canvas(model: Model, picture: Image.Image) -> Canvas:
        size = model.config.size
        mask = Image.new("L", (size, size), 0)
        mask.paste(255, (0, 0, size // 2, size) if side == "left" else (size // 2, 0, size, size))
        return masked_canvas(model.config, picture, mask)

    return canvas


def beyond(model: Model, picture: Image.Image) -> Canvas:
    margin = model.config.size // 2
    return extended_canvas(model.config, picture, Margins(left=margin, right=margin))


EDITS: Mapping[str, Edits] = {"right": half_masked("right"), "left": half_masked("left"), "beyond": beyond}


class Fills:
    """Fills of a run's held-out pictures, beside the pictures themselves and works of the same model."""

    def __init__(self, bench: Bench, fills: int, asked: Mapping[str, Any]) -> None:
        self.bench, self.fills, self.asked = bench, fills, asked
        dataset = bench.dataset
        self.held_out = dataset.images(dataset.held_out)
        self.labels = [self._label(place) for place in dataset.held_out.tolist()]
        self.works = images_of(self._works())
        self.training = dataset.images(dataset.train)

    def _label(self, place: int) -> str | None:
        names = self.bench.model.config.classes
        return names[int(self.bench.dataset.labels[place])] if names else None

    def _works(self) -> list[Any]:
        """From noise, as many of each class as there are held-out pictures of it."""
        works = []
        for label in sorted(set(self.labels), key=str):
            generation = Generation.of(self.bench.model, seed=1, label=label)
            works += self.bench.made(generation, WORKS_EACH * self.labels.count(label))[0]
        return works

    def measure(self, name: str) -> None:
        """One row for each side that is invented."""
        dataset, made, cost = self.bench.dataset, [], Cost()
        for fill in range(self.fills):
            for place, (index, label) in enumerate(zip(dataset.held_out.tolist(), self.labels, strict=True)):
                canvas = EDITS[name](self.bench.model, dataset.picture(index))
                seed = fill * len(self.labels) + place
                generation = Generation.of(self.bench.model, seed=seed, label=label, canvas=canvas, **self.asked)
                works, spent = self.bench.made(generation, 1)
                cost = Cost(cost.evaluations + spent.evaluations, cost.seconds + spent.seconds)
                made += works
        images, size = images_of(made), self.bench.model.config.size
        squares: dict[Side, Tensor]
        if name == "beyond":  # around either edge: as much of the picture as of what is new
            squares = {"left": images[..., :size], "right": images[..., -size:]}
        else:
            squares = {"left" if name == "left" else "right": images}
        for side, pictures in squares.items():
            self.row(name, side, pictures, cost, len(made))
        shown = spread(torch.arange(len(self.labels)), min(SHOWN, len(self.labels))).tolist()
        pairs = [
            image
            for place in shown
            for image in (dataset.picture(self.bench.dataset.held_out[place]), made[place].image)
        ]
        save(contact_sheet(pairs, columns=8), self.bench.output / f"{name}.png", force=True)

    def row(self, name: str, side: Side, squares: Tensor, cost: Cost, count: int) -> None:
        seen = [extracted(self.bench.features, half(each, side)) for each in (squares, self.works, self.training)]
        figures = [f"KID {kernel_ratio(*seen, each=self.fills)}"]
        own, real = across_seam(squares), across_seam(self.held_out)
        for what, values in own.items():
            more, error = paired(values, real[what])
            figures.append(f"{what} {values.mean():.1f}, real {real[what].mean():.1f}, {more:+.1f} ± {error:.1f}")
        middle, reach = squares.shape[-1] // 2, squares.shape[-1] // 8
        seams = [beside(each, [middle - 1], reach) for each in (squares, self.held_out)]
        energies = [float(gradient_energy(half(each, side)).mean()) for each in (squares, self.held_out)]
        figures.append(f"gradient across the seam {seams[0]:.2f}, real {seams[1]:.2f}")
        figures.append(f"gradient energy {energies[0] / energies[1]:.2f} of the real halves'")
        self.bench.row(f"{name}, the {side} half new", "; ".join(figures), cost, count)


def chosen(texts: Sequence[str]) -> dict[str, Any]:
    """'guidance=1 steps=48' as settings."""
    numbers = (text.split("=", 1) for text in texts)
    return {name: int(value) if name == "steps" else float(value) for name, value in numbers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--fills", type=int, default=2, help="of every held-out picture")
    parser.add_argument("--only", nargs="+", choices=EDITS, default=list(EDITS))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="numbers among the settings")
    asked = parser.parse_args()
    keep_freed_memory()
    asked.output.mkdir(parents=True, exist_ok=True)
    dataset = Dataset.open(asked.run / "dataset")
    bench = Bench(Model.from_pretrained(asked.run), dataset, read_mobilenet(asked.features), 0, asked.output)
    fills = Fills(bench, asked.fills, chosen(asked.set))
    for name in asked.only:
        fills.measure(name)
    table = ["| what | figures | evaluations | seconds |", "|---|---|---|---|"]
    table += [f"| {r['control']} | {r['figure']} | {r['evaluations']} | {r['seconds']} |" for r in bench.rows]
    (asked.output / "table.md").write_text("\n".join(table) + "\n", "utf-8")


if __name__ == "__main__":
    main()
