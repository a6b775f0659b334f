"""sfumato beside its peers: the same pictures, the same minutes, the same yardstick, on a CPU.

    PEERS/bin/python benchmarks/peers.py --pictures TILES --work DIR --sfumato BIN/sfumato --yardstick yardstick.py
    ... --pictures ART --work OTHER --size 64 --only real sfumato ddpm diffusers article

Contenders, each in a process of its own with a fresh interpreter:

    real             as many real pictures against the rest of them: the floor
    sfumato          `sfumato train` and `sfumato generate`, in the environment that --sfumato names
    sfumato-minute   the same with one minute of training, however many the others have
    ddpm             denoising-diffusion-pytorch as its README says
    diffusers        UNet2DModel and the loop of diffusers' unconditional example
    article          the listing of 'Implementing Diffusion Models for Creative AI Art Generation'
    ddpm-tuned       the best of a third and a ninth of the width with three learning rates each, chosen by KID after
    diffusers-tuned  --selection-minutes, then trained in full
    diffusers-ours   diffusers' network in sfumato's way of learning

What is changed in what a peer says stands at the head of its script in benchmarks/contenders. This one goes on where it
was stopped: what has a line in DIR/results.jsonl is skipped, what failed is tried again; delete a line to have that
contender run again. DIR/table.md is the table of what is done. The machine should do nothing else meanwhile.

The peers need torchvision, and so a torch that sfumato itself does not ask for: they have an environment of their own,
which runs this script.

    python3.11 -m venv PEERS
    PEERS/bin/pip install torch==2.14.1 torchvision==0.29.1
    PEERS/bin/pip install denoising-diffusion-pytorch==2.3.4 diffusers==0.42.1
    PEERS/bin/pip install pydantic typer rich safetensors huggingface_hub 'pillow>=12.2'
    PEERS/bin/pip install --no-deps -e .
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contenders.pictures import apart, prepare

HERE = Path(__file__).resolve().parent
DDPM_RATES, DIFFUSERS_RATES = (8e-5, 3e-4, 1e-3), (1e-4, 3e-4, 1e-3)
# The nearest that the networks can have to a third and a ninth of 64 and of 128.
DDPM_WIDTHS, DIFFUSERS_WIDTHS = (22, 8), (40, 16)
YARDSTICK_SECONDS = 15.0  # for the plan


@dataclass(frozen=True)
class Contender:
    """options: what its script goes by; seconds_a_work: at 32 px on two cores, for the plan; trials: those from which
    it takes the options of the best; short: whether it trains for the time of a selection; minutes: of training, 0 for
    as many as are asked for."""

    name: str
    script: str
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds_a_work: float = 0.1
    trials: tuple[str, ...] = ()
    short: bool = False
    minutes: float = 0.0


def contenders() -> dict[str, Contender]:
    """All of them, in the order in which they run: trials before what they are for."""
    ddpm = {"width": 64, "learning_rate": 8e-5, "bfloat16": True}
    diffusers = {"width": 128, "learning_rate": 1e-4, "tuned": False, "ours": False}
    made = [
        Contender("real", ""),
        Contender("sfumato", "ours", {}, 0.06),
        Contender("sfumato-minute", "ours", {}, 0.06, minutes=1.0),
        Contender("ddpm", "denoising_diffusion", ddpm, 0.5),
        Contender("diffusers", "diffusers_unet", diffusers, 0.9),
        Contender("article", "article_listing", {}, 0.005),
    ]
    for plain, widths, rates in ((made[3], DDPM_WIDTHS, DDPM_RATES), (made[4], DIFFUSERS_WIDTHS, DIFFUSERS_RATES)):
        tuned = {**plain.options, **({"tuned": True} if "tuned" in plain.options else {})}
        trials = [
            Contender(
                f"{plain.name}-{width}-{rate:g}",
                plain.script,
                {**tuned, "width": width, "learning_rate": rate},
                0.15,
                short=True,
            )
            for width in widths
            for rate in rates
        ]
        names = tuple(trial.name for trial in trials)
        made += [*trials, Contender(f"{plain.name}-tuned", plain.script, {}, 0.15, names)]
    made.append(Contender("diffusers-ours", "diffusers_unet", {**diffusers, "ours": True}, 0.9))
    return {contender.name: contender for contender in made}


EVERYONE = contenders()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of pictures, classes in sub-folders")
    parser.add_argument("--work", type=Path, required=True, help="for everything that is made")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--selection-minutes", type=float, default=3.0)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--works", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--background", default="24,20,28", metavar="R,G,B", help="what shows through transparency")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of the contenders, and of their trials")
    parser.add_argument("--sfumato", type=Path, required=True, help="the program, in its own environment")
    parser.add_argument("--yardstick", type=Path, required=True, help="the script that compares two folders")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done, and how long it takes")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as with Ctrl-C, a contender is not left running
    # A path to a program may be a link that must not be followed: its Python is found beside it.
    arguments.sfumato = arguments.sfumato.absolute()
    arguments.python = arguments.sfumato.with_name("python")
    for path in (arguments.pictures, arguments.sfumato, arguments.python, arguments.yardstick):
        if not path.exists():
            raise SystemExit(f"{path}: there is no such file")
    chosen = list(with_trials(arguments.only or [c.name for c in EVERYONE.values() if not c.short]))
    if arguments.dry_run:
        print(plan(chosen, arguments))
        return 0
    contest = Contest(arguments)
    failed = [contender.name for contender in chosen if not contest.run(contender)]
    print(contest.table())
    return int(bool(failed))


def with_trials(names: Sequence[str]) -> Iterator[Contender]:
    """Those named and their trials, in the order in which they run."""
    if unknown := set(names) - EVERYONE.keys():
        raise SystemExit(f"--only {min(unknown)}: there is none of that name; choose from {', '.join(EVERYONE)}")
    wanted = {*names, *(trial for name in names for trial in EVERYONE[name].trials)}
    yield from (contender for contender in EVERYONE.values() if contender.name in wanted)


def plan(chosen: Sequence[Contender], arguments: argparse.Namespace) -> str:
    """Who runs for how long."""
    lines, total = [], 0.0
    for contender in chosen:
        training = 60 * minutes_of(contender, arguments)
        making = contender.seconds_a_work * arguments.works * (arguments.size / 32) ** 2 * bool(contender.script)
        total += training + making + YARDSTICK_SECONDS
        options = ", ".join(f"{name} {value}" for name, value in contender.options.items())
        lines.append(
            f"{contender.name:22} {training / 60:5.1f} min, works and yardstick about "
            f"{(making + YARDSTICK_SECONDS) / 60:4.1f} min  {options or ('the best trial' * bool(contender.trials))}"
        )
    return "\n".join([*lines, f"in all about {total / 3600:.1f} hours"])


def minutes_of(contender: Contender, arguments: argparse.Namespace) -> float:
    """Of training."""
    if not contender.script:
        return 0.0
    return contender.minutes or float(arguments.selection_minutes if contender.short else arguments.minutes)


class Contest:
    """One set of pictures, one size, one length of training, and what came of it so far."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.work = arguments, arguments.work.absolute()
        if self.work.is_dir() and any(self.work.iterdir()) and not (self.work / "contest").is_file():
            raise SystemExit(f"{self.work}: holds other things; choose another --work")
        self.work.mkdir(parents=True, exist_ok=True)
        (self.work / "contest").touch()
        self.results = self.work / "results.jsonl"
        background = tuple(map(int, arguments.background.split(",")))
        self.prepared = prepare(arguments.pictures.absolute(), self.work / "pictures", arguments.size, background)

    def run(self, contender: Contender) -> bool:
        """Whether it is done, now or before."""
        options = dict(contender.options)
        if contender.trials:
            best = self.best(contender.trials)
            if best is None:
                print(f"{contender.name}: none of its trials came to an end")
                return False
            options = best["job"]["options"]
        job = self.job(contender, options)
        if (done := self.result(job)) is not None:
            print(f"{contender.name}: done before, {told(done)}", flush=True)
            return True
        print(f"{contender.name}: begins at {time.strftime('%H:%M')}", flush=True)
        place = self.work / contender.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            line = {"job": job, **self.measured(contender, job, place)}
        except ContenderError as error:
            line = {"job": job, "error": str(error)}
        with self.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        (self.work / "table.md").write_text(self.table() + "\n", "utf-8")
        print(f"{contender.name}: {told(line)}", flush=True)
        return "error" not in line

    def job(self, contender: Contender, options: Mapping[str, Any]) -> dict[str, Any]:
        """What a result is a result of."""
        return {
            "contender": contender.name,
            "pictures": self.prepared["digest"],
            "size": self.arguments.size,
            "minutes": minutes_of(contender, self.arguments),
            "works": self.arguments.works,
            "seed": self.arguments.seed,
            "options": dict(options),
        }

    def lines(self) -> list[dict[str, Any]]:
        if not self.results.exists():
            return []
        return [json.loads(line) for line in self.results.read_text("utf-8").splitlines()]

    def result(self, job: Mapping[str, Any]) -> dict[str, Any] | None:
        """What came of a job, if it came to an end."""
        found = [line for line in self.lines() if line["job"] == job and "error" not in line]
        return found[-1] if found else None

    def best(self, trials: Iterable[str]) -> dict[str, Any] | None:
        """The trial's result with the lowest KID."""
        done = [self.result(self.job(EVERYONE[name], EVERYONE[name].options)) for name in trials]
        return min((line for line in done if line is not None), key=lambda line: float(line["kid"]), default=None)

    def measured(self, contender: Contender, job: Mapping[str, Any], place: Path) -> dict[str, Any]:
        """Let it learn and make its works, and hold the yardstick to them. Raises ContenderError."""
        if not contender.script:
            some, rest = apart(self.prepared, self.work / "pictures", place, self.arguments.works, self.arguments.seed)
            return {"settings": f"{len(list(some.iterdir()))} pictures", **self.distances(rest, some, place)}
        given = {
            "place": str(place),
            "pictures": str(self.work / "pictures" / "files"),
            **{name: job[name] for name in ("size", "minutes", "works", "seed", "options")},
        }
        (place / "job.json").write_text(json.dumps(given), "utf-8")
        python = self.arguments.python if contender.script == "ours" else sys.executable
        command = [str(python), str(HERE / "contenders" / f"{contender.script}.py"), str(place / "job.json")]
        memory = run_alone(command, place / "log.txt")
        outcome = json.loads((place / "outcome.json").read_text("utf-8"))
        return {
            **outcome,
            "peak_memory_bytes": memory,
            **self.distances(self.arguments.pictures, place / "works", place),
        }

    def distances(self, real: Path, works: Path, place: Path) -> dict[str, Any]:
        """What the yardstick says. It looks at pictures at twice their size, as its network knows larger ones."""
        limit = ["--limit", "256", "--background", self.arguments.background]
        command = [sys.executable, str(self.arguments.yardstick), str(real), str(works)]
        run_alone([*command, "--size", str(2 * self.arguments.size), *limit], place / "yardstick.txt")
        said: dict[str, Any] = json.loads((place / "yardstick.txt").read_text("utf-8").splitlines()[-1])
        return said

    def table(self) -> str:
        """What is done of this contest, in Markdown."""
        rows = [
            "| contender | settings | pictures/s | steps | KID | copies | seconds for 16 works | peak memory, GB |",
            "|---|---|---|---|---|---|---|---|",
        ]
        latest = {line["job"]["contender"]: line for line in self.lines() if self.same_contest(line["job"])}
        return "\n".join([*rows, *(row(name, latest[name]) for name in EVERYONE if name in latest)])

    def same_contest(self, job: Mapping[str, Any]) -> bool:
        contender = EVERYONE.get(job["contender"])
        if contender is None:
            return False
        return self.job(contender, job["options"] if contender.trials else contender.options) == job


def row(name: str, line: Mapping[str, Any]) -> str:
    if "error" in line:
        return f"| {name} | failed: {line['error'][:80]} | | | | | | |"
    distance = f"{line['kid']:.0f} +- {line['kid_sd']:.0f} | {line['copies']:.3f}"
    if "steps" not in line:
        return f"| {name} | {line['settings']} | | | {distance} | | |"
    speed = line["pictures"] / line["train_seconds"]
    return (
        f"| {name} | {line['settings']}, {line['parameters'] / 1e6:.1f} M | {speed:.1f} | {line['steps']:,} | "
        f"{distance} | {line['seconds_for_16']:.2f} | {line['peak_memory_bytes'] / 1e9:.1f} |"
    )


def told(line: Mapping[str, Any]) -> str:
    """A result in a few words."""
    if "error" in line:
        return f"failed: {line['error']}"
    shown = f", {line['pictures']:,} pictures in {line['train_seconds']:.0f} s" if "steps" in line else ""
    return f"KID {line['kid']:.0f} +- {line['kid_sd']:.0f}, copies {line['copies']:.3f}{shown}"


class ContenderError(Exception):
    """A process that did not leave with 0."""


def run_alone(command: Sequence[str], log: Path) -> int:
    """Run to its end, what it says into a file. Returns the peak of its memory in bytes: of it or of the largest
    process that it started and waited for. Raises ContenderError."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = [line for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
        raise ContenderError(f"{said[-1][:200] if said else 'silent'} (exit code {process.returncode}, see {log})")
    return usage.ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
