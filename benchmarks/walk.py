"""Walks over every command that writes, with a person's files in its way, and looks whether one of them was touched.

    python benchmarks/walk.py [--kills 50] [--seed 0] [--only COMMAND,...]

First each command is run where nothing lies, to see which names it uses. Then, with --force and without:
  in the way  a person's file (and once a person's directory) lies under one of those names, one at a time;
  beside      the command's own output is there, and a person's files lie in every directory of it, under names like
              those that programs use for what is unfinished; then it is run again, or goes on with --resume;
  killed      the same, and the command is killed with SIGKILL at a moment drawn from the seed.
Every one of those files must be there afterwards, equal to the byte; only a file that was named with -o may be written
over, with --force. Exit code 1 if one was touched, or a command failed otherwise than with a sentence.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch._dynamo  # what the first step of every training would import
from kills import write_settings  # which lies beside this script
from PIL import Image

import sfumato.evaluation
import sfumato.models
import sfumato.training  # noqa: F401 (what every command would import)
from sfumato.cli.app import main as cli
from sfumato.collection import workers
from sfumato.collection.drawn_collection import draw_collection
from sfumato.pipeline import demonstration

MINE = b"a person's own, \x00 to the byte\n"


@dataclass(frozen=True)
class Command:
    """name: for people; words: the command line, with names in capitals for what all commands read; named: the file
    that -o names; again: what is said the second time, where that is another thing than --force."""

    name: str
    words: str
    named: str = ""
    again: str = ""


LENGTH = "--steps 8 --set checkpoint_every=4 --config SHARED/tiny.toml --device cpu"
SHORT = "--steps 2 --trajectory"
WAY = "interpolate WORK SHARED/works/0001.png --model MODEL --frames 3 --steps 2"
COMMANDS = (
    Command("collect", "collect ART -o out"),
    Command("table", "collection edit SHARED/collection --write my.csv", "my.csv"),
    Command("train", f"train ART -o out {LENGTH}"),
    Command("further", f"train ART -o out {LENGTH}", again="train --resume -o out --steps 8 --device cpu"),
    Command("logged", f"train ART -o out --log tensorboard {LENGTH}"),
    Command("distill", "distill MODEL -o out --set steps=6 --set minutes=0 --device cpu"),
    Command("generate", f"generate MODEL -n 3 {SHORT} -o out"),
    Command("print", f"generate MODEL -n 2 {SHORT} --upscale SHARED/upscaler --print 10x8mm@254 -o out"),
    Command("upscale", f"upscale SHARED/upscaler WORK {SHORT} -o large.png", "large.png"),
    Command("reimagine", f"reimagine MODEL WORK {SHORT} -o new.png", "new.png"),
    Command("inpaint", f"inpaint MODEL WORK SHARED/mask.png {SHORT} -o in.png", "in.png"),
    Command("outpaint", f"outpaint MODEL WORK --left 8 {SHORT} -o on.png", "on.png"),
    Command("again", f"again WORK --model MODEL {SHORT} -o again.png", "again.png"),
    Command("nearest", "nearest WORK --model MODEL -o nearest.png", "nearest.png"),
    Command("interpolate", f"{WAY} -o way.webp", "way.webp"),
    Command("film", f"{WAY} -o way.mp4", "way.mp4"),
    Command("grid", "grid MODEL --vary steps=1,2 -n 1 -o grid.png", "grid.png"),
    Command("key", "key export my.pem", "my.pem"),
    Command("card", "card MODEL -o card.md", "card.md"),
    Command("evaluate", "evaluate MODEL --against ART -n 16 --device cpu -o out"),
    Command("report", "collection report SHARED/collection --model MODEL -n 20 --device cpu -o out"),
    Command("compare", "compare ART --minutes 0.05 --size 32 --device cpu -o out"),
    Command("studio", "studio --check --data out"),
    Command("demo", "demo --minutes 0.02 -o out"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="names of commands, with commas")
    parser.add_argument(
        "--most", type=int, help="names that are put in the way of each command; all if nothing is said"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # threads do not outlive a fork
    # The demonstration draws a thousand pictures, of which these walks need a few.
    demonstration.DRAWN_PER_CLASS, demonstration.WORKS_PER_CLASS = 4, 1
    workers.default_workers = lambda: 1  # a decoding process takes longer to start than to read fifty small pictures
    chosen = [command for command in COMMANDS if not arguments.only or command.name in arguments.only.split(",")]
    with tempfile.TemporaryDirectory() as temporary:
        shared, place = make_shared(Path(temporary) / "shared", chosen), Path(temporary) / "walk"
        lasted: dict[Command, float] = {}
        faults = [fault for command in chosen for fault in walk(command, shared, place, lasted, arguments.most)]
        faults += kills(lasted, shared, place, arguments.kills, random.Random(arguments.seed))
    print(f"{len(faults)} faults" if faults else "every file of the person's is there, equal to the byte")
    return int(bool(faults))


def make_shared(folder: Path, chosen: Sequence[Command]) -> Path:
    """Art, a mask, and of a run, an upscaler and works what the chosen commands read."""
    folder.mkdir(parents=True)
    list(draw_collection(folder / "art", per_class=10, size=64))
    write_settings(folder / "tiny.toml", 8)
    mask = Image.new("L", (32, 32))
    mask.paste(255, (8, 8, 24, 24))
    mask.save(folder / "mask.png")
    made = {
        "SHARED/collection": "collect ART -o SHARED/collection",
        "MODEL": f"train ART -o MODEL {LENGTH}",
        "SHARED/upscaler": f"train ART -o SHARED/upscaler --upscaler 2 {LENGTH}",
        "WORK": "generate MODEL -n 2 --steps 2 -o SHARED/works",
    }
    read = {word for command in chosen for word in command.words.replace("WORK", "MODEL WORK").split()}
    for words in (words for name, words in made.items() if name in read):
        code, said = run(words, folder, folder)
        if code:
            raise RuntimeError(f"exit code {code} of {words}\n{said}")
    return folder


def command_line(words: str, shared: Path) -> list[str]:
    places = {"ART": "art", "MODEL": "run", "WORK": "works/0000.png", "SHARED": ""}
    line = ["sfumato"]
    for word in words.split():
        known, slash, rest = word.partition("/")
        line.append(f"{shared / places[known]}{slash}{rest}" if known in places else word)
    return line


def start(words: str, shared: Path, place: Path, output: Path) -> int:
    """Run a command in a working directory, in a process of its own: its number.

    It is a fork of this one, which has everything imported, so that a thousand refusals take no hour.
    """
    line = command_line(words, shared)
    child = os.fork()
    if child:
        return child
    os.setsid()  # its decoding processes are killed with it
    code = 1
    try:
        os.chdir(place)
        with output.open("wb") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        sys.argv = line
        cli()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 (whatever it is, it is a fault, and is shown)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run(words: str, shared: Path, place: Path) -> tuple[int, str]:
    """The exit code of a command, and what it said."""
    with tempfile.TemporaryDirectory() as temporary:
        output = Path(temporary) / "said"
        _, status = os.waitpid(start(words, shared, place, output), 0)
        return os.waitstatus_to_exitcode(status), output.read_text("utf-8", errors="replace")


def fresh(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def walk(command: Command, shared: Path, place: Path, lasted: dict[Command, float], most: int | None) -> Iterator[str]:
    """Everything but the kills, for one command; yields the faults. lasted: receives how long it took beside its own
    output; most: so many names in the way at most."""
    began = time.monotonic()
    code, said = run(command.words, shared, fresh(place))
    shutil.copytree(place, alone(command, place), symlinks=True)
    if code:
        yield said_fault(command, "alone", code, said)
        return
    made = sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))
    files = [name for name in made if (place / name).is_file()]
    outcomes: Counter[str] = Counter()
    for name in files[:most]:
        for force in ("", "--force"):
            if name == command.named and force:
                continue  # by name, and on request
            put = {fresh(place) / name: MINE}
            yield from check(command, "in the way", name, f"{command.words} {force}", shared, place, put, outcomes)
    for name in made[:most]:
        put = {fresh(place) / name / "photograph.jpg": MINE}
        yield from check(command, "in the way", f"{name}/", f"{command.words} --force", shared, place, put, outcomes)
    put, again = beside(command, place)
    started = time.monotonic()
    yield from check(command, "beside", "", again, shared, place, put, outcomes)
    lasted[command] = time.monotonic() - started
    told = ", ".join(f"{count} {what}" for what, count in sorted(outcomes.items()))
    print(f"{command.name}: {len(made)} names; {told}; {time.monotonic() - began:.0f} s", flush=True)


def alone(command: Command, place: Path) -> Path:
    """Where what the command wrote at ``place``, where nothing lay, is kept."""
    return place.parent / "alone" / command.name


def beside(command: Command, place: Path) -> tuple[dict[Path, bytes], str]:
    """The command's output, with a person's files in all of it; and what to run then."""
    shutil.rmtree(place)
    shutil.copytree(alone(command, place), place, symlinks=True)
    put = {}
    for folder in [place, *(path for path in place.rglob("*") if path.is_dir())]:
        for name in (".photos.tmp", "a.part", "notes.txt", "a.jpg", "20261128.png", ".way.partial.mp4"):
            put[folder / name] = MINE
        for name in ("out", "model", "dataset", "pictures"):
            for unfinished in (f".{name}.partial", f".{name}.old", f"{name}.tmp"):
                put[folder / unfinished / "photograph.jpg"] = MINE
        put[folder / "20261128" / "photograph.jpg"] = MINE
    return put, command.again or f"{command.words} --force"


def write(put: dict[Path, bytes]) -> None:
    for path, data in put.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def check(
    command: Command,
    how: str,
    name: str,
    words: str,
    shared: Path,
    place: Path,
    put: dict[Path, bytes],
    outcomes: Counter[str],
) -> Iterator[str]:
    write(put)
    code, said = run(words, shared, place)
    outcomes["refused" if code == 2 else "done"] += 1
    if code not in (0, 2) or "Traceback" in said:
        yield said_fault(command, f"{how} {name}", code, said)
    yield from touched(command, f"{how} {name} {'--force' if '--force' in words else ''}", place, put)


def touched(command: Command, how: str, place: Path, put: dict[Path, bytes]) -> Iterator[str]:
    for path, data in put.items():
        if not path.is_file() or path.is_symlink() or path.read_bytes() != data:
            what = "was changed" if path.exists() else "is gone"
            fault = f"FAULT {command.name}, {how}: {path.relative_to(place)} {what}"
            print(fault, flush=True)
            yield fault


def said_fault(command: Command, how: str, code: int, said: str) -> str:
    fault = f"FAULT {command.name}, {how}: exit code {code}: {said.strip()[-1500:]}"
    print(fault, flush=True)
    return fault


def kills(lasted: dict[Command, float], shared: Path, place: Path, count: int, moments: random.Random) -> list[str]:
    """Kill commands that meet a person's files beside their own; the same command must go on afterwards."""
    faults: list[str] = []
    alive = 0
    for _, command in zip(range(count), itertools.cycle(lasted), strict=False):
        put, again = beside(command, place)
        write(put)
        killed = run_and_kill(again, shared, place, moments.uniform(0.0, 1.0) * lasted[command])
        alive += killed
        faults += touched(command, "killed", place, put)
        code, said = run(again, shared, place)
        if code not in (0, 2) or "Traceback" in said:
            faults.append(said_fault(command, "after a kill", code, said))
        faults += touched(command, "after a kill", place, put)
    if count:
        print(f"{count} runs killed, {alive} of them before they had ended", flush=True)
    return faults


def run_and_kill(words: str, shared: Path, place: Path, seconds: float) -> bool:
    """Whether it was still at work when it was killed, with its decoding processes."""
    child = start(words, shared, place, Path(os.devnull))
    time.sleep(seconds)
    ended, _ = os.waitpid(child, os.WNOHANG)
    if ended:
        return False
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


if __name__ == "__main__":
    sys.exit(main())
