"""Many clients at the studio while a training runs: is any job lost, is anything refused but by 429, and how soon does
the page answer?

    python benchmarks/studio_load.py [--clients 50] [--seconds 60] [--database postgresql+psycopg://...]

Each client opens the page, asks for a work, looks at its job, cancels one of ten, and waits for up to a second, again
and again; some follow the events. Exit code 1 if a job that was accepted is not there, has failed or does not end, if
an answer was neither what was asked for nor 429, if a follower misses an event, or if the median of the page is above
200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from sfumato.studio.jobs.states import ENDED
from sfumato.studio.place import Place
from sfumato.studio.server.tokens import Tokens

TINY = {
    "network": '{ kind = "unet", patch = 2, channels = [8], blocks = 1, width = 16, depth = 1, heads = 1 }',
    "batch": 4, "threads": 1, "snapshots": 0, "evaluations": 2,
}  # fmt: skip
FOLLOWERS = 5
LONGEST_START = 120.0


class Load:
    """What the clients saw."""

    def __init__(self, client: httpx.AsyncClient, seconds: float) -> None:
        self.client, self.seconds = client, seconds
        self.accepted: set[int] = set()
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.wrong: Counter[str] = Counter()
        self.busy = 0
        self.seen: list[set[int]] = []

    async def ask(self, method: str, path: str, expected: int, json: Any = None) -> Any:
        """The answer's JSON, or None for 429 and what should not be."""
        began = time.perf_counter()
        try:
            answer = await self.client.request(method, path, json=json)
        except httpx.HTTPError as error:
            self.wrong[f"{method} {path}: {type(error).__name__}"] += 1
            return None
        if answer.status_code == expected:
            self.times[f"{method} {'/'.join('N' if part.isdigit() else part for part in path.split('/'))}"].append(
                time.perf_counter() - began
            )
            return answer.json() if path != "/" else answer.text
        if answer.status_code == 429:
            self.busy += 1
            await asyncio.sleep(min(float(answer.headers["Retry-After"]), 1))
        else:
            self.wrong[f"{method} {path}: {answer.status_code} {answer.text[:200]}"] += 1
        return None

    async def one_client(self, number: int, model: str) -> None:
        moments = random.Random(number)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            await self.ask("GET", "/", 200)
            asked = {"seed": moments.randrange(1000), "steps": 2}
            job = await self.ask("POST", "/api/jobs", 201, {"kind": "generate", "model": model, "asked": asked})
            if job is not None:
                self.accepted.add(job["id"])
                await self.ask("GET", f"/api/jobs/{job['id']}", 200)
                if moments.random() < 0.1:
                    await self.cancel(job["id"])
            await asyncio.sleep(moments.random())

    async def cancel(self, id: int) -> None:
        """Whether it has ended already is the worker's luck; else it is told."""
        answer = await self.client.post(f"/api/jobs/{id}/cancel")
        if answer.status_code not in (200, 409, 429):
            self.wrong[f"cancel: {answer.status_code} {answer.text[:200]}"] += 1

    async def follow(self) -> None:
        seen: set[int] = set()
        self.seen.append(seen)
        with suppress(httpx.HTTPError):
            async with self.client.stream("GET", "/api/events", params={"after": 0}, timeout=None) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("id: "):
                        seen.add(int(line.removeprefix("id: ")))


async def ended(load: Load, ids: set[int], seconds: float) -> dict[int, dict[str, Any]]:
    """The jobs of those ids once they have ended, or as they are when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        jobs: dict[int, dict[str, Any]] = {}
        for before in [None, *range(max(ids) - 499, 1, -500)] if ids else []:
            answer = await load.client.get("/api/jobs", params={"limit": 500} | ({"before": before} if before else {}))
            jobs |= {job["id"]: job for job in answer.raise_for_status().json() if job["id"] in ids}
        if (len(jobs) == len(ids) and all(job["state"] in ENDED for job in jobs.values())) or (
            time.monotonic() > deadline
        ):
            return jobs
        await asyncio.sleep(0.5)


async def prepared(load: Load) -> tuple[str, int]:
    """A model to make works with, and a training that goes on meanwhile."""

    async def done(spec: dict[str, Any]) -> dict[str, Any]:
        job = await load.ask("POST", "/api/jobs", 201, spec)
        finished = (await ended(load, {job["id"]}, LONGEST_START))[job["id"]]
        if finished["state"] != "finished":
            raise SystemExit(f"{spec['kind']}: {finished['state']} {finished['reason']}")
        return dict(finished["result"])

    collection = (await done({"kind": "collect", "name": "drawn", "drawn": True}))["collection"]
    train = {"kind": "train", "collection": collection, "size": 32}
    model = (await done({**train, "name": "short", "settings": {**TINY, "steps": 20}}))["model"]
    job = await load.ask("POST", "/api/jobs", 201, {**train, "name": "long", "settings": {**TINY, "steps": 10**6}})
    deadline = time.monotonic() + LONGEST_START
    while not (await load.client.get(f"/api/jobs/{job['id']}")).json()["progress"].get("done"):
        if time.monotonic() > deadline:
            raise SystemExit("the training does not begin")
        await asyncio.sleep(0.2)
    return model, job["id"]


async def measured(url: str, token: str, arguments: argparse.Namespace) -> int:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as client:
        load = Load(client, arguments.seconds)
        model, training = await prepared(load)
        load.times.clear()
        step = (await client.get(f"/api/jobs/{training}")).json()["progress"]["done"]
        following = [asyncio.create_task(load.follow()) for _ in range(FOLLOWERS)]
        await asyncio.gather(*(load.one_client(number, model) for number in range(arguments.clients)))
        trained = (await client.get(f"/api/jobs/{training}")).json()
        # What still waits is taken out: the question is whether all that was accepted is accounted for.
        for job in (await client.get("/api/jobs", params={"state": "queued", "limit": 500})).json():
            await load.cancel(job["id"])
        while queued := (await client.get("/api/jobs", params={"state": "queued", "limit": 500})).json():
            for job in queued:
                await load.cancel(job["id"])
        jobs = await ended(load, load.accepted, 60)
        last = (await client.get("/api/state")).json()["seq"]
        await asyncio.sleep(1)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    return report(load, jobs, last, trained, step, arguments.median / 1000)


def report(
    load: Load, jobs: dict[int, dict[str, Any]], last: int, training: dict[str, Any], began: int, longest: float
) -> int:
    """Says what was measured, and what is wrong with it; 1 if anything is. began: the training's step then;
    longest: seconds that the median of the page may be."""
    states = Counter(job["state"] for job in jobs.values())
    steps = training["progress"].get("done", began) - began
    print(f"{len(load.accepted)} jobs accepted: {dict(states)}; {load.busy} times 429; {steps} steps of the training")
    for name, times in sorted(load.times.items()):
        times.sort()
        print(
            f"{name:20} {len(times):6} answers, median {1000 * statistics.median(times):.0f} ms, "
            f"95th percentile {1000 * times[int(0.95 * (len(times) - 1))]:.0f} ms"
        )
    faults = [f"{said} ({count} times)" for said, count in load.wrong.most_common(10)]
    if lost := load.accepted - jobs.keys():
        faults.append(f"jobs {sorted(lost)[:20]} are lost")
    faults += [f"job {id} is {job['state']}" for id, job in jobs.items() if job["state"] not in ENDED]
    faults += [f"job {id} failed: {job['reason']}" for id, job in jobs.items() if job["state"] == "failed"]
    faults += [
        f"a follower saw {len(seen)} of {last} events" for seen in load.seen if not set(range(1, last + 1)) <= seen
    ]
    if training["state"] != "running":
        faults.append(f"the training is {training['state']} {training['reason']}")
    if (median := statistics.median(load.times["GET /"])) > longest:
        faults.append(f"the page took {1000 * median:.0f} ms")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--median", type=float, default=200.0, help="milliseconds that the page may take")
    parser.add_argument("--database")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        own = Path(temporary)
        place = Place(own / "studio")
        port = arguments.port or free_port()
        database = ["--database", arguments.database] if arguments.database else []
        own_keys = {"SFUMATO_KEYS": str(own / "keys"), "SFUMATO_STATE": str(own / "state")}
        command = [sys.executable, "-m", "sfumato", "studio", "--no-browser", "--port", str(port)]
        server = subprocess.Popen(
            [*command, "--data", str(place.path), *database],
            env={**os.environ, **own_keys},
            stdout=subprocess.DEVNULL,
        )
        try:
            running = answering(place, server)
            return asyncio.run(measured(running, Tokens.open(place).owner, arguments))
        finally:
            server.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.wait(20)
            server.kill()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answering(place: Place, server: subprocess.Popen[bytes]) -> str:
    """The server's address, once it has one."""
    deadline = time.monotonic() + LONGEST_START
    file = place.path / "running.json"
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, ValueError):
            return str(json.loads(file.read_text())["url"])
        time.sleep(0.1)
    raise SystemExit("the server does not start")


if __name__ == "__main__":
    sys.exit(main())
