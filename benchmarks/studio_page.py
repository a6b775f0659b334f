"""How soon the studio's page answers in Chromium while the machine trains.

    python benchmarks/studio_page.py [--works 10000] [--times 20] [--folder FOLDER] [--idle]

It starts the studio as a person does, has pictures drawn, trains a first model, makes works, enters so many of them in
the gallery that there are 10,000, and begins a training that goes on while the page is used. Each row is the 75th
percentile over so many times, in milliseconds from the press to the frame that shows what was asked for, beside what is
wanted. --idle: without the training. --folder: keeps the studio, and goes on with the one that is there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Page, Response, expect, sync_playwright

from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.gallery import Gallery
from sfumato.studio.jobs.queue import Queue
from sfumato.studio.jobs.states import ENDED
from sfumato.studio.jobs.tables import now
from sfumato.studio.jobs.work import NewWork, entered
from sfumato.studio.place import Place
from sfumato.studio.server.tokens import Tokens, tokens_file

CHROMIUM = "/usr/bin/chromium"
DROPPED = 500  # pictures
PATIENCE = 120_000  # ms
MEASURING = Path(__file__).with_suffix(".js")
# What is measured, and in which a name has its times and what is wanted of them, in milliseconds.
Figures = dict[str, tuple[list[float], float]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=1.0, help="of the first training")
    parser.add_argument("--port", type=int, default=8662)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--idle", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        os.environ.setdefault("SFUMATO_KEYS", str(folder / "keys"))
        os.environ.setdefault("SFUMATO_STATE", str(folder / "state"))
        place = Place(folder / "studio")
        with studio(place, arguments.port) as client, closing(Database.open(place)) as database:
            prepared(client, database, arguments)
            training = None if arguments.idle else trained(client, 60)
            print(f"{'':34}{'p75':>9}{'wanted':>9}{'times':>7}", flush=True)
            look(place, client, arguments)
            if training is not None:
                say(gone(database, client, training))
    return 0


def say(figures: Figures) -> None:
    for name, (times, wanted) in figures.items():
        print(f"{name:34}{percentile(times):9.1f}{wanted:9g}{len(times):7}", flush=True)


def percentile(times: list[float]) -> float:
    return times[0] if len(times) == 1 else statistics.quantiles(times, n=4, method="inclusive")[2]


@contextmanager
def studio(place: Place, port: int) -> Iterator[httpx.Client]:
    """The server with its workers, and who asks it with the owner's token."""
    command = [
        sys.executable,
        "-m",
        "sfumato",
        "studio",
        "--no-browser",
        "--port",
        str(port),
        "--data",
        str(place.path),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while not is_open(client, place):
                if server.poll() is not None:
                    raise SystemExit("the studio did not start")
                time.sleep(0.1)
            yield client
    finally:
        server.terminate()
        server.wait(60)


def is_open(client: httpx.Client, place: Place) -> bool:
    if not tokens_file(place).exists():
        return False
    client.headers["Authorization"] = f"Bearer {Tokens.open(place).owner}"
    try:
        return client.get("/api/state").is_success
    except httpx.TransportError:
        return False


def asked(client: httpx.Client, **spec: Any) -> dict[str, Any]:
    answer = client.post("/api/jobs", json=spec)
    answer.raise_for_status()
    return answer.json()


def ended(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    while job["state"] not in ENDED:
        time.sleep(0.2)
        job = client.get(f"/api/jobs/{job['id']}").json()
    if job["state"] != "finished":
        raise SystemExit(f"job {job['id']}, {job['kind']}: {job['state']}: {job['reason']}")
    return job


def prepared(client: httpx.Client, database: Database, arguments: argparse.Namespace) -> None:
    """A collection, a model and works; those that are there stay. What an earlier measurement left is called off."""
    for job in client.get("/api/jobs", params={"state": ["queued", "running", "paused"]}).json():
        client.post(f"/api/jobs/{job['id']}/cancel").raise_for_status()
    if not client.get("/api/collections").json():
        ended(client, asked(client, kind="collect", name="Drawn", drawn=True))
    collection = client.get("/api/collections").json()[0]["id"]
    if not client.get("/api/models").json():
        ended(client, asked(client, kind="train", name="First", collection=collection, minutes=arguments.minutes))
    model = client.get("/api/models").json()[0]["id"]
    gallery = Gallery(database)
    if gallery.search(limit=1).total == 0:
        ended(client, asked(client, kind="generate", model=model, count=32, asked={"seed": 7}))
    made = gallery.search(limit=32).works
    first = now() - timedelta(days=300)
    with database.writing() as connection:
        for number in range(arguments.works - gallery.search(limit=1).total):
            work = made[number % len(made)]
            row = {name: getattr(work, name) for name in NewWork.__dataclass_fields__}
            moment = first + timedelta(minutes=30 * number)
            entered(connection, replace(NewWork(**row), seed=number, created_at=moment))


def trained(client: httpx.Client, minutes: float) -> int:
    """A training that has begun to learn; its job's id."""
    collection = client.get("/api/collections").json()[0]["id"]
    job = asked(client, kind="train", name="Meanwhile", collection=collection, minutes=minutes)
    while not job["progress"].get("step"):
        time.sleep(0.5)
        job = client.get(f"/api/jobs/{job['id']}").json()
        if job["state"] in ENDED:
            raise SystemExit(f"the training ended: {job['reason']}")
    return int(job["id"])


def gone(database: Database, client: httpx.Client, training: int) -> Figures:
    """From cancelling a training until its process is no more."""
    times, queue = [], Queue(database)
    for number in range(3):
        if number:
            training = trained(client, 60)
        owner = int(queue.job(training).owner.split(":")[1])
        begun = time.perf_counter()
        client.post(f"/api/jobs/{training}/cancel").raise_for_status()
        while Path(f"/proc/{owner}").exists():
            time.sleep(0.005)
        times.append(1000 * (time.perf_counter() - begun))
    return {"process gone": (times, 2000)}


def look(place: Place, client: httpx.Client, arguments: argparse.Namespace) -> None:
    address = str(client.base_url).rstrip("/")
    cookie = {"name": f"sfumato-{arguments.port}", "value": Tokens.open(place).cookie, "url": address}
    with (
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])) as browser,
    ):
        say(first_view(browser, address, cookie))
        context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-GB")
        context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/#/gallery")
        page.evaluate(MEASURING.read_text())
        expect(page.get_by_role("option").first).to_be_visible(timeout=PATIENCE)
        for measure in (tabs, gallery, create, paint, drop):
            say(measure(page, arguments.times))


def first_view(browser: Any, address: str, cookie: dict[str, str]) -> Figures:
    """What a browser that knows nothing of the page has to fetch, and when it paints first."""
    sizes, paints, elsewhere = [], [], set()
    for _ in range(3):
        with closing(browser.new_context(locale="en-GB")) as context:
            context.add_cookies([cookie])
            page = context.new_page()
            answers: list[Response] = []
            page.on("response", partial(list.append, answers))
            page.goto(f"{address}/#/")
            expect(page.get_by_role("main")).to_be_visible()
            page.wait_for_timeout(1500)
            paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            kept = [
                answer for answer in answers
                if "/api/" not in answer.url and not answer.url.endswith(".woff2") and answer.status == 200
            ]  # fmt: skip
            sizes.append(sum(len(answer.body()) for answer in kept) / 1000)
            elsewhere |= {answer.url for answer in answers if not answer.url.startswith((address, "data:", "blob:"))}
    if elsewhere:
        raise SystemExit(f"asked elsewhere: {sorted(elsewhere)}")
    return {"first view, kB without fonts": (sizes, 300), "first paint": (paints, 500)}


def measured(page: Page, name: str, arguments: Sequence[Any]) -> list[Any]:
    """What one of the functions in the page gives for each argument; the first is done twice, as what is done for the
    first time fetches what it needs."""
    return [page.evaluate(f"(asked) => measuring.{name}(asked)", each) for each in (arguments[0], *arguments)][1:]


def tabs(page: Page, times: int) -> Figures:
    views = ("train", "gallery", "verify", "create")
    measured(page, "tab", views)  # each is fetched when it is first asked for
    return {"tab": (measured(page, "tab", [views[number % len(views)] for number in range(times)]), 100)}


def gallery(page: Page, times: int) -> Figures:
    page.evaluate("location.hash = '#/gallery'")
    expect(page.get_by_role("option").first).to_be_visible()
    page.wait_for_timeout(1000)
    words = ("class:waves", "seed:77", "flow", "before:2026-06 glass", "is:starred", "-class:planes", "first circles")
    return {
        "star": (measured(page, "star", range(times)), 100),
        "search among all works": (measured(page, "search", [words[each % len(words)] for each in range(times)]), 150),
        "compare": (measured(page, "compare", range(times)), 100),
    }


def create(page: Page, times: int) -> Figures:
    """Looking at an earlier work, and making one: until it is in the queue, and until something of it is seen."""
    page.evaluate("location.hash = '#/create'")
    expect(page.locator(".create-strip button").first).to_be_visible()
    page.wait_for_timeout(1000)
    recalled = measured(page, "recall", range(times))
    queued, previews = zip(*measured(page, "make", range(max(2, times // 2))), strict=True)
    return {
        "recall": (recalled, 100),
        "queue acknowledged": (list(queued), 100),
        "first preview": (list(previews), 1000),
    }


def paint(page: Page, times: int) -> Figures:
    """A mask on one of the works: strokes, the brush's size, and undo."""
    page.locator(".create-strip button").first.click()
    page.get_by_role("button", name="Begin with it").first.click()
    page.get_by_role("radio", name="Fill a part").click()
    surface = page.locator(".create-surface")
    expect(surface).to_be_visible()
    page.wait_for_timeout(1000)
    box = surface.bounding_box()
    assert box is not None
    work: list[float] = []
    apart: list[float] = []
    for number in range(max(3, times // 4)):
        left, top = box["x"] + box["width"] * 0.25, box["y"] + box["height"] * (0.3 + 0.4 * (number % 5) / 5)
        page.mouse.move(left, top)
        page.mouse.down()
        page.evaluate("measuring.record()")
        page.mouse.move(left + box["width"] * 0.5, top + 40, steps=60)
        recorded = page.evaluate("measuring.recorded()")
        page.mouse.up()
        work += recorded["work"]
        apart += recorded["apart"]
    return {
        "stroke: work of a frame": (work, 16),
        "stroke: frames apart": (apart, 17),
        "brush size": (measured(page, "resize", range(times)), 16),
        "undo": (measured(page, "undo", range(times)), 50),
    }


def drop(page: Page, times: int) -> Figures:
    """From dropping pictures until the first of them is seen."""
    seen = []
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number:03}.png" for number in range(DROPPED)]
        for number, file in enumerate(files):
            Image.effect_noise((160, 120), 40 + number % 100).convert("RGB").save(file)
        for _ in range(max(2, times // 6)):
            page.evaluate("location.hash = '#/verify'")
            page.evaluate("location.hash = '#/collection'")
            page.get_by_role("button", name="New collection").first.click()
            page.evaluate("measuring.drop()")
            page.locator("main input[type=file]").first.set_input_files(files)
            seen.append(page.evaluate("measuring.dropped"))
            page.wait_for_timeout(3000)
    return {f"first thumbnail of {DROPPED} pictures": (seen, 500)}


if __name__ == "__main__":
    sys.exit(main())
