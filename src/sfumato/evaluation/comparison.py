"""Several ways to make pictures that learned from the same pictures for the same time: what each finished run shows."""

from __future__ import annotations

import json
import math
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation.sliced_wasserstein import sliced_wasserstein
from sfumato.images.tensors import denormalised
from sfumato.models import Generation, Model, Request, to_pictures
from sfumato.models.verbs import reimagining
from sfumato.policy.policy import Policy
from sfumato.random import spread
from sfumato.training import Run

LEAST_HELD_OUT = 4
MOST_COMPARED = 128
MOST_REFERENCE = 1024
MOST_POINTS = 120  # of a curve
STRENGTH = 0.4  # large forms are left to be seen
TIMED = 16
AT_A_TIME = 32

Kind = Literal["autoencoder", "gan", "diffusion"]


@dataclass(frozen=True)
class Curve:
    """One line of a chart. name: 'on training pictures'; points: (minutes, value), in the order of time."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Contender:
    """One way to make pictures, and what came of it."""

    kind: Kind
    plan: str  # what was trained, for people: 'unet, 1.2 M parameters, 64 px, batch 24'
    curves: Sequence[Curve]
    reconstructions: Sequence[Image.Image]  # of the held-out pictures, in their order; empty where it cannot
    works: Sequence[Image.Image]  # from noise
    distance: float  # of the works from the training pictures, sliced Wasserstein x 1000
    evolution: Image.Image | None  # a strip over the training, or none
    facts: Mapping[str, str]  # 'Pictures shown': '74,000'


@dataclass(frozen=True)
class Comparison:
    """The same pictures, the same time, several contenders."""

    title: str  # the collection's name
    minutes: float  # of training, each
    pictures: int  # training pictures
    size: int  # of their shorter side as the networks saw them, in pixels
    examples: Sequence[Image.Image]  # training pictures
    held_out: Sequence[Image.Image]  # those that are reconstructed
    baseline: float  # the distance of held-out real pictures from the training pictures, sliced Wasserstein x 1000
    compared: int  # works, and held-out pictures, that each distance is over
    contenders: Sequence[Contender]
    facts: Mapping[str, str]  # machine, versions, seed


def compared_pictures(dataset: Dataset) -> Tensor:
    """[N] indices of held-out pictures; each distance is over as many works. Raises SfumatoError for too few."""
    count = min(MOST_COMPARED, len(dataset.held_out))
    if count < LEAST_HELD_OUT:
        raise SfumatoError(
            f"{dataset.path}: {len(dataset.held_out)} pictures are held out, and a comparison needs {LEAST_HELD_OUT} "
            "that no model has seen; give a collection of 50 pictures or more"
        )
    return spread(dataset.held_out, count)


def baseline(dataset: Dataset) -> float:
    """The distance of as many held-out real pictures from the training pictures."""
    return distance(dataset.images(compared_pictures(dataset)), dataset)


def distance(images: Tensor, dataset: Dataset) -> float:
    """From the training pictures, or an even choice of MOST_REFERENCE; not a number where the pictures are none.

    images: [N, 3, size, size] in -1..1.
    """
    if not torch.isfinite(images).all():  # a GAN that went astray
        return math.nan
    reference = spread(dataset.train, min(MOST_REFERENCE, len(dataset.train)))
    return sliced_wasserstein(images, dataset.images(reference)).mean


def shown_indices(dataset: Dataset, count: int) -> list[int]:
    """Held-out pictures to reconstruct."""
    return [int(index) for index in spread(dataset.held_out, min(count, len(dataset.held_out)))]


def contender(kind: Kind, run: Run, dataset: Dataset, *, seed: int, shown: Sequence[int], works: int) -> Contender:
    """Look at a finished run. shown: pictures of the dataset to reconstruct; works: how many to show."""
    model = Model.from_pretrained(run.model, device="cpu")
    settings = run.record.settings
    made = from_noise(model, len(compared_pictures(dataset)), seed)
    began = time.perf_counter()
    from_noise(model, TIMED, seed + 1)
    seconds = time.perf_counter() - began
    steps = max((line["step"] for line in read_log(run.path / "log.jsonl")), default=0)
    strip = run.path / "evolution.png"
    return Contender(
        kind=kind,
        plan=run.record.plan.partition(":")[0],
        curves=curves(kind, run.path / "log.jsonl"),
        reconstructions=reconstructions(model, dataset, shown, seed),
        works=to_pictures(made[:works]),
        distance=distance(made, dataset),
        evolution=Image.open(strip).convert("RGB") if strip.is_file() else None,
        facts={
            "Pictures shown": f"{steps * settings.batch:,}",
            "Numbers that were learned": f"{sum(p.numel() for p in model.denoiser.parameters()):,}",
            f"Seconds for {TIMED} works": f"{seconds:.2f}",
        },
    )


@torch.inference_mode()
def from_noise(model: Model, count: int, seed: int) -> Tensor:
    """[count, 3, size, size] in about -1..1: what the model makes of noise.

    An autoencoder is not made for that: it is shown noise of the mean and standard deviation of its pictures.
    """
    if model.config.begins_with != "picture":
        return Generation.of(model, seed=seed, policy=Policy.none()).pictures(count)
    noise = torch.randn(count, 3, model.config.side, model.config.side, generator=torch.Generator().manual_seed(seed))
    return torch.cat([model.denoiser(part, 1.0) for part in torch.split(denormalised(noise), AT_A_TIME)])


def reconstructions(model: Model, dataset: Dataset, shown: Sequence[int], seed: int) -> list[Image.Image]:
    """The pictures made again: by an autoencoder in one pass, by a diffusion model out of noise; no GAN can."""
    if model.config.is_direct and model.config.begins_with == "noise":
        return []
    known = {label: name for label, name in enumerate(dataset.classes) if name in model.config.classes}
    labels = [known.get(int(dataset.labels[index])) for index in shown]
    pictures = []
    for place, (index, label) in enumerate(zip(shown, labels, strict=True)):
        asked, picture = Request.of(seed=seed + place, label=label), dataset.picture(index)
        made_again = reimagining(model, asked, picture, strength=STRENGTH, policy=Policy.none())
        pictures.append(made_again.work().image)
    return pictures


def curves(kind: Kind, log: Path) -> list[Curve]:
    """How the losses went, over the minutes of training."""
    lines = read_log(log)
    if kind == "gan":
        trained = [line for line in lines if line["event"] == "trained"]
        names = {"discriminator": "the judge", "generator": "the forger"}
        return [Curve(name, _smoothed(trained, part)) for part, name in names.items()]
    evaluated = [line for line in lines if line["event"] == "evaluated"]
    names = {"training_loss": "on training pictures", "held_out_loss": "on held-out pictures"}
    timed = [line for line in lines if "elapsed_seconds" in line["clock"]]
    times = [_minutes_at(line["step"], timed) for line in evaluated]
    return [
        Curve(name, list(zip(times, [line[key] for line in evaluated], strict=True))) for key, name in names.items()
    ]


def read_log(path: Path) -> list[dict[str, Any]]:
    """The events of a run's log. Raises SfumatoError where there is none, or a line is no JSON."""
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{path}: cannot be read ({error}); it is the log that training writes") from error


def _minutes_at(step: int, timed: Sequence[dict[str, Any]]) -> float:
    """When a step was done: as the first line at or after it says."""
    place = bisect_left(timed, step, key=lambda line: line["step"])
    line = timed[min(place, len(timed) - 1)]
    return float(line["clock"]["elapsed_seconds"]) / 60


def _smoothed(trained: Sequence[dict[str, Any]], part: str) -> list[tuple[float, float]]:
    """Means over neighbouring lines, at most MOST_POINTS of them."""
    width = max(1, -(-len(trained) // MOST_POINTS))
    points = []
    for start in range(0, len(trained), width):
        lines = trained[start : start + width]
        minutes = sum(line["clock"]["elapsed_seconds"] for line in lines) / len(lines) / 60
        points.append((minutes, sum(line["parts"][part] for line in lines) / len(lines)))
    return points
