"""Makes the files of weights that a training begins with: draws pictures, learns from them, keeps what was learned.

    python tools/initial_weights/make.py PLACE [--only unet-32] [--minutes 60] [--threads 1]

PLACE gets the pictures and the runs; the files go into the package. An hour and a half of one core each; what those in
the package took is in benchmarks/log.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenes import KINDS, cells, scene

from sfumato.models import Model
from sfumato.networks import UNetConfig
from sfumato.training import Run
from sfumato.training.initial import FOLDER, write_initial_weights
from sfumato.training.plan import ladder


@dataclass(frozen=True)
class Recipe:
    """size: of the pictures that are drawn and learned from; seeds: how many of each kind."""

    size: int
    seeds: int
    network: UNetConfig

    def draw(self, folder: Path) -> None:
        """What is there already stays as it is."""
        for number, kind in enumerate(KINDS):
            (folder / kind.__name__).mkdir(parents=True, exist_ok=True)
            # As quickly drawn as they are unlike one another.
            for seed in range(4 * self.seeds if kind is cells and self.size == 32 else self.seeds):
                path = folder / kind.__name__ / f"{seed:05d}.png"
                if not path.exists():
                    scene(number, seed, self.size).save(path)


def _planned(size: int) -> UNetConfig:
    network = ladder(size)[1].network
    assert isinstance(network, UNetConfig)
    return network


RECIPES: Mapping[str, Recipe] = {
    "unet-32": Recipe(32, 1000, _planned(32)),
    "unet-64": Recipe(64, 1000, _planned(64)),
}


def make(place: Path, name: str, minutes: float, threads: int) -> None:
    recipe = RECIPES[name]
    pictures, run = place / f"pictures-{recipe.size}", place / name
    recipe.draw(pictures)
    network = [f"network.{key}={value}" for key, value in recipe.network.model_dump(mode="json").items()]
    chosen = [*network, "initial=random", "early=1", f"threads={threads}"]
    command = [sys.executable, "-m", "sfumato", "train", str(pictures), "-o", str(run), "--licence", "CC0-1.0"]
    command += ["--minutes", str(minutes), "--size", str(recipe.size)]
    subprocess.run([*command, *(part for each in chosen for part in ("--set", each))], check=True)
    keep(run, FOLDER / f"{name}.safetensors")


def keep(run: Path, path: Path) -> None:
    """Make a file of the weights of a run."""
    denoiser = Model.from_pretrained(run, device="cpu").denoiser
    write_initial_weights(path, denoiser, Run.open(run).record.settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path)
    parser.add_argument("--only", choices=list(RECIPES))
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    for name in [given.only] if given.only else RECIPES:
        make(given.place, name, given.minutes, given.threads)


if __name__ == "__main__":
    main()
