"""sfumato as a person uses it: two commands. Runs with the Python that sfumato is installed for.

Its minutes hold everything from measuring the machine to the finished model; collecting the pictures comes on top.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from contest import BATCH, Job, parameters

from sfumato.models import Generation, Model

TIMED = 3


def main() -> None:
    job = Job.read()
    run, sfumato = job.place / "run", str(Path(sys.executable).with_name("sfumato"))
    train = ["train", str(job.pictures), "-o", str(run), "--size", str(job.size), "--minutes", str(job.minutes)]
    began = time.perf_counter()
    subprocess.run([sfumato, *train, "--seed", str(job.seed), "--device", "cpu"], check=True)
    command_seconds = time.perf_counter() - began
    works = ["generate", str(run), "-n", str(job.works), "-o", str(job.place / "works")]
    subprocess.run([sfumato, *works, "--seed", str(job.seed + 1)], check=True)
    settings = json.loads((run / "run.json").read_bytes())["settings"]
    finished = json.loads((run / "log.jsonl").read_text("utf-8").splitlines()[-1])
    if finished["event"] != "finished":
        raise SystemExit(f"{run}: the training came to no end")
    model = Model.from_pretrained(run)
    steps = finished["step"]
    job.report(
        settings=f"{settings['network']['kind']}, as planned, batch {settings['batch']}, "
        f"{settings['optimiser']['kind']}, {settings['precision']}; "
        f"{model.config.generation.steps} steps of {model.config.generation.sampler}",
        version=version("sfumato"),
        parameters=parameters(model.denoiser),
        steps=steps,
        pictures=steps * settings["batch"],
        train_seconds=finished["clock"]["elapsed_seconds"],
        command_seconds=command_seconds,
        seconds_for_16=seconds_for_16(model, job.seed),
    )


def seconds_for_16(model: Model, seed: int) -> float:
    """After loading, and after a first batch, which is slower."""
    timings = []
    for _ in range(TIMED + 1):
        began = time.perf_counter()
        Generation.of(model, seed=seed).pictures(BATCH)
        timings.append(time.perf_counter() - began)
    return statistics.median(timings[1:])


if __name__ == "__main__":
    main()
