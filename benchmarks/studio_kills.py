"""Kills the studio with SIGKILL at random moments of trainings and of making works, starts it again, and looks whether
anything is lost.

    python benchmarks/studio_kills.py [--kills 20] [--seed 0] [--folder FOLDER]
    python benchmarks/studio_kills.py --workers      # kills its workers too, each as often as the server

At the end every job must be finished, or failed with its reason; every finished job must have all its works, each once,
in a file that can be read; and the journal's events must be numbered without a gap. Exit code 1 if they are not.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from sfumato.collection.drawn import draw
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.job import Job
from sfumato.studio.jobs.journal import Journal
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.specs import Collect, Generate, Spec, Train
from sfumato.studio.jobs.states import AT_WORK, ENDED
from sfumato.studio.place import Place
from sfumato.studio.uploads import Upload
from sfumato.studio.workers.supervisor import Supervisor
from sfumato.works import read_work

TINY = {
    "network": '{ kind = "unet", patch = 2, channels = [8], blocks = 1, width = 16, depth = 1, heads = 1 }',
    "batch": 4,
    "threads": 1,
    "checkpoint_every": 10,
    "snapshots": 3,
    "evaluations": 2,
}
LONGEST = 900.0  # seconds, for all jobs to end once nothing is killed any more


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=3000, help="of each training")
    parser.add_argument("--works", type=int, default=256, help="of each job that makes some")
    parser.add_argument("--jobs", type=int, default=3, help="of each kind")
    parser.add_argument("--between", type=float, default=3.0, help="seconds from the first work to a kill, at most")
    parser.add_argument("--workers", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        return serve(arguments.serve)
    with tempfile.TemporaryDirectory() as temporary:
        return kill_many(arguments, Place((arguments.folder or Path(temporary)) / "studio"))


def serve(path: Path) -> int:
    """What of the server the jobs depend on."""
    with Supervisor(Database.open(Place(path))), suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)
    return 0


def kill_many(arguments: argparse.Namespace, place: Place) -> int:
    database, moments, began = Database.open(place), random.Random(arguments.seed), time.monotonic()
    queue = Queue(database)
    model = prepared(place, database)
    jobs = [queue.add(spec) for number in range(arguments.jobs) for spec in asked(model, number, arguments)]
    killed = Counter[str]()
    server = start(place)
    while sum(killed.values()) < arguments.kills:
        if not wait_for_work(queue, server, [job.id for job in jobs]):
            break
        time.sleep(moments.uniform(0, arguments.between))
        if arguments.workers and moments.random() < 0.5 and (worker := a_worker(queue, moments)) is not None:
            with suppress(ProcessLookupError):
                os.killpg(worker, signal.SIGKILL)
            killed["worker"] += 1
            continue
        server.kill()
        server.wait()
        killed["server"] += 1
        server = start(place)
    try:
        wait(queue, [job.id for job in jobs], LONGEST)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
    faults = list(found_faults(place, database, [queue.job(job.id) for job in jobs]))
    ended = Counter(queue.job(job.id).state for job in jobs)
    print(
        f"{sum(killed.values())} kills ({dict(killed)}) in {time.monotonic() - began:.0f} s; "
        f"jobs: {dict(ended)}; {Journal(database).last()} events; {len(faults)} faults"
    )
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def prepared(place: Place, database: Database) -> str:
    """A model to make works with; returns its id."""
    queue, upload = Queue(database), Upload.begin(place)
    files = []
    for name in ("planes", "waves"):
        for seed in range(10):
            file = io.BytesIO()
            draw(name, seed, 32).save(file, "PNG")
            file.seek(0)
            files.append((file, f"art/{name}/{seed}.png"))
    upload.add(files)
    with Supervisor(database):
        collect = wait(queue, [queue.add(Collect(name="art", upload=upload.id)).id], LONGEST)[0]
        collection = str((collect.result or {})["collection"])
        train = queue.add(Train(name="tiny", collection=collection, size=32, settings={**TINY, "steps": 20}))
        (trained,) = wait(queue, [train.id], LONGEST)
    return str((trained.result or {})["model"])


def asked(model: str, number: int, arguments: argparse.Namespace) -> list[Spec]:
    settings = {**TINY, "steps": arguments.steps}
    return [
        Train(name=f"run {number}", collection="art-1", size=32, settings=settings, seed=number),
        Generate(model=model, asked={"seed": number, "steps": 12}, count=arguments.works),
    ]


def start(place: Place) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, __file__, "--serve", str(place.path)])


def a_worker(queue: Queue, moments: random.Random) -> int | None:
    """The process of a job that is done now."""
    owners = [job.owner for job in queue.jobs(states=AT_WORK) if job.owner]
    return int(moments.choice(owners).split(":")[1]) if owners else None


def wait_for_work(queue: Queue, server: subprocess.Popen[bytes], ids: list[int]) -> bool:
    """Until a worker of this server is at a job; whether there is one before all jobs have ended."""
    deadline = time.monotonic() + LONGEST
    while any(queue.job(id).state not in ENDED for id in ids):
        for job in queue.jobs(states=AT_WORK):
            if job.owner and parent_of(int(job.owner.split(":")[1])) == server.pid:
                return True
        if time.monotonic() > deadline:
            raise SystemExit("nobody works any more")
        time.sleep(0.02)
    return False


def parent_of(process: int) -> int | None:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def wait(queue: Queue, ids: list[int], seconds: float) -> list[Job]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        jobs = [queue.job(id) for id in ids]
        if all(job.state in ENDED for job in jobs):
            return jobs
        time.sleep(0.1)
    raise SystemExit(f"these did not end: {[(job.id, job.kind, job.state, job.progress) for job in jobs]}")


def found_faults(place: Place, database: Database, jobs: list[Job]) -> list[str]:
    journal, gallery, faults = Journal(database), Gallery(database), list[str]()
    seq, numbers, told = 0, list[int](), Counter[tuple[int | None, int]]()
    while events := journal.after(seq):
        numbers += [event.seq for event in events]
        told.update((event.job, event.json["work"]["index"]) for event in events if event.type == "work")
        seq = events[-1].seq
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append("the journal's events are not numbered without a gap")
    faults += [f"work {index} of job {job} was told {count} times" for (job, index), count in told.items() if count > 1]
    works, before = [], None
    while True:
        page = gallery.search(before=before, limit=500)
        works += page.works
        before = page.next
        if before is None:
            break
    made = {(work.job, work.index): work for work in works}
    if len(made) != len(works) or set(made) != set(told):
        faults.append(f"{len(works)} works in the gallery, {len(made)} of them different, {len(told)} told")
    for work in works:
        read_work(gallery.path_of(work))  # raises for a file that is missing or damaged
    for job in jobs:
        if job.state == "failed" and job.reason:
            continue
        if job.state != "finished":
            faults.append(f"job {job.id} ({job.kind}) is {job.state}")
        elif job.kind == "generate":
            there = {index for id, index in made if id == job.id}
            if missing := set(range(job.spec["count"])) - there:
                faults.append(f"job {job.id}: works {sorted(missing)} are missing")
        elif not (place.runs / str((job.result or {}).get("model")) / "model" / "config.json").is_file():
            faults.append(f"job {job.id}: left no model")
    return faults


if __name__ == "__main__":
    sys.exit(main())
