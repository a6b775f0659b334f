"""The measures of `figures.py`: works beside the pictures of a collection, each with the floor of real pictures.

    python benchmarks/figures_measures.py RUN WORKS COLLECTION --features NETWORK --size 64

prints all figures of a folder of works as JSON.

At the model's own size everything is measured against the data set of the run, which knows what was held out. At a size
that is named, KID and the Frechet distance are measured against all pictures of the collection in the size that they
have, up to 256 px, so that what a small model cannot show counts; those figures have the floor of the collection's
random halves, and that of the collection itself at the model's size.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from control_figures import gradient_energy
from figures_cells import BACKGROUND
from mobilenet import MobileNetFeatures, read_mobilenet
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation import (
    data_copying,
    density_coverage,
    frechet_distance,
    kernel_distance,
    nearest_distances,
    nearest_pictures,
    precision_recall,
)
from sfumato.evaluation.copies import correlated_pictures, reduced
from sfumato.evaluation.data_copying import CELLS, DataCopying
from sfumato.evaluation.metrics import fraction_interval
from sfumato.evaluation.works import common_size, picture_files, read_folder
from sfumato.features.features import extracted
from sfumato.random import keyed_generator

EMPTY = 0.02  # of the collection: whose gradient energy is below that of the others is called all but empty
MOST_COMPARED = 2048  # of each set, for what depends on the numbers
AT_A_TIME = 512

Figures = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Real:
    """The pictures of a collection: of its data set, and as they are in its files.

    images: [N, 3, S, S] in -1..1, at the model's size; groups: [N]; train, held_out: places among them; files:
    [M, 3, T, T], at up to 256 px.
    """

    images: Tensor
    groups: Tensor
    train: Tensor
    held_out: Tensor
    files: Tensor

    @classmethod
    def of(cls, dataset: Dataset, folder: Path, background: tuple[int, int, int]) -> Real:
        everything = torch.arange(len(dataset))
        images = torch.cat([dataset.images(part) for part in everything.split(AT_A_TIME)])
        return cls(images, dataset.groups, dataset.train, dataset.held_out, pictures_in(folder, background))


def pictures_in(folder: Path, background: tuple[int, int, int]) -> Tensor:
    """[N, 3, S, S] in -1..1: all pictures below a folder, square, at the largest size that enlarges none, up to 256."""
    files = picture_files(folder)
    return read_folder(folder, files, common_size(files), background).images


def dataset_of(run: Path, size: int) -> Dataset:
    """The data set that a run learned from, of the size of its works; a model of several stages may have several.

    Raises SfumatoError where there is none of that size.
    """
    found = [Dataset.open(path.parent) for path in sorted(run.rglob("dataset.json"))]
    of_size = [dataset for dataset in found if dataset.size == size]
    if not of_size:
        raise SfumatoError(f"{run}: holds no data set of {size} px, which is the size of the works")
    return of_size[0]


def measured(works: Tensor, real: Real, features: MobileNetFeatures, named_size: int) -> Figures:
    """All figures of works [N, 3, S, S] in -1..1, as JSON has them."""
    own = works.shape[2]
    seen = _sees(features, own)
    made, rows = seen(works), seen(real.images)
    first, second = halves(len(rows))
    known, held_out = rows[real.train], rows[real.held_out]
    at_named = _sees(features, named_size)
    files, named, own_size = at_named(real.files), at_named(works), at_named(real.images)
    one, other = halves(len(files))
    return {
        "numbers": {"works": len(works), "pictures": len(rows), "training": len(known), "held_out": len(held_out)},
        "features": {"name": features.called, "digest": features.digest},
        "own": {
            "size": own,
            "kid": _kid(made, known),
            "kid_held_out": _kid(held_out, known),
            "kid_halves": _kid(rows[first], rows[second]),
            **_at_equal_numbers(made, held_out, known, rows[first], rows[second]),
        },
        "named": {
            "size": named_size,
            "kid": _kid(named, files),
            "kid_halves": _kid(files[one], files[other]),
            "kid_of_the_size": _kid(own_size, files),
            "frechet": _frechet(named, files[one]),
            "frechet_halves": _frechet(_some(files[other], len(named)), files[one]),
        },
        "empty": _empty(works, real),
        "copies": _copies(works, real),
        "data_copying": {
            "features": _data_copying(torch.cat((known, seen(real.images[real.train].flip(-1)))), held_out, made),
            "halves": _data_copying(*_thirds(rows)),
        },
    }


def halves(count: int) -> tuple[Tensor, Tensor]:
    """Two random halves of so many pictures, the same each time."""
    order = torch.randperm(count, generator=keyed_generator("halves of the collection"))
    return order[: count // 2], order[count // 2 :]


def _thirds(rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of a collection: what stands for training pictures, held-out ones and works; a fifth each for the last two."""
    order = torch.randperm(len(rows), generator=keyed_generator("fifths of the collection"))
    few = len(rows) // 5
    return rows[order[2 * few :]], rows[order[few : 2 * few]], rows[order[:few]]


def _sees(features: MobileNetFeatures, side: int) -> Callable[[Tensor], Tensor]:
    """The features at a size, as the whole levels that a file holds."""
    at_size = MobileNetFeatures(features.network, side=side, digest=features.digest)
    return lambda images: extracted(at_size, ((images + 1) * 127.5).round() / 127.5 - 1)


def _kid(a: Tensor, b: Tensor) -> dict[str, float]:
    return {name: round(value, 2) for name, value in asdict(kernel_distance(a, b)).items()}


def _frechet(a: Tensor, b: Tensor) -> dict[str, float]:
    """At equal numbers, for it falls with them."""
    count = min(len(a), len(b), MOST_COMPARED)
    found = frechet_distance(_some(a, count), _some(b, count))
    return {"distance": round(found.distance, 1), "shrunk": round(max(found.shrunk), 3), "n": count}


def _some(rows: Tensor, count: int) -> Tensor:
    return rows[torch.randperm(len(rows), generator=keyed_generator("some of them"))[:count]]


def _at_equal_numbers(made: Tensor, held_out: Tensor, known: Tensor, first: Tensor, second: Tensor) -> Figures:
    """What depends on the numbers of pictures: as many works, and as many real pictures, against as many."""
    blocks = {}
    for name, real, others in (("halves", first, second), ("held_out", held_out, known)):
        count = min(len(made), len(real), len(others), MOST_COMPARED)
        against = _some(others, count)
        for who, rows in (("works", made), ("real", real)):
            some = _some(rows, count)
            measures = zip(
                ("precision", "recall", "density", "coverage"),
                (*precision_recall(against, some), *density_coverage(against, some)),
                strict=True,
            )
            blocks[f"{who}_by_{name}"] = {
                "frechet": _frechet(some, against),
                **{measure: round(value, 4) for measure, value in measures},
                "n": count,
            }
    return blocks


def _empty(works: Tensor, real: Real) -> Figures:
    threshold = torch.quantile(gradient_energy(real.images), EMPTY)
    return {
        "works": _share(gradient_energy(works) < threshold),
        "held_out": _share(gradient_energy(real.images[real.held_out]) < threshold),
        "collection": EMPTY,
        "energy": round(float(gradient_energy(works).median() / gradient_energy(real.images).median()), 3),
    }


def _share(chosen: Tensor) -> Figures | None:
    """A share with its 95 % interval; None of nothing."""
    if not len(chosen):
        return None
    share = chosen.double().mean().item()
    low, high = fraction_interval(share, len(chosen))
    return {"share": round(share, 4), "low": round(low, 4), "high": round(high, 4), "n": len(chosen)}


def _copies(works: Tensor, real: Real) -> Figures:
    """By the ratio test, by the correlation at 16 px, and by C_T in pixels, of works beside held-out pictures."""
    training, groups = reduced(real.images[real.train]), real.groups[real.train]
    kinds = {"works": works, "held_out": real.images[real.held_out]}
    ratio = {kind: nearest_pictures(images, training, groups).are_copies for kind, images in kinds.items()}
    alike = {kind: correlated_pictures(images, training, groups).are_copies for kind, images in kinds.items()}
    mirrored = torch.cat((training, training.flip(-1))).flatten(1)
    away = {kind: nearest_distances(reduced(images).flatten(1), mirrored) for kind, images in kinds.items()}
    found = data_copying(away["held_out"], away["works"])
    figures: Figures = {
        "ratio": {kind: _share(chosen) for kind, chosen in ratio.items()},
        "correlated": {kind: _share(chosen) for kind, chosen in alike.items()},
        "data_copying": _record(found),
        "ratio_by_cell": None,
    }
    if found is not None:
        lies = {"works": found.works_cells, "held_out": found.held_out_cells}
        figures["ratio_by_cell"] = [
            {kind: _share(ratio[kind][lies[kind] == cell]) for kind in kinds} for cell in range(CELLS)
        ]
    return figures


def _data_copying(training: Tensor, held_out: Tensor, made: Tensor) -> Figures | None:
    return _record(data_copying(nearest_distances(held_out, training), nearest_distances(made, training)))


def _record(found: DataCopying | None) -> Figures | None:
    if found is None:
        return None
    return {"score": found.score, "error": found.error, "cells": [asdict(cell) for cell in found.cells]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="whose data set says what was held out")
    parser.add_argument("works", type=Path)
    parser.add_argument("collection", type=Path)
    parser.add_argument("--features", type=Path, required=True, help="MobileNetV2 as safetensors")
    parser.add_argument("--size", type=int, required=True, help="at which the network sees as well, in pixels")
    asked = parser.parse_args()
    works = pictures_in(asked.works, BACKGROUND)
    real = Real.of(dataset_of(asked.run, works.shape[2]), asked.collection, BACKGROUND)
    print(json.dumps(measured(works, real, read_mobilenet(asked.features), asked.size)))


if __name__ == "__main__":
    main()
