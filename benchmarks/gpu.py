"""What sfumato does on a GPU: ten minutes of a machine, one command, one JSON file, one table.

    python benchmarks/gpu.py --dataset run/dataset --work measured
    python benchmarks/gpu.py --dataset run/dataset --work again --minutes 5 --parts training sampling works
                             --yardstick yardstick.py --pictures ART

The dataset is prepared beforehand, on any machine, and taken along: `sfumato train ART --steps 1 --size 64 -o run`
leaves one in run/dataset. Where the package is not installed, PYTHONPATH=src and torch, numpy, pillow, pydantic and
safetensors are enough. Nothing outside the machine is reached.

The parts, by worth; each fails with a sentence and leaves the others alone:

    training   as `sfumato train --minutes` does it on that device: pictures/s, held-out loss, peak memory
    share      of the rate of a large bfloat16 matrix product, in the same process, that a training step reaches
    compile    torch.compile: are the gradients right, and what is gained? Inductor of torch 2.10 to 2.13 may lose those
               of scales and shifts where batch x tokens is large (pytorch issue 193061): then it is refused, and tried
               again without the fusion that is at fault
    graphs     the same two questions for CUDA graphs of the network's forward and backward pass
    diffusers  UNet2DModel with about as many parameters beside ours, if it is installed
    sampling   works a second: batches of 16 at 20 steps
    works      their distance from real pictures, with a script that is called as benchmarks/peers.py calls it

compile, graphs and diffusers time forward and backward of the loss alone, in turns (A B A B), medians of both.
--minutes are the training's; on top come turns of two seconds, a minute and a half of them, and what torch takes to
compile. WORK/gpu.json is written after each part, so that a machine that is taken away leaves what was measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from on_gpu.bench import FAILURES, Bench, LeftOutError, told
from on_gpu.device import free, machine
from on_gpu.rates import sampling, share, training
from on_gpu.twins import compiled, diffusers, graphs
from on_gpu.works import works

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError

PARTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "training": training,
    "share": share,
    "compile": compiled,
    "graphs": graphs,
    "diffusers": diffusers,
    "sampling": sampling,
    "works": works,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, required=True, help="a prepared dataset, such as run/dataset")
    parser.add_argument("--work", type=Path, required=True, help="a new directory, for everything that is made")
    parser.add_argument("--minutes", type=float, default=2.0, help="of training")
    parser.add_argument("--parts", nargs="+", choices=[*PARTS], default=[*PARTS], metavar="PART", help=" ".join(PARTS))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batches", nargs="+", type=int, metavar="N", help="for compile and graphs")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="as for `sfumato train`")
    parser.add_argument("--works", type=int, default=256)
    parser.add_argument("--yardstick", type=Path, help="the script that compares two folders of pictures")
    parser.add_argument("--pictures", type=Path, help="what works are compared with, in place of the dataset's own")
    arguments = parser.parse_args()
    for path in filter(None, (arguments.yardstick, arguments.pictures)):
        if not path.exists():
            raise SystemExit(f"{path}: there is no such file")
    if arguments.work.exists() and (not arguments.work.is_dir() or any(arguments.work.iterdir())):
        raise SystemExit(f"{arguments.work}: holds other things; choose another --work")
    try:
        device = torch.device(arguments.device)
        torch.zeros(1, device=device)
        bench = Bench(arguments, Dataset.open(arguments.dataset), device)
    except (RuntimeError, AssertionError, SfumatoError) as error:
        raise SystemExit(told(error)) from error
    arguments.work.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {
        "machine": machine(device),
        "dataset": {"pictures": len(bench.dataset), "size": bench.dataset.size, "digest": bench.dataset.digest},
        "asked": vars(arguments),
        "parts": {},
    }
    for name in (name for name in PARTS if name in arguments.parts):
        print(f"{name}: begins at {time.strftime('%H:%M:%S')}", flush=True)
        result["parts"][name] = attempted(PARTS[name], bench)
        (arguments.work / "gpu.json").write_text(json.dumps(result, indent=2, default=str) + "\n", "utf-8")
        free(device)
    print(table(result))
    return int(any("failed" in figures for figures in result["parts"].values()))


def attempted(part: Callable[[Bench], dict[str, Any]], bench: Bench) -> dict[str, Any]:
    """A part's figures, or the sentence that says why there are none."""
    began = time.perf_counter()
    try:
        figures = part(bench)
    except LeftOutError as error:
        figures = {"left_out": str(error)}
    except FAILURES as error:
        traceback.print_exc()
        figures = {"failed": told(error)}
    return {**figures, "part_seconds": time.perf_counter() - began}


def table(result: Mapping[str, Any]) -> str:
    """Every figure of every part, in Markdown."""
    rows = ["| part | figure | |", "|---|---|---|"]
    for part, figures in result["parts"].items():
        rows += [f"| {part} | {name} | {shown(value)} |" for name, value in flat(figures)]
    return "\n".join(rows)


def flat(figures: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Figures within figures, side by side."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}, ".replace("_", " "))
        else:
            yield f"{above}{name}".replace("_", " "), value


def shown(value: Any) -> str:
    """To four digits."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    sys.exit(main())
