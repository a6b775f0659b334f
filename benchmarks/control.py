"""What each control does, in figures: a model that `sfumato train` made, and the pictures that it learned from.

    control.py RUN --features NETWORK -o DIRECTORY
    control.py RUN --features NETWORK -o DIRECTORY --only palette composition --works 256

RUN is a run (its dataset is used as well), NETWORK a file for `sfumato evaluate --features`. Writes DIRECTORY/table.md,
one row a control, and a picture for each. KID is that of all works against all training pictures, times 1000, beside
the same for works without the control. The gradient energy across a seam is divided by that inside the same pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from control_bench import Bench, Cost
from control_figures import across, apart, beside, geometric_mean, gradient_energy, images_of
from control_steering import composition, palette
from mobilenet import read_mobilenet
from PIL import Image

from sfumato.dataset import Dataset
from sfumato.images.tensors import as_canvas, to_pictures
from sfumato.memory import keep_freed_memory
from sfumato.models import Generation, Model, interpolated, variations
from sfumato.models.canvas import editing_canvas, extended_canvas, masked_canvas
from sfumato.random import spread
from sfumato.works.edits import Margins


def plain(bench: Bench) -> None:
    works, cost = bench.made(Generation.of(bench.model, seed=1))
    bench.row("none", f"KID {bench.kid(works):.0f}", cost, bench.works)


def classes(bench: Bench) -> None:
    """How often a linear classifier, trained on the real pictures, names the class that was asked for."""
    names = bench.model.config.classes
    for guidance in (1.0, 2.0, 3.0):
        each, shown, cost = bench.works // len(names), [], Cost()
        right = 0.0
        for index, name in enumerate(names):
            works, spent = bench.made(Generation.of(bench.model, seed=1, label=name, guidance=guidance), each)
            right += float((bench.classify(bench.seen(works)).argmax(1) == index).double().mean()) / len(names)
            cost = Cost(cost.evaluations + spent.evaluations, cost.seconds + spent.seconds)
            shown += [work.image for work in works[:8]]
        bench.row(f"--class, --guidance {guidance:g}", f"{right:.0%} in their class", cost, each * len(names))
        if guidance == 2.0:
            bench.show("classes", shown, 8)
    first, second = names[0], names[1]
    shown = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        label = {0.0: second, 1.0: first}.get(share, f"{first}:{share:g},{second}:{1 - share:g}")
        works, cost = bench.made(Generation.of(bench.model, seed=1, label=label), 64)
        said = bench.classify(bench.seen(works)).softmax(1).mean(0)
        bench.row(f"--class {label}", f"{first} {said[0]:.0%}, {second} {said[1]:.0%}", cost, 64)
        shown += [work.image for work in works[:8]]
    bench.show("mixture", shown, 8)
    works, cost = bench.made(Generation.of(bench.model, seed=1, label=first, negative=second), 64)
    said = bench.classify(bench.seen(works)).softmax(1).mean(0)
    bench.row(f"--class {first} --negative {second}", f"{first} {said[0]:.0%}, {second} {said[1]:.0%}", cost, 64)


def related(bench: Bench) -> None:
    works = list(Generation.of(bench.model, seed=1).works(8))
    other = list(Generation.of(bench.model, seed=99).works(8))
    strangers = sum(apart(one, two) for one, two in zip(works, other, strict=True)) / 8
    shown = []
    for fraction in (0.1, 0.3, 0.5):
        made, cost = bench.made(variations(bench.model, works[0].recipe, fraction, seed=5), 16)
        near = sum(apart(works[0], one) for one in made) / 16
        bench.row(f"--variations {fraction:g}", f"{near / strangers:.2f} of the distance of strangers", cost, 16)
        shown += [works[0].image, *(one.image for one in made[:7])]
    bench.show("variations", shown, 8)
    with bench.counted() as cost:
        frames = torch.stack(list(interpolated(bench.model, works[0].recipe, works[3].recipe, 60)))
    steps = (frames[1:] - frames[:-1]).flatten(1).norm(dim=1)
    energy = gradient_energy(frames)
    ends = (energy[0] + energy[-1]) / 2
    figure = (
        f"longest step {steps.max() / steps.min():.2f} times the shortest; "
        f"least gradient energy {energy[15:45].min() / ends:.2f} of the ends'"
    )
    bench.row("interpolate", figure, cost, 60)
    bench.show("interpolation", to_pictures(frames[::8]), 8)


def inpainting(bench: Bench) -> None:
    model, size = bench.model, bench.model.config.size
    places = spread(bench.dataset.held_out, 32)
    mask = Image.new("L", (size, size), 0)
    mask.paste(255, (size // 2, 0, size, size))
    shown, kept, cost = [], True, Cost()
    befores, afters = [], []
    for place, index in enumerate(places.tolist()):
        picture = bench.dataset.picture(index)
        label = model.config.classes[int(bench.dataset.labels[index])] if model.config.classes else None
        canvas = masked_canvas(model.config, picture, mask)
        (work,), spent = bench.made(Generation.of(model, seed=place, label=label, canvas=canvas), 1)
        cost = Cost(cost.evaluations + spent.evaluations, cost.seconds + spent.seconds)
        before, after = as_canvas(picture), as_canvas(work.image)
        kept &= torch.equal(before[:, :, : size // 2], after[:, :, : size // 2])
        befores.append(before)
        afters.append(after)
        if place % 2 == 0:
            shown += [picture, work.image]
    # Beside what is near it: the middle of a picture need not be as busy as the rest.
    ours, real = (beside(torch.stack(images), [size // 2 - 1], size // 8) for images in (afters, befores))
    figure = (
        f"kept pixels {'equal' if kept else 'DIFFER'}; gradient energy across the seam {ours:.2f}, "
        f"there in the pictures themselves {real:.2f}"
    )
    bench.row("inpaint, the right half", figure, cost, len(places))
    bench.show("inpaint", shown, 8)
    shown, cost = [], Cost()
    for place, index in enumerate(places.tolist()[::2]):
        picture = bench.dataset.picture(index)
        label = model.config.classes[int(bench.dataset.labels[index])] if model.config.classes else None
        canvas = extended_canvas(model.config, picture, Margins(left=size // 2, right=size // 2))
        (work,), spent = bench.made(Generation.of(model, seed=place, label=label, canvas=canvas), 1)
        cost = Cost(cost.evaluations + spent.evaluations, cost.seconds + spent.seconds)
        shown.append(work.image)
    images = torch.stack([as_canvas(picture) for picture in shown])
    seams = beside(images, [size // 2 - 1, 3 * size // 2 - 1], size // 8)
    bench.row(
        "outpaint, half a picture on both sides", f"gradient energy across the seams {seams:.2f}", cost, len(shown)
    )
    bench.show("outpaint", shown[::2], 2)


def editing(bench: Bench) -> None:
    """Six pictures and what comes of them: under their own class, and at two strengths under every other."""
    model = bench.model
    names = model.config.classes
    shown, worst, cost = [], 0, Cost()
    for place, index in enumerate(spread(bench.dataset.held_out, 6).tolist()):
        picture, own = bench.dataset.picture(index), names[int(bench.dataset.labels[index])]
        (back,), spent = bench.made(
            Generation.of(model, label=own, guidance=1.0, canvas=editing_canvas(model.config, picture, 1.0, own)), 1
        )
        cost = Cost(cost.evaluations + spent.evaluations, cost.seconds + spent.seconds)
        worst = max(worst, int((as_canvas(back.image) - as_canvas(picture)).abs().max() * 127.5))
        shown += [picture, back.image]
        other = names[(names.index(own) + 1 + place % (len(names) - 1)) % len(names)]
        for strength in (0.5, 0.7, 0.9):
            canvas = editing_canvas(model.config, picture, strength, own)
            shown.append(next(Generation.of(model, label=other, guidance=2.0, canvas=canvas).works(1)).image)
    bench.row("reimagine --edit, the same class", f"off by {worst} levels at most", cost, 6)
    bench.show("editing", shown, 5)


def larger(bench: Bench) -> None:
    model, size = bench.model, bench.model.config.size
    wide, cost = bench.made(Generation.of(model, seed=1, width=3 * size, height=2 * size), 4)
    edges = range(size // 2 - 1, 3 * size - 1, size // 2)
    ratio = geometric_mean([across(as_canvas(work.image), edges) for work in wide])
    bench.row(f"{3 * size} x {2 * size} px in windows", f"gradient energy where windows end {ratio:.2f}", cost, 4)
    bench.show("wide", [work.image for work in wide[:2]], 1)
    tiles, cost = bench.made(Generation.of(model, seed=1, tile=True), 16)
    rolled = [as_canvas(work.image).roll((size // 2, size // 2), (1, 2)) for work in tiles]
    ratio = geometric_mean(
        [across(one, [size // 2 - 1]) for one in rolled] + [across(one.mT, [size // 2 - 1]) for one in rolled]
    )
    bench.row("--tile", f"gradient energy across the seam {ratio:.2f}", cost, 16)
    patterns = []
    for work in tiles[:4]:
        pattern = Image.new("RGB", (3 * size, 3 * size))
        for corner in range(9):
            pattern.paste(work.image, (corner % 3 * size, corner // 3 * size))
        patterns.append(pattern)
    bench.show("tile", patterns, 4)


def sharpness(bench: Bench) -> None:
    shown = []
    for value in (0.0, 0.02, 0.06):
        works, cost = bench.made(Generation.of(bench.model, seed=1, sharpness=value))
        energy = float(gradient_energy(images_of(works)).mean())
        bench.row(
            f"--sharpness {value:g}", f"KID {bench.kid(works):.0f}, gradient energy {energy:.4f}", cost, bench.works
        )
        shown += [work.image for work in works[:8]]
    bench.show("sharpness", shown, 8)


CONTROLS: dict[str, Callable[[Bench], None]] = {
    "plain": plain,
    "classes": classes,
    "related": related,
    "inpainting": inpainting,
    "editing": editing,
    "larger": larger,
    "palette": palette,
    "composition": composition,
    "sharpness": sharpness,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--works", type=int, default=256)
    parser.add_argument("--only", nargs="+", choices=CONTROLS, default=list(CONTROLS))
    asked = parser.parse_args()
    keep_freed_memory()
    asked.output.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        Model.from_pretrained(asked.run),
        Dataset.open(asked.run / "dataset"),
        read_mobilenet(asked.features),
        asked.works,
        asked.output,
    )
    for name in asked.only:
        CONTROLS[name](bench)
    table = ["| control | figure | evaluations a work | seconds a work |", "|---|---|---|---|"]
    table += [f"| {r['control']} | {r['figure']} | {r['evaluations']} | {r['seconds']} |" for r in bench.rows]
    (asked.output / "table.md").write_text("\n".join(table) + "\n", "utf-8")


if __name__ == "__main__":
    main()
