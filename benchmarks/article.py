"""What the article's listing can reach, and what runs of its presets do with pictures that they have not seen.

python benchmarks/article.py RUN... [--sheet FILE]

RUN: runs of the presets article and article-fixed on the same pictures. Prints the floor of the listing's loss, and for
each run the loss and the PSNR on held-out pictures. --sheet: held-out pictures, what each run makes of them, and what
each makes of noise, one row each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.evaluation.comparison import from_noise
from sfumato.images.tensors import normalised
from sfumato.models import Model, to_pictures
from sfumato.training import Run
from sfumato.training.objectives.reconstruction import listing_floor, listing_reach
from sfumato.works import contact_sheet

SHOWN = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    runs = [Run.open(path) for path in arguments.runs]
    dataset = Dataset.open(runs[0].dataset)
    targets = torch.cat([normalised(dataset.images(part)) for part in torch.split(dataset.train, 64)])
    floors = torch.cat([listing_floor(dataset.images(part)) for part in torch.split(dataset.train, 64)])
    low, high = listing_reach()
    print(f"{len(dataset.train)} training and {len(dataset.held_out)} held-out pictures of {dataset.size} px")
    print(f"normalised targets: {targets.min():.3f} to {targets.max():.3f}; outside 0..1: {_outside(targets):.1%}")
    print("reach of the listing:", ", ".join(f"{c} {a:.3f}-{b:.3f}" for c, a, b in zip("RGB", low, high, strict=True)))
    held_out = dataset.images(dataset.held_out)
    print(f"floor of its loss: training {floors.mean():.4f}, held out {listing_floor(held_out).mean():.4f}")
    veiled = torch.minimum(torch.maximum(held_out, _colour(low)), _colour(high))
    print(f"PSNR of the best that its range allows, held out: {_psnr(veiled, held_out):.2f} dB")
    mean = dataset.images(dataset.train).mean((0, 2, 3), keepdim=True).expand_as(held_out)
    print(f"PSNR of the collection's mean colour, held out: {_psnr(mean, held_out):.2f} dB")
    rows = [held_out[_places(held_out)]]
    for run in runs:
        model = Model.from_pretrained(run.model)
        with torch.inference_mode():
            made = torch.cat([model.denoiser(part, 1.0) for part in torch.split(held_out, 32)])
        loss = (normalised(made) - normalised(held_out)).square().mean()
        epochs = _steps(run) * run.record.settings.batch / len(dataset.train)
        print(f"{run.path.name}: {epochs:.1f} epochs, loss {loss:.4f}, PSNR {_psnr(made, held_out):.2f} dB (held out)")
        rows += [made[_places(held_out)], from_noise(model, SHOWN, seed=0)]
    if arguments.sheet:
        pictures = to_pictures(torch.cat(rows))
        sheet = contact_sheet(pictures, columns=SHOWN, scale=1, gap=6)
        sheet.save(arguments.sheet, quality=88)


def _psnr(made: Tensor, real: Tensor) -> float:
    """Mean over pictures of 10 log10(1 / MSE), of values 0..1, clipped as a picture file clips them."""
    errors = ((made.clamp(-1, 1) - real) / 2).square().mean((1, 2, 3))
    return float((-10 * errors.log10()).mean())


def _outside(targets: Tensor) -> float:
    return float(((targets < 0) | (targets > 1)).float().mean())


def _colour(values: list[float]) -> Tensor:
    return 2 * torch.tensor(values).view(1, 3, 1, 1) - 1


def _places(pictures: Tensor) -> Tensor:
    return torch.linspace(0, len(pictures) - 1, SHOWN).long()


def _steps(run: Run) -> int:
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text("utf-8").splitlines()]
    return max(line["step"] for line in lines)


if __name__ == "__main__":
    main()
