"""Which plain statistics of pixels rank guidance as KID does: works of one run with every early average and guidance.

    guidance.py RUN --features NETWORK --works 256 --side 64 --keep WORKS
    guidance.py RUN --features NETWORK --works 256 --side 64 --keep WORKS --vary 0.12:3 --sample noise_high=2 ...

RUN has a checkpoint with the averages of its ``early`` setting, NETWORK is a file for `sfumato evaluate --features`.
All works begin with the same noise, so that what differs is the settings. The first form samples every pair of a share
and a guidance, the second one pair with other settings of sampling (separated by commas). Works are kept in --keep, so
that a second call only measures. KID x 1000 is against all pictures of the run; below the table stands Spearman's rank
correlation of every statistic with it, which is the better the nearer to 1.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from mobilenet import read_mobilenet
from torch import Tensor

from sfumato.evaluation import kernel_distance
from sfumato.evaluation.sliced_wasserstein import wasserstein
from sfumato.features.appearance import oklab
from sfumato.features.features import Features, extracted
from sfumato.memory import keep_freed_memory
from sfumato.models import Generation, Model, SamplerSettings
from sfumato.policy.policy import Policy
from sfumato.training import Run
from sfumato.training.calibration import pictures_of
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.conditions import labels_among
from sfumato.training.statistics import Statistics
from sfumato.training.warm_start import begin
from sfumato.training.writer import RunWriter, build_model_config

GUIDANCES = (1.5, 2.0, 3.0, 4.0)
SEED = 1
PARTS = {"colours": slice(0, 108), "edges": slice(108, 172), "grain": slice(172, 188)}  # of a descriptor


def main() -> None:
    asked = _asked()
    keep_freed_memory()
    run = Run.open(asked.run)
    dataset = run.open_dataset()
    config = build_model_config(run, dataset)
    state = begin(run, dataset, config, torch.device("cpu"))
    checkpoint = load_checkpoint(run.checkpoints)
    assert checkpoint is not None, "the run has begun"
    state.restore(checkpoint)
    model = RunWriter(run, config, state, torch.device("cpu")).model()
    asked.keep.mkdir(exist_ok=True, parents=True)
    made: dict[str, tuple[Tensor, float]] = {}
    for share, guidance, said in _candidates(list(state.early.kept), asked):
        given = dict(part.split("=") for part in said.split(",") if part)
        name = ",".join(part for part in (f"{share:g}:{guidance:g}", said) if part)
        model.early = state.early.kept[share][1]
        settings = SamplerSettings.model_validate(model.config.generation.model_dump() | {"guidance": guidance} | given)
        made[name] = _works(model, settings, asked.works, asked.keep / f"{name}.pt")
    labels = labels_among(config.classes, dataset, config.name)
    pictures = torch.cat(list(pictures_of(dataset, config.class_shares, labels)))
    network = read_mobilenet(asked.features)
    network.side = asked.side
    cache = asked.keep / "real.pt"
    if not cache.is_file():
        torch.save(extracted(network, dataset.images(torch.arange(len(dataset)))), cache)
    _table(made, pictures, network, torch.load(cache))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--works", type=int, default=256)
    parser.add_argument("--side", type=int, default=64, help="pixels at which the network sees a picture")
    parser.add_argument("--keep", type=Path, required=True, help="a directory for the works")
    parser.add_argument("--shares", type=float, nargs="*", help="only these")
    parser.add_argument("--guidances", type=float, nargs="*", default=GUIDANCES)
    parser.add_argument("--vary", action="append", default=[], metavar="SHARE:GUIDANCE", help="with --sample")
    parser.add_argument("--sample", action="append", default=[], metavar="NAME=VALUE,...")
    return parser.parse_args()


def _candidates(shares: Sequence[float], asked: argparse.Namespace) -> list[tuple[float, float, str]]:
    if not asked.vary:
        shares = [share for share in shares if share in asked.shares] if asked.shares else shares
        return [
            (share, guidance, said) for share in shares for guidance in asked.guidances for said in asked.sample or [""]
        ]
    pairs = [tuple(map(float, one.split(":"))) for one in asked.vary]
    return [(share, guidance, said) for share, guidance in pairs for said in asked.sample or [""]]


def _works(model: Model, settings: SamplerSettings, count: int, path: Path) -> tuple[Tensor, float]:
    """The works, rounded as a file is, and the seconds that 16 of them took."""
    if path.is_file() and len((kept := torch.load(path))["works"]) >= count:
        return kept["works"][:count].float() / 127.5 - 1, kept["seconds"]
    began = time.perf_counter()
    generation = Generation.of(model, policy=Policy.none(), seed=SEED, **settings.model_dump())
    images = ((generation.pictures(count).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    seconds = 16 * (time.perf_counter() - began) / count
    torch.save({"works": images, "seconds": seconds}, path)
    print(f"made {path.name} in {seconds:.2f} s for 16 works", flush=True)
    return images.float() / 127.5 - 1, seconds


def _table(made: Mapping[str, tuple[Tensor, float]], pictures: Tensor, network: Features, real: Tensor) -> None:
    rows: dict[str, dict[str, float]] = {}
    for name, (works, seconds) in made.items():
        kid = kernel_distance(extracted(network, works), real)
        rows[name] = {"KID": kid.mean, "error": kid.error, "seconds": seconds, **_statistics(works, pictures)}
    columns = list(next(iter(rows.values())))
    print("| settings | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name, row in sorted(rows.items(), key=lambda item: item[1]["KID"]):
        print(f"| {name} | " + " | ".join(f"{row[column]:.3g}" for column in columns) + " |")
    for said, kept in (
        ("all", rows),
        ("the better half", dict(sorted(rows.items(), key=lambda i: i[1]["KID"])[: len(rows) // 2])),
    ):
        kids = torch.tensor([row["KID"] for row in kept.values()])
        print(f"\nRank correlation with KID and KID of the one chosen, {said} (best {kids.min():.0f})")
        for column in columns[3:]:
            values = torch.tensor([row[column] for row in kept.values()])
            print(f"{column:24} {_rank_correlation(values, kids):5.2f} {kids[values.argmin()]:5.0f}")


def _rank_correlation(a: Tensor, b: Tensor) -> float:
    ranks = torch.stack([x.argsort().argsort().double() for x in (a, b)])
    return float(torch.corrcoef(ranks)[0, 1])


def _statistics(works: Tensor, pictures: Tensor) -> dict[str, float]:
    """Of works beside pictures; but for 'empty', a share, the less the nearer."""
    mine, theirs = Statistics.of(pictures), Statistics.of(works)
    return {
        "distance": mine.distance(theirs),
        "energy distance": mine.energy_distance(theirs),
        "patches": mine.patch_distance(theirs),
        "empty": mine.are_empty(theirs).double().mean().item(),
        "gradient": _apart(theirs.energies, mine.energies),
        "chroma": _apart(*(_chroma(images) for images in (works, pictures))),
        "spread": abs(math.log(theirs.spread / mine.spread)),
        **{
            name: replace(mine, descriptors=mine.descriptors[:, part]).energy_distance(
                replace(theirs, descriptors=theirs.descriptors[:, part])
            )
            for name, part in PARTS.items()
        },
    }


def _apart(ours: Tensor, theirs: Tensor) -> float:
    """Wasserstein's distance of two sets of numbers, in standard deviations of the second."""
    return (wasserstein(ours[None], theirs[None])[0] / theirs.std()).item()


def _chroma(images: Tensor) -> Tensor:
    return oklab(images)[:, 1:].square().sum(1).sqrt().mean((1, 2))


if __name__ == "__main__":
    main()
