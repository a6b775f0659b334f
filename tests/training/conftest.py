"""What the tests of training share: torch's threads as they were, a run's first state, two runs compared."""

import contextlib
import importlib.util
import io
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from sfumato.cli.app import main
from sfumato.dataset import Dataset
from sfumato.networks import TransformerConfig
from sfumato.training import Run, prepare_run, resolve, throughput, train
from sfumato.training.events import Event
from sfumato.training.objectives import Denoising, Losses
from sfumato.training.state import TrainingState
from sfumato.training.warm_start import begin as begin_state
from sfumato.training.writer import build_model_config


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """Runs set torch's number of threads; other tests keep theirs."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def kills() -> ModuleType:
    """The benchmark that kills runs, and knows in what two of them differ."""
    return benchmark("kills")


@pytest.fixture
def finish(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[str]], str]:
    """(a command of that benchmark) -> what the program says, in this process, to its end; it must leave with 0."""

    def run(command: Sequence[str]) -> str:
        said = io.StringIO()
        monkeypatch.setattr(sys, "argv", ["sfumato", *command[command.index("train") :]])
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as end:
                assert not end.code, said.getvalue()
        return said.getvalue()

    return run


@pytest.fixture(scope="session")
def guard_benchmark() -> ModuleType:
    """The benchmark that simulates runs for the guard."""
    return benchmark("guard")


def benchmark(name: str) -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def state_of() -> Callable[[Run], TrainingState]:
    """(run) -> its state before the first step."""

    def make(run: Run) -> TrainingState:
        dataset = Dataset.open(run.dataset)
        return begin_state(run, dataset, build_model_config(run, dataset), torch.device("cpu"))

    return make


@pytest.fixture(scope="session")
def trained(
    tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, list[Event]]:
    """A finished run of the tiny settings, with snapshots, and its events. Do not change it: all tests share it."""
    threads = torch.get_num_threads()
    settings = {**tiny_settings, "snapshots": 2}
    run = prepare_run(tmp_path_factory.mktemp("trained") / "run", tiny_dataset, settings)[0]
    events = list(train(run))
    torch.set_num_threads(threads)
    return run, events


@pytest.fixture
def finished(trained: tuple[Run, list[Event]], tmp_path: Path) -> Callable[..., Run]:
    """(name) -> a copy of that run, for tests that change it."""

    def copied(name: str = "run") -> Run:
        return Run.open(shutil.copytree(trained[0].path, tmp_path / name))

    return copied


@pytest.fixture
def timed(begin: Callable[..., Run]) -> Callable[..., Run]:
    """(minutes, steps, name, settings that were not planned) -> a run of so many minutes that was planned to have so
    many steps, each of them as little work as there can be: only the clock is looked at."""
    network = TransformerConfig(patch=16, width=8, depth=1, heads=1)

    def make(minutes: float, steps: int, name: str = "run", **unplanned: Any) -> Run:
        settings = {"network": network, "batch": 1, "snapshots": 0, "evaluations": 3, "checkpoint_every": 25}
        run = begin(name, steps=steps, **settings)
        changed = resolve(run.record.settings.model_dump(), unplanned).model_copy(update={"minutes": minutes})
        return Run(run.directory, run.record.model_copy(update={"settings": changed}))

    return make


class Clock:
    """Time that passes with the steps alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: Callable[[int], float]) -> None:
        self.now, self.steps = 1000.0, 0
        losses = Denoising.forward

        def takes_time(objective: Denoising, *arguments: Any) -> Losses:
            self.now += seconds(self.steps)
            self.steps += 1
            return losses(objective, *arguments)

        monkeypatch.setattr(Denoising, "forward", takes_time)
        monkeypatch.setattr(throughput, "time", SimpleNamespace(perf_counter=lambda: self.now))


@pytest.fixture
def passing_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], float]], Clock]:
    """(number of a step -> its seconds) -> the clock of a run."""
    return lambda seconds: Clock(monkeypatch, seconds)
