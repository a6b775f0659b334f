"""What each control does to the works of pre-trained pipelines, in figures: a U-Net beside a flow transformer.

    pretrained_control.py ../shared/art SCRATCH -o DIRECTORY
    pretrained_control.py ../shared/art SCRATCH -o DIRECTORY --only inpaint tile --seed 1

The pipelines are those of `pretrained_training`, which are trained in SCRATCH where they are not there. Writes
DIRECTORY/table.md, one row a control, and a picture for each control and pipeline. Figures are those of `control.py`;
those of seams compare them with the columns beside them that lie at the same place in a patch.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from control_figures import (
    apart,
    gradient_energy,
    images_of,
    mass_distance,
    palette_distance,
)
from PIL import Image
from pretrained_training import dataset_of, learned_pipelines
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion.steering import low_pass
from sfumato.images.tensors import as_canvas, to_pictures
from sfumato.memory import keep_freed_memory
from sfumato.models import Generation, Model, interpolated, variations
from sfumato.models.canvas import Canvas, editing_canvas, extended_canvas, masked_canvas, refining_canvas
from sfumato.models.steering import colours_of, composition_from, palette_of_picture, target_of
from sfumato.random import spread
from sfumato.works import Work, contact_sheet
from sfumato.works.edits import Margins
from sfumato.works.values import SKETCH_SIDE

ASKED = {"guidance": 2.0, "steps": 12}
FRAMES = 8
PATCH = 8  # pixels, of what the transformer sees as one
STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass
class Bench:
    """A pipeline under measurement. works: how many of each control, or as many as it says of it."""

    name: str
    model: Model
    dataset: Dataset
    output: Path
    seed: int
    works: int

    @property
    def size(self) -> int:
        return self.model.config.size

    def held_out(self, count: int) -> list[tuple[Image.Image, str]]:
        """Pictures that it did not learn from, and the names of their classes."""
        places = spread(self.dataset.held_out, count).tolist()
        return [
            (self.dataset.picture(place), self.dataset.classes[int(self.dataset.labels[place])]) for place in places
        ]

    def prompt(self, number: int) -> str:
        return self.dataset.classes[number % len(self.dataset.classes)]

    def work(self, number: int, prompt: str | None = None, canvas: Canvas | None = None, **asked: object) -> Work:
        """Number ``number`` of a series, of a class of its own where no other is given."""
        told = ASKED | {"seed": self.seed, "number": number, "prompt": prompt or self.prompt(number)} | asked
        return Generation.of(self.model, canvas=canvas, **told).work()

    def show(self, control: str, pictures: list[Image.Image], columns: int) -> None:
        contact_sheet(pictures, columns=columns).save(self.output / f"{control}-{self.name}.png")


def codec(bench: Bench) -> str:
    """What encoding and decoding leave of pictures: no figure below can be better."""
    pictures = torch.stack([as_canvas(picture) for picture, _ in bench.held_out(24)])
    made = _through(bench, pictures)
    bench.show("codec", [*to_pictures(pictures[:8]), *to_pictures(made[:8])], 8)
    off = float((made - pictures).square().mean().sqrt()) * 127.5
    energy = float(gradient_energy(made).mean() / gradient_energy(pictures).mean())
    return f"{off:.1f} levels off, gradient energy {energy:.2f} times"


def plain(bench: Bench) -> str:
    works = [bench.work(number) for number in range(bench.works)]
    bench.show("plain", [work.image for work in works], 8)
    held_out = torch.stack([as_canvas(picture) for picture, _ in bench.held_out(24)])
    energy = gradient_energy(images_of(works)).mean() / gradient_energy(held_out).mean()
    return f"gradient energy {float(energy):.2f} of real pictures'"


def inpaint(bench: Bench) -> str:
    """The right half."""
    size = bench.size
    mask = Image.new("L", (size, size), 0)
    mask.paste(255, (size // 2, 0, size, size))
    found = []
    for name, asked in _both(bench, bench.works).items():
        works = [
            bench.work(number, prompt, masked_canvas(bench.model.config, picture, mask))
            for number, (picture, prompt) in enumerate(asked)
        ]
        before, after = torch.stack([as_canvas(picture) for picture, _ in asked]), images_of(works)
        is_kept = torch.equal(before[..., : size // 2], after[..., : size // 2])
        pairs = zip(asked, works, strict=True)
        bench.show(f"inpaint-{name}", [image for (one, _), work in pairs for image in (one, work.image)], 8)
        ours, real = (at_seams(images, [size // 2 - 1]) for images in (after, before))
        found.append(f"{name}: kept pixels {_equal(is_kept)}, across the seam {ours:.2f}, in the pictures {real:.2f}")
    return "; ".join(found)


def outpaint(bench: Bench) -> str:
    """Half a picture beyond both sides, twice as wide as the network sees."""
    size, found = bench.size, []
    margins = Margins(left=size // 2, right=size // 2)
    for name, asked in _both(bench, bench.works // 2).items():
        works = [
            bench.work(number, prompt, extended_canvas(bench.model.config, picture, margins))
            for number, (picture, prompt) in enumerate(asked)
        ]
        images, before = images_of(works), torch.stack([as_canvas(picture) for picture, _ in asked])
        is_kept = torch.equal(images[..., size // 2 : 3 * size // 2], before)
        bench.show(f"outpaint-{name}", [work.image for work in works], 2)
        seams = at_seams(images, [size // 2 - 1, 3 * size // 2 - 1])
        found.append(f"{name}: kept pixels {_equal(is_kept)}, across the seams {seams:.2f}")
    return "; ".join(found)


def _both(bench: Bench, count: int) -> dict[str, list[tuple[Image.Image, str]]]:
    """Held-out pictures as they are, and as the VAE gives them back: beside the first, whatever is made is blurred."""
    asked = bench.held_out(count)
    coded = to_pictures(_through(bench, torch.stack([as_canvas(picture) for picture, _ in asked])))
    return {"real": asked, "decoded": [(image, prompt) for image, (_, prompt) in zip(coded, asked, strict=True)]}


def _equal(is_kept: bool) -> str:
    return "equal" if is_kept else "DIFFER"


def tile(bench: Bench) -> str:
    size = bench.size
    works = [bench.work(number, tile=True) for number in range(bench.works)]
    rolled = images_of(works).roll((size // 2, size // 2), (2, 3))
    bench.show("tile", to_pictures(rolled), 8)
    both_ways = torch.cat((rolled, rolled.mT))
    return f"across the seam {at_seams(both_ways, [size // 2 - 1]):.2f}"


def windows(bench: Bench) -> str:
    """Three times as wide and twice as high as the network sees."""
    size, count = bench.size, max(2, bench.works // 4)
    works = [bench.work(number, width=3 * size, height=2 * size) for number in range(count)]
    bench.show("windows", [work.image for work in works], 2)
    edges = range(size // 2 - 1, 3 * size - 1, size // 2)
    return f"where windows end {at_seams(images_of(works), [*edges]):.2f}"


def palette(bench: Bench) -> str:
    asked = [palette_of_picture(picture) for picture, _ in bench.held_out(bench.works)]
    works = [bench.work(number, palette=colours) for number, colours in enumerate(asked)]
    before = [bench.work(number) for number in range(bench.works)]

    def far(some: list[Work]) -> float:
        pairs = zip(images_of(some), asked, strict=True)
        return sum(float(palette_distance(image[None], colours_of(one))) for image, one in pairs) / len(some)

    bench.show("palette", [work.image for work in (*before[:8], *works[:8])], 8)
    return f"{far(before):.1f} -> {far(works):.1f} levels from the palette; {_energy(works, before)}"


def composition(bench: Bench) -> str:
    size, pictures = bench.size, [picture for picture, _ in bench.held_out(bench.works)]
    sketches = [composition_from(picture, size, size) for picture in pictures]
    works = [bench.work(number, composition=sketch) for number, sketch in enumerate(sketches)]
    before = [bench.work(number) for number in range(bench.works)]

    def far(some: list[Work]) -> float:
        targets = [low_pass(target_of(one, size, size), size / SKETCH_SIDE) for one in sketches if one is not None]
        pairs = zip(images_of(some), targets, strict=True)
        return sum(mass_distance(image[None], target, size) for image, target in pairs) / len(some)

    bench.show("composition", [*pictures[:8], *(work.image for work in works[:8])], 8)
    return f"masses {far(before):.1f} -> {far(works):.1f} levels from the sketch; {_energy(works, before)}"


def strength(bench: Bench) -> str:
    """How far works are from the picture that they began with, at each strength."""
    asked = bench.held_out(max(2, bench.works // 2))
    shown, distances = [], []
    for number, (picture, name) in enumerate(asked):
        seen = as_canvas(picture)
        made = [
            bench.work(number, name, refining_canvas(bench.model.config, picture, share)).image for share in STRENGTHS
        ]
        shown += [picture, *made]
        distances.append([float((as_canvas(image) - seen).square().mean().sqrt()) * 127.5 for image in made])
    bench.show("strength", shown, 1 + len(STRENGTHS))
    means = torch.tensor(distances).mean(0).tolist()
    rising = sum(sorted(each) == each for each in distances)
    said = ", ".join(f"{mean:.0f}" for mean in means)
    return f"{said} levels from it at {', '.join(map(str, STRENGTHS))}; rising in {rising} of {len(asked)}"


def edit(bench: Bench) -> str:
    """Under the picture's own prompt, and under another."""
    asked, shown, off, away = bench.held_out(max(2, bench.works // 2)), [], 0, []
    for number, (picture, name) in enumerate(asked):
        canvas = editing_canvas(bench.model.config, picture, 1.0, name)
        back = bench.work(number, name, canvas, guidance=1.0).image
        (coded,) = to_pictures(_through(bench, as_canvas(picture)[None]))
        off = max(off, round(float((as_canvas(back) - as_canvas(coded)).abs().max()) * 127.5))
        other = bench.prompt(bench.dataset.classes.index(name) + 1)
        changed = bench.work(number, other, canvas).image
        away.append(float((as_canvas(changed) - as_canvas(coded)).square().mean().sqrt()) * 127.5)
        shown += [picture, back, changed]
    bench.show("edit", shown, 6)
    return (
        f"{off} levels at most from the picture as the VAE gives it back; under another prompt {_mean(away):.0f} away"
    )


def related(bench: Bench) -> str:
    work, other = bench.work(0), [bench.work(number, bench.prompt(0)) for number in range(1, 5)]
    strangers = _mean([apart(work, one) for one in other])
    shown, said = [], []
    for fraction in (0.1, 0.3, 0.5):
        made = list(variations(bench.model, work.recipe, fraction, seed=5).works(4))
        said.append(f"{_mean([apart(work, one) for one in made]) / strangers:.2f}")
        shown += [work.image, *(one.image for one in made)]
    bench.show("variations", shown, 5)
    return f"{', '.join(said)} of the distance of strangers at 0.1, 0.3, 0.5"


def interpolate(bench: Bench) -> str:
    """Between two prompts and seeds."""
    first, second = bench.work(0), bench.work(1)
    frames = torch.stack(list(interpolated(bench.model, first.recipe, second.recipe, FRAMES)))
    bench.show("interpolate", to_pictures(frames), 8)
    steps = (frames[1:] - frames[:-1]).flatten(1).norm(dim=1)
    energy = gradient_energy(frames)
    least = float(energy[FRAMES // 4 : -FRAMES // 4].min() / ((energy[0] + energy[-1]) / 2))
    return (
        f"longest step {float(steps.max() / steps.min()):.2f} times the shortest; least gradient energy {least:.2f} "
        f"of the ends'"
    )


def at_seams(images: Tensor, columns: list[int]) -> float:
    """The energy across columns by that across the columns a patch and two beside them, which are no seams.

    A transformer's patches show in its pictures, whoever asks: where they meet, this one's have 1.5 times the energy of
    other columns. Seams lie there too, so that only like is compared with like.
    """
    differences = images.diff(dim=3).square().mean((0, 1, 2))
    around = [column + step * PATCH for column in columns for step in (-2, -1, 1, 2)]
    others = [column for column in around if column not in columns and 0 <= column < len(differences)]
    return float(differences[columns].mean() / differences[others].mean())


def _through(bench: Bench, pictures: Tensor) -> Tensor:
    with torch.inference_mode():
        made = bench.model.codec.decode(bench.model.codec.encode(pictures))
    return made.clamp(-1, 1).clone()


def _energy(works: list[Work], before: list[Work]) -> str:
    ratio = gradient_energy(images_of(works)).mean() / gradient_energy(images_of(before)).mean()
    return f"gradient energy {float(ratio):.2f} times"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


CONTROLS: Mapping[str, tuple[str, Callable[[Bench], str]]] = {
    "codec": ("encoded and decoded", codec),
    "plain": ("none", plain),
    "inpaint": ("`inpaint`, the right half", inpaint),
    "outpaint": ("`outpaint`, half a picture on both sides", outpaint),
    "tile": ("`--tile`", tile),
    "windows": ("`--width 192 --height 128` in windows", windows),
    "palette": ("`--palette` of pictures", palette),
    "composition": ("`--composition`", composition),
    "strength": ("`reimagine --strength`", strength),
    "edit": ("`reimagine --edit`, its own prompt", edit),
    "related": ("`--variations`", related),
    "interpolate": ("`interpolate` between two prompts, 8 frames", interpolate),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("scratch", type=Path, help="where the pipelines are, or are trained")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--works", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=CONTROLS, default=list(CONTROLS))
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    asked.output.mkdir(parents=True, exist_ok=True)
    folders = learned_pipelines(asked.art, asked.scratch)
    dataset = dataset_of(asked.art, asked.scratch)
    benches = [
        Bench(name, Model.from_pretrained(folder, device="cpu"), dataset, asked.output, asked.seed, asked.works)
        for name, folder in folders.items()
    ]
    table = [f"| control | {' | '.join(folders)} |", "|---" * (1 + len(folders)) + "|"]
    for name in asked.only:
        said, measure = CONTROLS[name]
        found = []
        for bench in benches:
            began = time.process_time()
            found.append(measure(bench))
            row = {"control": name, "model": bench.name, "figure": found[-1]}
            print(json.dumps(row | {"seconds": round(time.process_time() - began, 1)}), flush=True)
        table.append(f"| {said} | {' | '.join(found)} |")
    (asked.output / "table.md").write_text("\n".join(table) + "\n", "utf-8")


if __name__ == "__main__":
    main()
