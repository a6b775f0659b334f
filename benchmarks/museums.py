"""Fetches works from stand-ins of four museums that fail now and then, kills the program again and again, and looks
whether every work came once, none that is closed, and no server was asked more often than it allows.

    python benchmarks/museums.py [--works 500] [--kills 10] [--rate 20] [--faults 0.05] [--seed 0] [--only met,artic]

The servers are those of `museum_servers.py`, on this machine. A share of their addresses fails the first time (status
429 and 503 with Retry-After and without, bodies that break off, web pages in place of data, slowness); eight works each
are closed, closed in the list, without a picture, and so on. The program is killed with SIGKILL at moments drawn from
the seed, and started again each time. Exit code 1 if a work is missing, changed, double, or one that should not be
there, or a server refused a request that came too soon.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from museum_records import works  # which lie beside this script
from museum_servers import KINDS, Standing, standing

CALM = 0.95  # of what a server allows is what the program is told to make of it
CHILD = """
import sys
from pathlib import Path
from sfumato.collection import Reference
from sfumato.collection.museums.artic import Artic
from sfumato.collection.museums.client import Client
from sfumato.collection.museums.cleveland import Cleveland
from sfumato.collection.museums.fetching import fetch_museum
from sfumato.collection.museums.met import Met
from sfumato.collection.museums.pace import Rate
from sfumato.collection.museums.smithsonian import Smithsonian
kind, api, images, place, rate, limit = sys.argv[1:]
museum = {"met": Met, "artic": Artic, "cleveland": Cleveland, "smithsonian": Smithsonian}[kind](
    api=api, images=images, rate=Rate(1 / float(rate))
)
client = Client(museum.hosts, folder=Path(place) / "asked")
for _ in fetch_museum(
    Reference(kind, "sunflowers"), Path(place) / "c" / "pictures", limit=int(limit), museum=museum, client=client
):
    pass
"""


@dataclass
class Outcome:
    """What came of one museum. faults: what is not as it should be; again: answers that were given a
    second time, as the program was killed before it could note the first."""

    kind: str
    pictures: int = 0
    kills: int = 0
    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    again: int = 0
    busiest: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--rate", type=int, default=20, help="requests a second that each server allows")
    parser.add_argument("--faults", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(KINDS))
    asked = parser.parse_args()
    print("| museum | works | killed | requests | failed | again | most in a second | seconds |\n|" + "---|" * 8)
    wrong = 0
    for kind in asked.only.split(","):
        with tempfile.TemporaryDirectory() as place:
            found = visited(
                kind, asked.works, asked.kills, Path(place), rate=asked.rate, faults=asked.faults, seed=asked.seed
            )
        failed = ", ".join(f"{count} x {fault}" for fault, count in found.failed.most_common())
        print(
            f"| {kind} | {found.pictures} | {found.kills} | {found.requests} | {failed} | {found.again} | "
            f"{found.busiest} of {asked.rate} | {found.seconds:.0f} |",
            flush=True,
        )
        for fault in found.faults:
            print(f"{kind}: {fault}")
        wrong += len(found.faults)
    print(f"{wrong} faults" if wrong else "every work once, none that is closed, no server asked too often")
    return int(wrong > 0)


def visited(
    kind: str, count: int, kills: int, place: Path, *, rate: int, faults: float, seed: int, flawed: int = 8
) -> Outcome:
    """Fetch `count` works from a stand-in, with so many kills on the way, and look at what is there."""
    drawn, found, began = random.Random(f"{seed}{kind}"), Outcome(kind), time.monotonic()
    made = works(count - 1, seed, flawed)  # of those that share a picture one is had too
    with standing(kind, made, faults=faults, seed=seed, most_a_second=rate) as museum:
        command = [sys.executable, "-c", CHILD, kind, museum.api, museum.images, str(place), str(CALM * rate)]
        command.append(str(count))
        # About as many requests as there will be: two for each work.
        for moment in sorted(drawn.sample(range(1, 2 * count), kills)):
            found.kills += _killed(command, museum, moment, drawn.uniform(0, 0.03))
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            found.faults.append(f"the last run failed: {done.stderr[-500:]}")
        _look(museum, place / "c" / "pictures", found)
    found.seconds = time.monotonic() - began
    return found


def _environment() -> dict[str, str]:
    return os.environ | {"NO_PROXY": "127.0.0.1", "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")}


def _killed(command: list[str], museum: Standing, requests: int, later: float) -> bool:
    """Start the program and kill it a moment after so many requests in all; False where it was done before."""
    running = subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(museum.asked) < requests and running.poll() is None:
        time.sleep(0.002)
    time.sleep(later)
    was_running = running.poll() is None
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    return was_running


def _look(museum: Standing, folder: Path, found: Outcome) -> None:
    wanted = museum.wanted()
    files = {path.name: path for path in folder.rglob("*.jpg")}
    found.pictures = len(files)
    found.faults += [f"{name} is missing" for name in wanted.keys() - files.keys()]
    found.faults += [f"{name} should not be there" for name in files.keys() - wanted.keys()]
    for name in wanted.keys() & files.keys():
        if not wanted[name].flaw and files[name].read_bytes() != wanted[name].picture:
            found.faults.append(f"{name} is not what the museum has")
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text("utf-8").splitlines()]
    named = Counter(row["file_name"].rpartition("/")[2] for row in rows)
    found.faults += [f"{name} stands {count} times in the table" for name, count in named.items() if count > 1]
    found.faults += [f"{name} does not stand in the table" for name in files.keys() - named.keys()]
    found.faults += [f"{row['file_name']}: {row['licence']}" for row in rows if row["licence"] != "CC0-1.0"]
    contents = Counter(path.read_bytes() for path in files.values())
    found.faults += [f"a picture is there {count} times" for count in contents.values() if count > 1]
    left = [path.name for path in folder.rglob(".*.tmp")]
    found.faults += [f"{name} was left behind" for name in left]
    found.requests, found.busiest = len(museum.asked), museum.busiest_second()
    found.failed = Counter(fault for fault in museum.faults.values() if fault)
    found.again = museum.served.total() - len(museum.served)
    if museum.refused:
        found.faults.append(f"{museum.refused} requests came too soon")


if __name__ == "__main__":
    sys.exit(main())
