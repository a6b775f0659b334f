"""A server over a studio of a module's tests: one that answers in the process, with nobody at work in it, and one that
listens, with a worker."""

import io
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.models import ModelConfig, build_denoiser
from sfumato.models.verbs import GenerativeModel
from sfumato.networks import UNetConfig
from sfumato.studio.jobs.claim import Claim, LostError
from sfumato.studio.jobs.database import Database
from sfumato.studio.jobs.work import NewWork
from sfumato.studio.place import Place
from sfumato.studio.server.app import create_app
from sfumato.studio.server.services import Services
from sfumato.studio.server.settings import Limits, Settings
from sfumato.studio.server.tokens import Tokens, new_token

URL = "http://localhost:8411"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("server") / "studio")


@pytest.fixture(scope="module")
def settings() -> Settings:
    """A module has its own where it needs other limits."""
    return Settings()


@pytest.fixture(scope="module")
def app(place: Place, settings: Settings) -> Iterator[FastAPI]:
    database = Database.open(place)
    try:
        yield create_app(place, database, settings, tokens=Tokens.open(place))
    finally:
        database.close()


@pytest.fixture(scope="module")
def services(app: FastAPI) -> Services:
    found: Services = app.state.services
    return found


@pytest.fixture(scope="module")
def client(app: FastAPI, services: Services) -> Iterator[TestClient]:
    """The owner's program."""
    with TestClient(app, base_url=URL, headers={"Authorization": f"Bearer {services.tokens.owner}"}) as found:
        yield found


@pytest.fixture
def stranger(app: FastAPI, client: TestClient) -> TestClient:
    """Who has no token."""
    return TestClient(app, base_url=URL)


@pytest.fixture
def program(app: FastAPI, client: TestClient, place: Place) -> TestClient:
    """Another program, with a token of its own."""
    return TestClient(app, base_url=URL, headers={"Authorization": f"Bearer {new_token(place, 'open-webui')}"})


@dataclass
class Live:
    """A server that listens, with a worker that makes works of a tiny model of random weights.

    steps: previews of each job; pause: seconds before each of them; failing: a reason to fail with.
    """

    url: str
    services: Services
    token: str
    model: GenerativeModel
    steps: int = 3
    pause: float = 0.0
    failing: str = ""
    idle: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def work(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            claim = None if self.idle else self.services.queue.claim("make", "test:1:1", lease_seconds=60)
            if claim is None:
                stopping.wait(0.02)
                continue
            self.asked.append(claim.job.spec)
            try:
                self._make(claim)
            except LostError:
                pass
            except SfumatoError as error:
                claim.fail(str(error))

    def _make(self, claim: Claim) -> None:
        spec, count = claim.job.spec, claim.job.spec["count"]
        picture = io.BytesIO()
        Image.new("RGB", (64, 64), "teal").save(picture, "JPEG")
        for step in range(1, self.steps + 1):
            time.sleep(self.pause)
            asked = claim.renew()
            if asked is not None:
                claim.finish("stopped" if asked == "stop" else "cancelled")
                return
            done = {"done": count * step / (self.steps + 1), "total": count, "step": step, "steps": self.steps + 1}
            claim.progress({**done, "columns": 1, "rows": 1}, picture.getvalue())
        if self.failing:
            claim.fail(self.failing)
            return
        asked = {name: spec["asked"].get(name) for name in ("seed", "label", "width", "height")}
        for index, work in enumerate(self.model.generate(count, steps=2, **asked)):
            path = work.save(self.services.place.works / str(claim.job.id) / f"{index}.png", force=True)
            row = NewWork(
                file=path.relative_to(self.services.place.path).as_posix(),
                kind=spec["kind"],
                width=work.image.width,
                height=work.image.height,
                model=work.recipe.model.name,
                label=work.recipe.request.label,
                seed=work.recipe.request.seed,
                number=work.recipe.request.number,
                recipe=json.loads(work.recipe.to_json()),
            )
            claim.made(index, row)
        claim.finish("finished", {"works": count})


@pytest.fixture(scope="session")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's directory: of classes, 32 pixels, and random weights."""
    config = ModelConfig(
        name="coast",
        size=32,
        classes=("waves", "stone", "red, blue"),
        class_shares=(0.5, 0.25, 0.25),
        network=UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
    )
    model = GenerativeModel(config, build_denoiser(config).eval().requires_grad_(False), {}, "# coast\n", "0" * 64)
    return model.save_pretrained(tmp_path_factory.mktemp("coast") / "model")


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, coast: Path) -> Iterator[Live]:
    """What a test changes of it, it changes back."""
    place = Place(tmp_path_factory.mktemp("live") / "studio")
    shutil.copytree(coast, place.runs / "coast-1" / "model")
    database = Database.open(place)
    settings = Settings(aliases={"gpt-image-1": "coast-1"}, limits=Limits(most_waiting=5))
    app = create_app(place, database, settings, tokens=Tokens.open(place))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    listening = threading.Thread(target=server.run)
    listening.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    services = app.state.services
    found = Live(url, services, services.tokens.owner, GenerativeModel.from_pretrained(coast, device="cpu"))
    stopping = threading.Event()
    worker = threading.Thread(target=found.work, args=(stopping,))
    worker.start()
    try:
        yield found
    finally:
        stopping.set()
        worker.join()
        server.should_exit = True
        listening.join()
        database.close()
