"""A tiny collection, a dataset of it and settings for tiny runs, made once for all tests; and decoding processes that
are there at once."""

import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import IO, Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sfumato.collection import Collection, collect, workers
from sfumato.collection.drawn_collection import draw_collection
from sfumato.dataset import Dataset, prepare
from sfumato.models import sampling
from sfumato.networks import UNetConfig
from sfumato.pipeline import demonstration
from sfumato.provenance.certificates import pem_of
from sfumato.provenance.keys import own_key
from sfumato.provenance.library import c2pa, context, media_type, signer
from sfumato.training import Run, prepare_run
from sfumato.training import plan as planning

DRAWN = "DIGITAL_CREATION"
TINY_SETTINGS: dict[str, Any] = {
    "size": 32,
    "network": UNetConfig(patch=2, channels=(8,), blocks=1, width=16, depth=1, heads=1),
    "batch": 4,
    "steps": 12,
    "threads": 1,
    "log_every": 2,
    "checkpoint_every": 5,
    "evaluations": 4,
    "snapshots": 0,
}


def pytest_configure(config: pytest.Config) -> None:
    """Processes that share the cores have one thread each, and so have theirs: more would wait for one another."""
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: last, one of them would be waited for by all the other processes."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session", autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Works are signed with a key, and entered in an index, of the tests and not of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SFUMATO_KEYS", str(tmp_path_factory.mktemp("keys") / "keys"))
        patch.setenv("SFUMATO_STATE", str(tmp_path_factory.mktemp("state") / "state"))
        yield


@pytest.fixture(scope="session")
def pretrained_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """(family) -> the folder of its tiny pipeline, with random weights, which tests leave as it is."""
    place = tmp_path_factory.mktemp("pretrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
        tiny = importlib.import_module("tiny_pipelines")
        yield lambda family: Path(tiny.build(family, place))


@pytest.fixture(scope="session", autouse=True)
def _no_policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nor does it matter which policy theirs is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SFUMATO_POLICY", raising=False)
        for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
            patch.setenv(name, str(tmp_path_factory.getbasetemp() / "no-settings"))
        yield


@pytest.fixture(scope="session")
def unsigned() -> Callable[[Path], bytes]:
    """(path) -> a PNG without its credentials, which are never the same twice."""

    def read(path: Path) -> bytes:
        data = path.read_bytes()
        place = data.index(b"caBX") - 4
        return data[:place] + data[place + 12 + int.from_bytes(data[place : place + 4]) :]

    return read


# Forks a decoding process whenever it is asked to, and says how one ended (null: not yet).
FORKING = """
import json, os, signal, socket, sys, traceback
sys.path.append(sys.argv[1])
from sfumato.collection import worker
signal.signal(signal.SIGINT, signal.SIG_IGN)
asked = socket.socket(fileno=int(sys.argv[2]))
while True:
    question, files, _, _ = socket.recv_fds(asked, 1000, 3)
    if not question:
        break
    verb, number = json.loads(question)
    if verb == "start":
        answer = os.fork()
        if not answer:
            asked.close()
            for place, file in enumerate(files):
                os.dup2(file, place)
                os.close(file)
            sys.argv[-1] = str(number)
            try:
                worker.main()
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        for file in files:
            os.close(file)
    else:
        ended, status = os.waitpid(number, os.WNOHANG)
        answer = os.waitstatus_to_exitcode(status) if ended else None
    asked.sendall(json.dumps(answer).encode())
"""


class ForkingProcess:
    """A process that has imported what decoding needs, which takes a quarter of a second of the CPU."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ours, theirs = socket.socketpair()
        root = str(Path(workers.__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", FORKING, root, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        theirs.close()

    def ask(self, verb: str, number: int, files: Sequence[int] = ()) -> Any:
        with self.lock:
            socket.send_fds(self.ours, [json.dumps([verb, number]).encode()], files)
            return json.loads(self.ours.recv(1000))

    def end(self) -> None:
        self.ours.close()
        self.process.wait()


class ForkedDecoder:
    """As much of `subprocess.Popen` as the program needs of a decoding process, which is forked from that one."""

    def __init__(self, parent: ForkingProcess, command: Sequence[str], stderr: IO[bytes]) -> None:
        (theirs_in, ours_in), (ours_out, theirs_out) = os.pipe(), os.pipe()
        self.parent, self.returncode = parent, None
        self.pid: int = parent.ask("start", int(command[-1]), (theirs_in, theirs_out, stderr.fileno()))
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")
        self.lock = threading.Lock()

    def poll(self) -> int | None:
        with self.lock:
            if self.returncode is None:
                self.returncode = self.parent.ask("wait", self.pid)
            return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = 600) -> int:
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("decoder", timeout)
            time.sleep(0.001)
        return code


@pytest.fixture(scope="session", autouse=True)
def _decoders_at_once() -> Iterator[None]:
    """Decoding processes are forked, by the hundred, from one; test_workers.py starts its own as the program does."""
    if not hasattr(os, "fork"):
        yield
        return
    parents: list[ForkingProcess] = []

    def start(command: Sequence[str], *, stderr: IO[bytes], **_: Any) -> ForkedDecoder:
        if not parents:
            parents.append(ForkingProcess())
        return ForkedDecoder(parents[0], command, stderr)

    own = SimpleNamespace(Popen=start, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "subprocess", own)
        yield
    for parent in parents:
        parent.end()


@pytest.fixture(scope="session")
def paint() -> Callable[..., Image.Image]:
    """(seed, (width, height)) -> soft patches of colour, different for every seed."""

    def painted(seed: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
        patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)

    return painted


@pytest.fixture(scope="session")
def palette_distance() -> Callable[[Tensor, Tensor], Tensor]:
    """(pictures [N, 3, H, W] in -1..1, palette [K, 3]) -> [N], as in `benchmarks/control_figures.py`: the mean distance
    to the nearest colour, in grey levels of 256."""

    def distance(images: Tensor, palette: Tensor) -> Tensor:
        each = torch.stack([(images - colour.view(3, 1, 1)).square().mean(1) for colour in palette.to(images)])
        return each.amin(0).sqrt().mean((1, 2)) * 127.5

    return distance


@pytest.fixture(scope="session")
def tiny_art(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five classes with four pictures of 32 px each."""
    folder = tmp_path_factory.mktemp("tiny") / "art"
    list(draw_collection(folder, per_class=4, size=32))
    return folder


@pytest.fixture(scope="session")
def tiny_collection(tiny_art: Path) -> Collection:
    list(collect(tiny_art, tiny_art.parent / "collection", workers=1))
    return Collection.open(tiny_art.parent / "collection")


@pytest.fixture(scope="session")
def tiny_dataset(tiny_collection: Collection, tiny_art: Path) -> Dataset:
    """Do not change it: all tests share it."""
    list(prepare(tiny_collection, tiny_art.parent / "dataset", size=32, workers=1))
    return Dataset.open(tiny_art.parent / "dataset")


@pytest.fixture(scope="session")
def tiny_settings() -> dict[str, Any]:
    """Of a run that takes about a second."""
    return dict(TINY_SETTINGS)


@pytest.fixture(scope="session")
def brief_plans() -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, plans measure nothing and take a tiny network: for timed runs of which it does not matter
    what network they have."""

    @contextmanager
    def briefly() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(planning, "measure", lambda *_, **__: planning.Speed(0.1, "float32"))
            patch.setattr(planning, "ladder", lambda _: [planning.Rung(TINY_SETTINGS["network"], 0)])
            yield

    return briefly


@pytest.fixture(scope="session")
def small_demonstrations(
    brief_plans: Callable[[], AbstractContextManager[None]],
) -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, demonstrations draw eight pictures of each class, and sample the two works they keep."""

    @contextmanager
    def small() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch, brief_plans():
            patch.setattr(demonstration, "DRAWN_PER_CLASS", 8)
            patch.setattr(demonstration, "WORKS_PER_CLASS", 2)
            patch.setattr(sampling, "BATCH", 2)
            yield

    return small


@pytest.fixture
def begin(tiny_dataset: Dataset, tmp_path: Path) -> Callable[..., Run]:
    """(name, settings that differ) -> a run of the tiny dataset that can begin."""

    def make(name: str = "run", *, dataset: Dataset | None = None, **settings: Any) -> Run:
        return prepare_run(tmp_path / name, dataset or tiny_dataset, {**TINY_SETTINGS, **settings})[0]

    return make


@pytest.fixture(scope="session")
def declared() -> Callable[..., bytes]:
    """(picture's bytes, assertions by label, source type) -> signed, by one's own key."""

    def sign(data: bytes, assertions: Mapping[str, object] = MappingProxyType({}), made: str = DRAWN) -> bytes:
        definition = {
            "claim_generator_info": [{"name": "a test"}],
            "assertions": [{"label": label, "data": value} for label, value in assertions.items()],
        }
        key, out, kind = own_key(), io.BytesIO(), media_type(data)
        library = c2pa()
        with library.Builder(definition, context=context(pem_of(key.authorities))) as builder:
            builder.set_intent(library.C2paBuilderIntent.CREATE, getattr(library.C2paDigitalSourceType, made))
            builder.sign(signer(key), kind, io.BytesIO(data), out)
        return out.getvalue()

    return sign
