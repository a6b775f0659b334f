"""How fast a folder becomes training data, beside the loader of the article that sfumato began from.

python benchmarks/preparing.py draw 5000 FOLDER     generate that many JPEGs of 512 px, to measure with
python benchmarks/preparing.py ours FOLDER          collect and prepare at 128 px: pictures/s
python benchmarks/preparing.py article FOLDER       its ImageFolder with validity check, then one epoch of batches
                                                    (needs torchvision: run it in an environment of its own)
python benchmarks/preparing.py memory COUNT FOLDER  collect that many small generated pictures: peak memory
python benchmarks/preparing.py reading DATASET      milliseconds a batch, for the share of a training step
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = 5


def draw(count: int, folder: Path, side: int = 512, quality: int = 90) -> None:
    """Smooth random fields, which are as hard to decode as photographs, and unlike each other."""
    for index in range(count):
        generator = np.random.default_rng(index)
        coarse = Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        fine = generator.normal(0, 12, (side, side, 3))
        pixels = np.clip(np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC)) + fine, 0, 255)
        place = folder / f"class-{index % CLASSES}" / f"{index:06d}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(place, quality=quality)


def ours(folder: Path, size: int = 128) -> dict[str, float]:
    from sfumato.collection import Collection, collect
    from sfumato.dataset import prepare

    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        for _ in collect(folder, Path(place) / "collection"):
            pass
        collected = time.perf_counter()
        collection = Collection.open(Path(place) / "collection")
        for _ in prepare(collection, Path(place) / "dataset", size=size):
            pass
        prepared = time.perf_counter()
        for _ in collect(folder, Path(place) / "collection"):
            pass
        again = time.perf_counter()
    count = len(collection.pictures)
    return {
        "pictures": count,
        "collected_per_second": count / (collected - began),
        "prepared_per_second": count / (prepared - collected),
        "both_per_second": count / (prepared - began),
        "second_collect_seconds": again - prepared,
    }


def article(folder: Path) -> dict[str, float]:
    """Its validity check of every file, then one epoch: decode, resize, normalise, batches of 32."""
    import torch
    from torchvision import datasets, transforms

    def is_valid(path: str) -> bool:
        try:
            with Image.open(path) as picture:
                picture.verify()
        except (OSError, SyntaxError):
            return False
        return True

    steps = transforms.Compose(
        [
            transforms.Resize((128, 128)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    began = time.perf_counter()
    dataset = datasets.ImageFolder(str(folder), transform=steps, is_valid_file=is_valid)
    checked = time.perf_counter()
    for _ in torch.utils.data.DataLoader(dataset, batch_size=32, shuffle=True):
        pass
    ended = time.perf_counter()
    return {
        "pictures": len(dataset),
        "checked_per_second": len(dataset) / (checked - began),
        "epoch_per_second": len(dataset) / (ended - checked),
        "both_per_second": len(dataset) / (ended - began),
    }


def memory(count: int, folder: Path) -> dict[str, float]:
    from sfumato.collection import collect

    if not folder.exists():
        draw(count, folder, side=64, quality=75)
    with tempfile.TemporaryDirectory() as place:
        began = time.perf_counter()
        for _ in collect(folder, Path(place) / "collection"):
            pass
        seconds = time.perf_counter() - began
    processes = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    parent, children = (resource.getrusage(who).ru_maxrss / 1024 for who in processes)
    return {"pictures": count, "seconds": seconds, "parent_peak_MiB": parent, "largest_worker_peak_MiB": children}


def reading(folder: Path, batch: int = 32) -> dict[str, float]:
    from sfumato.dataset import Batches, Dataset

    dataset = Dataset.open(folder)
    batches = Batches(dataset, dataset.train, batch, seed=0)
    timings = []
    for step in range(300):
        began = time.perf_counter()
        batches.batch(step)
        timings.append(time.perf_counter() - began)
    return {"batch": batch, "size": dataset.size, "median_ms": 1000 * sorted(timings)[len(timings) // 2]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["draw", "ours", "article", "memory", "reading"])
    parser.add_argument("rest", nargs="+")
    asked = parser.parse_args()
    folder = Path(asked.rest[-1])
    if asked.what == "draw":
        draw(int(asked.rest[0]), folder)
        return
    measures = {"ours": ours, "article": article, "reading": reading}
    figures = memory(int(asked.rest[0]), folder) if asked.what == "memory" else measures[asked.what](folder)
    json.dump({"what": asked.what} | {name: round(value, 2) for name, value in figures.items()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
