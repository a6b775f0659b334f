"""How good the pictures are after a given time, for one choice of settings: one line for the log a run.

    quality_per_minute.py DATASET --features NETWORK --minutes 10 --what 'as planned'
    quality_per_minute.py DATASET --features NETWORK --pictures 24000 --what 'AdamW' --set optimiser=adamw
    quality_per_minute.py DATASET --features NETWORK --model run --what 'samplers' --sample steps=12 --sample guidance=1

DATASET is a prepared one (run/dataset of any run), NETWORK a file for `sfumato evaluate --features`. Trains with the
settings that --set gives, the rest as planned, and measures the model once for every --sample (settings of sampling,
separated by commas; without one as the model would be used). Runs that are compared by pictures may run beside each
other, with --set threads=1 in each; runs that are compared by minutes need the machine to themselves.

Every run adds a line of JSON to --record and a row to --log, where 'kept' is filled in by hand. Losses: of pictures
that were held out, the mean over four ranges of noise levels, see sfumato.evaluation.noise_levels. KID: of all works
against all training pictures, times 1000. A model of few pictures is nearest to them when it copies them: with
--against it is measured by a larger set that they were taken from, and 'copies' by those that it saw.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mobilenet import read_mobilenet
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation import kernel_distance, nearest_pictures
from sfumato.evaluation.copies import reduced
from sfumato.evaluation.noise_levels import denoising_losses
from sfumato.features.features import Features, extracted
from sfumato.images.tensors import as_tensor
from sfumato.memory import keep_freed_memory
from sfumato.models import Generation, Model, SamplerSettings
from sfumato.random import spread
from sfumato.training import Trained, layered, parse_choices, prepare_run, train

RANGES = {"fine": (0.05, 0.1), "small": (0.2, 0.5), "middle": (1.0, 2.0), "coarse": (5.0, 10.0)}
HELD_OUT = 256
HEAD = (
    "| date | what | expected | pictures | pictures/s | minutes | loss fine, small, middle, coarse | sampling | KID "
    "| copies | 16 works | kept |\n|" + "---|" * 12 + "\n"
)


@dataclasses.dataclass(frozen=True)
class Sampled:
    """What came of one way to sample. seconds: for 16 works, the median of batches."""

    sampling: str
    kid: float
    error: float
    copies: float
    seconds: float


def main() -> None:
    asked = _asked()
    keep_freed_memory()  # as the command line does
    dataset = Dataset.open(asked.dataset)
    with tempfile.TemporaryDirectory() as scratch:
        facts: dict[str, Any] = {"date": time.strftime("%Y-%m-%d"), "what": asked.what, "set": asked.set}
        place = asked.model or asked.keep or Path(scratch) / "run"
        if asked.model is None:
            facts |= _trained(dataset, place, asked)
        model = Model.from_pretrained(place)
        facts["losses"] = _losses(model, dataset)
        features = read_mobilenet(asked.features)
        against = dataset if asked.against is None else Dataset.open(asked.against)
        real = _real(against, features, asked.features.with_suffix(f".{against.digest[:12]}.cache"))
        sampled = [_sampled(model, dataset, features, real, said, asked) for said in asked.sample or [""]]
    facts["sampled"] = [dataclasses.asdict(one) for one in sampled]
    print(json.dumps(facts))
    for file, text in ((asked.record, json.dumps(facts) + "\n"), (asked.log, _rows(facts, sampled, asked.expected))):
        if file is not None:
            with file.open("a", encoding="utf-8") as out:
                out.write((HEAD if file == asked.log and not out.tell() else "") + text)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--what", required=True, help="what is tried")
    parser.add_argument("--expected", default="", help="what it should bring, said before")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the training")
    parser.add_argument("--sample", action="append", default=[], metavar="NAME=VALUE,...", help="a way to sample")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--pictures", type=int, help="so many, whatever the batch")
    length.add_argument("--model", type=Path, help="train nothing, and measure this one")
    parser.add_argument("--against", type=Path, help="a prepared data set for KID, of which DATASET is a part")
    parser.add_argument("--works", type=int, default=512)
    parser.add_argument("--keep", type=Path, help="a directory for the run, else it is thrown away")
    parser.add_argument("--sheet", type=Path, help="a directory for a sheet of the works of each way to sample")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--log", type=Path)
    return parser.parse_args()


def _trained(dataset: Dataset, place: Path, asked: argparse.Namespace) -> dict[str, Any]:
    choices = parse_choices([*asked.set, f"size={dataset.size}", "snapshots=0"])
    if asked.pictures:
        batch = choices.get("batch") or 24
        choices = layered(choices, {"steps": max(1, round(asked.pictures / batch))})
    else:
        choices = layered(choices, {"minutes": asked.minutes})
    began = time.perf_counter()
    run, plan = prepare_run(place, dataset, choices)
    spent = time.perf_counter() - began
    steps = [event for event in train(run, spent_seconds=spent) if isinstance(event, Trained)]
    seconds = time.perf_counter() - began
    speed = statistics.median(event.pictures_per_second for event in steps)
    return {
        "plan": plan.sentence,
        "parameters": plan.parameters,
        "pictures": steps[-1].pictures,
        "pictures_per_second": round(speed, 1),
        "minutes": round(seconds / 60, 2),
    }


def _losses(model: Model, dataset: Dataset) -> dict[str, float]:
    places = spread(dataset.held_out, min(HELD_OUT, len(dataset.held_out)))
    labels = dataset.labels[places] if model.config.classes else torch.full_like(places, -1)
    sigmas = [sigma for pair in RANGES.values() for sigma in pair]
    losses = denoising_losses(model.denoiser, dataset.images(places), labels, sigmas=sigmas)
    return {name: round(sum(losses[2 * i : 2 * i + 2]) / 2, 4) for i, name in enumerate(RANGES)}


def _real(dataset: Dataset, features: Features, cache: Path) -> Tensor:
    """The training pictures' features, kept beside the network, since they are asked for by every run."""
    if not cache.is_file():
        rows = extracted(features, dataset.images(dataset.train))
        cache.write_bytes(rows.float().numpy().tobytes())
    return torch.frombuffer(bytearray(cache.read_bytes()), dtype=torch.float32).view(len(dataset.train), -1).double()


def _sampled(
    model: Model, dataset: Dataset, features: Features, real: Tensor, said: str, asked: argparse.Namespace
) -> Sampled:
    given = dict(part.split("=") for part in said.split(",") if part)
    settings = SamplerSettings.model_validate(model.config.generation.model_dump() | given)
    configured = dataclasses.replace(model, config=model.config.model_copy(update={"generation": settings}))
    generation = Generation.of(configured, seed=1)
    timings, made = [time.perf_counter()], []
    for event in generation.events(asked.works):
        if event.works:
            made += [work.image for work in event.works]
            timings.append(time.perf_counter())
    if asked.sheet:
        asked.sheet.mkdir(exist_ok=True, parents=True)
        _sheet(made[:96], asked.sheet / f"{_named(asked.what)}-{_named(said)}.png")
    images = torch.stack([as_tensor(picture, dataset.size) for picture in made])
    kid = kernel_distance(extracted(features, images), real)
    copies = nearest_pictures(images, reduced(dataset.images(dataset.train)), dataset.groups[dataset.train]).fraction
    seconds = statistics.median(after - before for before, after in itertools.pairwise(timings))
    return Sampled(said, round(kid.mean, 1), round(kid.error, 1), round(copies, 4), round(seconds, 3))


def _sheet(pictures: Sequence[Any], path: Path) -> None:
    from PIL import Image

    side = pictures[0].width
    sheet = Image.new("RGB", (16 * side, -(-len(pictures) // 16) * side))
    for index, picture in enumerate(pictures):
        sheet.paste(picture, (index % 16 * side, index // 16 * side))
    sheet.resize((sheet.width * 2, sheet.height * 2), Image.Resampling.NEAREST).save(path)


def _named(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in ".=" else "-" for letter in text) or "default"


def _rows(facts: dict[str, Any], sampled: Sequence[Sampled], expected: str) -> str:
    losses = ", ".join(f"{loss:.3f}" for loss in facts["losses"].values())
    pictures = f"{facts['pictures']:,}" if "pictures" in facts else ""
    trained = f"| {pictures} | {facts.get('pictures_per_second', '')} | {facts.get('minutes', '')} | {losses} "
    return "".join(
        f"| {facts['date']} | {facts['what']} | {expected} {trained}| {one.sampling} "
        f"| {one.kid:.0f} +- {one.error:.0f} | {one.copies:.3f} | {one.seconds:.2f} s | |\n"
        for one in sampled
    )


if __name__ == "__main__":
    main()
