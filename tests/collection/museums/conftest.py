"""Museums on this machine, and a clock by which nobody has to wait."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from sfumato.collection import Fetched, Noted, Reference, Written
from sfumato.collection.museums.artic import Artic
from sfumato.collection.museums.cleveland import Cleveland
from sfumato.collection.museums.client import Client
from sfumato.collection.museums.fetching import fetch_museum
from sfumato.collection.museums.met import Met
from sfumato.collection.museums.museum import Museum
from sfumato.collection.museums.pace import Clock, Rate
from sfumato.collection.museums.smithsonian import Smithsonian

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="session")
def servers() -> Iterator[ModuleType]:
    """The module with the stand-ins."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("museum_servers")


@pytest.fixture(scope="session")
def benchmark(servers: ModuleType) -> ModuleType:
    """The benchmark, which kills the program."""
    return importlib.import_module("museums")


@pytest.fixture(scope="session")
def records(servers: ModuleType) -> ModuleType:
    """The module with the stand-ins' works."""
    return sys.modules["museum_records"]


class FakeClock(Clock):
    """Time passes only while somebody sleeps; `slept` has for how long each time."""

    def __init__(self) -> None:
        self.time, self.slept = 1_800_000_000.0, []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SMITHSONIAN_API_KEY", raising=False)


@dataclass
class Got:
    """What a fetch said, and what it left on the disk. files: the pictures by their names, without their folders."""

    folder: Path
    notes: list[str] = field(default_factory=list)
    written: list[int] = field(default_factory=list)
    fetched: Fetched | None = None
    files: dict[str, bytes] = field(default_factory=dict)


class Visitor:
    """Fetches from a stand-in, with a client of its own each time."""

    def __init__(self, standing: object, museum: Museum, tmp_path: Path, clock: FakeClock) -> None:
        self.standing, self.museum, self.tmp_path, self.clock = standing, museum, tmp_path, clock

    def client(self, **choices: object) -> Client:
        return Client(self.museum.hosts, clock=self.clock, folder=self.tmp_path / "asked", **choices)

    def fetch(self, query: str = "sunflowers", limit: int | None = 500, **choices: object) -> Got:
        got = Got(self.tmp_path / "c" / "pictures")
        for event in self.events(query, limit, **choices):
            match event:
                case Noted(text):
                    got.notes.append(text)
                case Written(done, total):
                    assert done <= total or done > (limit or 200)
                    got.written.append(done)
                case Fetched():
                    got.fetched = event
        got.files = {path.name: path.read_bytes() for path in got.folder.rglob("*.jpg")}
        return got

    def events(self, query: str, limit: int | None, **choices: object) -> Iterator[object]:
        reference = Reference(self.standing.kind, query)
        choices = {"museum": self.museum, "client": self.client(), **choices}
        return fetch_museum(reference, self.tmp_path / "c" / "pictures", limit=limit, **choices)


@pytest.fixture
def visit(servers: ModuleType, tmp_path: Path, clock: FakeClock) -> Iterator[Callable[..., Visitor]]:
    """(kind, works) -> a visitor of a stand-in that has these works; further words as for `standing`."""
    with ExitStack() as stack:

        def start(kind: str, works: list[object], **choices: object) -> Visitor:
            standing = stack.enter_context(servers.standing(kind, works, **choices))
            addresses = {"api": standing.api, "images": standing.images, "rate": Rate(1.0)}
            kinds = {"met": Met, "artic": Artic, "cleveland": Cleveland, "smithsonian": Smithsonian}
            return Visitor(standing, kinds[kind](**addresses), tmp_path, clock)

        yield start
