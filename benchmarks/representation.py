"""Whether a report on a collection finds the bias that is there, and how often it finds one that is not.

    representation.py ART -o DIRECTORY [--splits 400] [--steps 1400] [--works 512] [--size 32] [--only splits|works]

ART is a folder with a sub-folder for each class. `splits`: its pictures are halved by lot, near duplicates together,
and one half is read against the other as works are read against a collection: whatever is told apart is a false alarm.
Then pictures of the second half that are not of the largest class are left out until that class has 65 % and 75 % of
it: how often that is found. `works`: two models are trained on ART for as many steps, one with --balance class; two
more on the same pictures without classes, whose names stand where the creators' are, one with --balance creator, so
that nothing but what they learned decides of what class their works are. The report on ART has all four beside it. What
is there already is not made again. Writes DIRECTORY/representation.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from sfumato import pipeline
from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.evaluation.resampling import LEVEL
from sfumato.evaluation.shift import Looks, Reference, Shift, shifts
from sfumato.random import keyed_generator

PLANTED = (0.65, 0.75)  # the share of the largest class


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=400)
    parser.add_argument("--steps", type=int, default=1400)
    parser.add_argument("--works", type=int, default=512)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--only", choices=("splits", "works"))
    asked = parser.parse_args()
    asked.output.mkdir(parents=True, exist_ok=True)
    list(collect(asked.art, asked.output / "collection"))
    lines = [f"{asked.art.name} at {asked.size} px", ""]
    if asked.only != "works":
        lines += split(asked.output, asked.size, asked.splits)
    if asked.only != "splits":
        lines += trained(asked.art, asked.output, asked.size, asked.steps, asked.works)
    (asked.output / "representation.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def split(output: Path, size: int, splits: int) -> list[str]:
    list(prepare(Collection.open(output / "collection"), output / f"dataset-{size}", size=size))
    dataset = Dataset.open(output / f"dataset-{size}")
    looks = Looks.of(dataset.images(torch.arange(len(dataset))))
    largest = int(dataset.label_counts(slice(None)).argmax())
    alarms, permuted, kinds, found = 0, 0, Counter[str](), dict.fromkeys(PLANTED, 0)
    began = time.perf_counter()
    for seed in range(splits):
        one, other = halves(dataset, seed)
        reference = Reference.of(looks.at(one), dataset.groups[one], dataset.labels[one], dataset.classes, seed)
        measured = shifts(reference, looks.at(other), seed=seed)
        told = [shift for shift in measured if shift.is_told]
        alarms += bool(told)
        permuted += any(shift.p <= LEVEL for shift in measured)
        kinds.update(shift.kind for shift in told)
        for share in PLANTED if seed % 4 == 0 else ():
            few = with_share(other, dataset.labels[other] == largest, share, seed)
            planted = named(shifts(reference, looks.at(few), seed=seed), dataset.classes[largest])
            found[share] += planted.is_told and planted.difference > 0
        print(f"{seed + 1} of {splits}: {alarms} false alarms", file=sys.stderr)
    error = math.sqrt(LEVEL * (1 - LEVEL) / splits)
    tried = len(range(0, splits, 4))
    return [
        f"{len(dataset)} pictures halved {splits} times: something is told apart in {alarms} splits, "
        f"{alarms / splits:.1%}, by the permutation test alone in {permuted}, {permuted / splits:.1%}; the level is "
        f"{LEVEL:.0%}, give or take {error:.1%}. "
        f"Told apart were, by kind: {dict(kinds)}. {(time.perf_counter() - began) / splits:.2f} seconds a split.",
        *(
            f"'{dataset.classes[largest]}' made {share:.0%} of a half that had "
            f"{(dataset.labels == largest).double().mean():.0%}: found in {found[share]} of {tried} splits."
            for share in PLANTED
        ),
        "",
    ]


def halves(dataset: Dataset, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures' places, in two halves; families are not divided."""
    families = torch.unique(dataset.groups)
    order = families[torch.randperm(len(families), generator=keyed_generator("halves", seed))]
    in_one = torch.isin(dataset.groups, order[: len(order) // 2])
    return torch.nonzero(in_one).flatten(), torch.nonzero(~in_one).flatten()


def with_share(places: torch.Tensor, mine: torch.Tensor, share: float, seed: int) -> torch.Tensor:
    """The places of which ``mine`` are that share, of the others as many left out as need be."""
    others = places[~mine]
    kept = round(int(mine.sum()) * (1 - share) / share)
    chosen = torch.randperm(len(others), generator=keyed_generator("planted", seed))[:kept]
    return torch.cat([places[mine], others[chosen]])


def named(found: Sequence[Shift], name: str) -> Shift:
    return next(shift for shift in found if shift.name == name)


def trained(art: Path, output: Path, size: int, steps: int, count: int) -> list[str]:
    flat = without_classes(Collection.open(output / "collection"), output / "flat")
    runs = [
        (output / "unbalanced", art, "none"),
        (output / "balanced", art, "class"),
        (output / "classless", flat, "none"),
        (output / "classless-balanced", flat, "creator"),
    ]
    for run, pictures, balance in runs:
        if not (run / "model" / "model.safetensors").is_file():
            train(run, pictures, balance, size, steps)
    asked = [str(run) for run, _, _ in runs]
    list(pipeline.report(output / "collection", output / "report", works=asked, count=count, force=True))
    return list(table(json.loads((output / "report" / "representation.json").read_text())))


def without_classes(collection: Collection, folder: Path) -> Path:
    """The collection's pictures in one folder, their classes as creators."""
    folder.mkdir(exist_ok=True)
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_name", "artist"])
        for number, picture in enumerate(collection.pictures):
            name = f"{number:05}{Path(picture.file).suffix}"
            shutil.copyfile(collection.source / picture.file, folder / name)
            writer.writerow([name, picture.category])
    return folder


def train(run: Path, pictures: Path, balance: str, size: int, steps: int) -> None:
    command = [sys.executable, "-m", "sfumato", "train", str(pictures), "-o", str(run), "--size", str(size)]
    command += ["--steps", str(steps), "--balance", balance, "--seed", "0", "--device", "cpu", "--force"]
    subprocess.run(command, check=True)


def table(record: dict) -> Iterator[str]:
    classes = record["compared"]["classes"]
    found = [f"{name} {right:.0%}" for name, right in zip(classes, record["compared"]["found"], strict=True)]
    yield f"The classifier finds, of pictures that it has not seen: {', '.join(found)}."
    yield ""
    yield f"| works of | seen as asked | told apart by | {' | '.join(classes)} |"
    yield f"|---|---|---|{'---|' * len(classes)}"
    shares = {each["name"]: each["collection"] for each in record["works"][0]["measures"]}
    yield f"| the collection | | | {' | '.join(f'{shares[name]:.0%}' for name in classes)} |"
    for works in record["works"]:
        measures = {each["name"]: each for each in works["measures"]}
        cells = []
        for name in classes:
            each = measures[name]
            asked = "" if each["asked"] is None else f"; asked {each['asked']:.0%}"
            low, high = each["works_interval"]
            cells.append(f"{each['works']:.0%} ({low:.0%} to {high:.0%}{asked})")
        told = [each["name"] for each in works["measures"] if each["is_told"]]
        agreement = "" if works["agreement"] is None else f"{works['agreement']:.0%}"
        yield f"| {works['name']} | {agreement} | {', '.join(told) or 'nothing'} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
