"""How many works are all but empty: the share whose gradient energy is below what two percent of the collection have.

    python benchmarks/blank.py RUN [RUN ...] [--works 1024] [--seed 1] [--keep-empty] [--set NAME=VALUE ...]

The threshold is that of the pictures that each run was trained on and of those that it held out, together; the
gradient energy is the mean squared difference of neighbouring pixels, in levels. The error is that of a share of so
many works, one deviation.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from control_figures import gradient_energy, images_of

from sfumato.dataset import Dataset
from sfumato.memory import keep_freed_memory
from sfumato.models import Model
from sfumato.training import Run

SHARE = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--works", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep-empty", action="store_true", help="as they come, none drawn again")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of sampling")
    asked = parser.parse_args()
    keep_freed_memory()
    settings = {name: float(value) for name, value in (one.split("=") for one in asked.set)}
    if "steps" in settings:
        settings["steps"] = int(settings["steps"])  # type: ignore[assignment]
    for path in asked.runs:
        dataset = Dataset.open(Run.open(path).dataset)
        real = torch.cat([gradient_energy(dataset.images(part)) for part in torch.arange(len(dataset)).split(512)])
        threshold = torch.quantile(real, SHARE).item()
        model = Model.from_pretrained(path)
        works = model.generate(asked.works, seed=asked.seed, keep_empty=asked.keep_empty, **settings)  # type: ignore[arg-type]
        made = gradient_energy(images_of(works))
        blank = (made < threshold).float().mean().item()
        error = (max(blank, 1 / asked.works) * (1 - blank) / asked.works) ** 0.5
        print(
            f"{path.name}: {100 * blank:.1f} +- {100 * error:.1f} % of {asked.works:,} works below {threshold:.2g} "
            f"(2 % of {len(dataset):,} pictures); median energy {made.median() / real.median():.2f} of the pictures'",
            flush=True,
        )


if __name__ == "__main__":
    main()
