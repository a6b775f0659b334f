"""The part that says how far works are from real pictures."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from on_gpu.bench import Bench, LeftOutError

from sfumato.models import Generation


def works(bench: Bench) -> dict[str, Any]:
    """What the yardstick says. It looks at pictures at twice their size, as its network knows larger ones."""
    arguments, dataset = bench.arguments, bench.dataset
    if arguments.yardstick is None:
        raise LeftOutError("needs --yardstick")
    made, real = bench.work / "works", arguments.pictures or bench.work / "pictures"
    made.mkdir()
    for index, work in enumerate(Generation.of(bench.model(), seed=1).works(arguments.works)):
        work.save(made / f"{index:04d}.png")
    if arguments.pictures is None:
        real.mkdir()
        for index in range(len(dataset)):
            dataset.picture(index).save(real / f"{index:06d}.png")
    command = [sys.executable, arguments.yardstick, real, made, "--size", 2 * dataset.size, "--limit", 256]
    command += ["--background", ",".join(map(str, dataset.settings["background"]))]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["silent"]
        raise RuntimeError(f"{arguments.yardstick}: {said[-1]} (exit code {done.returncode})")
    figures: dict[str, Any] = json.loads((done.stdout.strip().splitlines() or [""])[-1])
    return {**figures, "works": arguments.works, "beside": str(real)}
