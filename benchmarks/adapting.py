"""What an adapter learns of a class that its base has not seen, and what training all weights on learns of it.

    adapting.py ART --last engraving --scratch SCRATCH --base 24000 --pictures 6000
    adapting.py ART --last engraving --scratch SCRATCH --way 'rank 16: adapter={rank=16}' --way 'all weights:'

ART is a folder with a folder for each class. A base is trained on all classes but the last, and kept in SCRATCH; each
way goes on from it with the last class alone, for as many pictures, from --seeds seeds. A way is a name and settings as
--set takes them. Losses are those of pictures that were held out, weighted, the mean over the noise levels of
sfumato.evaluation.noise_levels: of the last class, and of the base's own, which show what was forgotten. The error is
that of the mean over the seeds.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from sfumato.collection import Collection, collect
from sfumato.dataset import Dataset, prepare
from sfumato.evaluation.noise_levels import denoising_losses
from sfumato.memory import keep_freed_memory
from sfumato.models import Model
from sfumato.training import layered, parent_choices, parse_choices, prepare_run, train

UNWATCHED = {"snapshots": 0, "evaluations": 1}
WAYS = ("adapter: adapter={}", "all weights:")


def main() -> None:
    asked = _asked()
    keep_freed_memory()
    torch.set_num_threads(1)
    known = _dataset(asked, [each for each in _classes(asked.art) if each != asked.last])
    last = _dataset(asked, [asked.last])
    base = asked.scratch / "base"
    if not (base / "model").is_dir():
        choices = layered(parse_choices(asked.set), {"steps": asked.base // 24, "size": asked.size, **UNWATCHED})
        run, plan = prepare_run(base, known, layered({"threads": 1}, choices))
        print(plan.sentence, flush=True)
        list(train(run))
    print("way | loss of the last class | of the base's classes | learned MB | s", flush=True)
    before = [_loss(Model.from_pretrained(base, device="cpu"), each) for each in (last, known)]
    print(f"base | {before[0]:.4f} | {before[1]:.4f} | |", flush=True)
    for way in asked.way or WAYS:
        name, _, settings = way.partition(":")
        found = [_learned(asked, base, last, known, settings.split(), seed) for seed in range(asked.seeds)]
        columns = [list(column) for column in zip(*found, strict=True)]
        of_last, of_known = (f"{statistics.mean(each):.4f} +- {_error(each):.4f}" for each in columns[:2])
        print(f"{name} | {of_last} | {of_known} | {columns[2][0]:.2f} | {statistics.mean(columns[3]):.0f}", flush=True)
        print("   each:", ", ".join(f"{loss:.4f}" for loss in columns[0]), flush=True)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("art", type=Path)
    parser.add_argument("--last", required=True, help="the class that is learned last")
    parser.add_argument("--scratch", type=Path, required=True, help="where the base is kept")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--base", type=int, default=24_000, help="pictures that the base is shown")
    parser.add_argument("--pictures", type=int, default=6_000, help="that each way is shown")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the base")
    parser.add_argument("--way", action="append", metavar="NAME: SETTINGS")
    return parser.parse_args()


def _classes(art: Path) -> list[str]:
    return sorted(each.name for each in art.iterdir() if each.is_dir())


def _dataset(asked: argparse.Namespace, classes: Sequence[str]) -> Dataset:
    """Of these classes alone, prepared once."""
    place = asked.scratch / f"{'-'.join(classes)}-{asked.size}"
    if not (place / "dataset" / "dataset.json").is_file():
        for each in classes:
            shutil.copytree(asked.art / each, place / "art" / each, dirs_exist_ok=True)
        list(collect(place / "art", place / "collection", workers=1))
        list(prepare(Collection.open(place / "collection"), place / "dataset", size=asked.size, workers=1))
    return Dataset.open(place / "dataset")


def _learned(
    asked: argparse.Namespace, base: Path, last: Dataset, known: Dataset, settings: Sequence[str], seed: int
) -> tuple[float, float, float, float]:
    """Losses of the last class and of the base's, MB of the file, seconds."""
    own: dict[str, Any] = {"steps": asked.pictures // 24, "seed": seed, "threads": 1, **UNWATCHED}
    choices = layered(parent_choices(str(base)), own, parse_choices(settings))
    with tempfile.TemporaryDirectory(dir=asked.scratch) as scratch:
        began = time.perf_counter()
        run, _ = prepare_run(Path(scratch) / "run", last, choices, weights_from=str(base))
        list(train(run))
        seconds = time.perf_counter() - began
        model = Model.from_pretrained(run.path, device="cpu")
        file = run.model / ("model.safetensors" if model.adaptation is None else "adapter.safetensors")
        return _loss(model, last), _loss(model, known), file.stat().st_size / 1e6, seconds


@torch.inference_mode()
def _loss(model: Model, dataset: Dataset) -> float:
    """Of all pictures that are held out; a class that the model does not know is none."""
    places = {name: place for place, name in enumerate(model.config.classes)}
    own = torch.tensor([*(places.get(name, -1) for name in dataset.classes), -1])
    labels = own[dataset.labels[dataset.held_out]]
    return statistics.mean(denoising_losses(model.denoiser, dataset.images(dataset.held_out), labels))


def _error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
