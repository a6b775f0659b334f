"""What TensorBoard reads of a run is what the run's events said, also after one that was killed."""

import importlib.util
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.marker import read_marker
from sfumato.training import Run, train
from sfumato.training.events import Trained
from sfumato.training.tensorboard import FOLDER, logged_to_tensorboard


@pytest.fixture
def read() -> Callable[[Run], Any]:
    """(run) -> TensorBoard's own reader of it."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def load(run: Run) -> Any:
        return accumulator.EventAccumulator(str(run.path / FOLDER)).Reload()

    return load


def steps_of(reader: Any, tag: str) -> list[int]:
    return [event.step for event in reader.Scalars(tag)]


def test_tensorboard_reads_the_figures_and_the_snapshots_of_a_run(
    begin: Callable[..., Run], read: Callable[[Run], Any]
) -> None:
    run = begin(snapshots=2)
    told = list(logged_to_tensorboard(train(run), run))
    reader = read(run)
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    trained = [line for line in lines if line["event"] == "trained"]
    evaluated = [line for line in lines if line["event"] == "evaluated"]
    assert len(trained) == 6  # of 12 steps, every second
    for tag, expected in (
        ("loss/training", [(line["step"], line["loss"]) for line in trained]),
        ("learning_rate", [(line["step"], line["learning_rate"]) for line in trained]),
        ("loss/held_out", [(line["step"], line["held_out_loss"]) for line in evaluated]),
        ("loss/held_in", [(line["step"], line["training_loss"]) for line in evaluated]),
    ):
        assert expected
        assert [(event.step, event.value) for event in reader.Scalars(tag)] == [
            (step, pytest.approx(value, rel=1e-6)) for step, value in expected
        ]
    speeds = {event.step: event.pictures_per_second for event in told if isinstance(event, Trained)}
    for event in reader.Scalars("pictures_per_second"):
        assert event.value == pytest.approx(speeds[event.step], rel=1e-6)
    snapshots = sorted((run.path / "snapshots").glob("*.png"))
    shown = reader.Images("snapshots")
    assert [event.step for event in shown] == [int(path.stem) for path in snapshots] != []
    for event, path in zip(shown, snapshots, strict=True):
        assert event.encoded_image_string == path.read_bytes()
        with Image.open(io.BytesIO(event.encoded_image_string)) as picture:
            assert picture.size == (event.width, event.height)
    (file,) = (run.path / FOLDER).iterdir()
    assert file.name == "events.out.tfevents.000000.sfumato"  # which does not tell what the machine is called
    marker = read_marker(run.path)
    assert marker is not None
    assert f"{FOLDER}/{file.name}" in marker.files


def test_a_resumed_run_takes_back_what_was_noted_after_its_checkpoint(
    begin: Callable[..., Run], read: Callable[[Run], Any], tmp_path: Path
) -> None:
    run = begin()
    events, copy = logged_to_tensorboard(train(run), run), tmp_path / "killed"
    for event in events:
        if isinstance(event, Trained) and event.step == 9:  # the last checkpoint is of step 5
            shutil.copytree(run.path, copy)  # as a process leaves it that dies here
            break
    killed = Run.open(copy)
    assert steps_of(read(killed), "loss/training") == [2, 4, 6, 8]
    list(logged_to_tensorboard(train(killed), killed))
    assert steps_of(read(killed), "loss/training") == [2, 4, 6, 8, 10, 12]
    assert len(list((copy / FOLDER).iterdir())) == 2


def test_closing_it_saves_the_run(begin: Callable[..., Run], read: Callable[[Run], Any]) -> None:
    run = begin()
    events = logged_to_tensorboard(train(run), run)
    while not isinstance(next(events), Trained):
        pass
    events.close()  # type: ignore[attr-defined]
    assert (run.model / "config.json").is_file()
    assert Run.open(run.path).has_begun


def test_a_file_of_the_persons_in_the_way_is_named_before_training(
    begin: Callable[..., Run], read: Callable[[Run], Any]
) -> None:
    run = begin()
    (run.path / FOLDER).write_text("mine")
    with pytest.raises(SfumatoError, match=FOLDER):
        next(logged_to_tensorboard(train(run), run))
    assert not run.has_begun
    assert (run.path / FOLDER).read_text() == "mine"


def test_where_tensorboard_is_missing_the_command_that_installs_it_is_said(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tensorboard" else known(name))
    run = begin()
    with pytest.raises(SfumatoError, match=r"pip install 'sfumato\[tensorboard\]'"):
        next(logged_to_tensorboard(train(run), run))
