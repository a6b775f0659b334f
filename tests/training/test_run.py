import json
import random
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.features.vgg import VGGFeatures
from sfumato.marker import MARKER
from sfumato.models import Model
from sfumato.training import Run, clear_run, is_run, prepare_run, preset, train, would_clear
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.events import Event, Finished, Trained
from sfumato.training.run import RunLog

# ---- its directory


def test_what_is_no_run_is_an_error_for_people(begin: Callable[..., Run], tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="is not a run"):
        Run.open(tmp_path)
    file = begin().path / "run.json"
    record = json.loads(file.read_text())
    for wrong in ("{", "[]", json.dumps({**record, "format": "sfumato-run-2"}), json.dumps({**record, "new": 1})):
        file.write_text(wrong)
        with pytest.raises(SfumatoError, match="it is damaged or a newer version's"):
            Run.open(file.parent)


def test_clearing_removes_a_run_and_nothing_else(finished: Callable[..., Run]) -> None:
    run = finished()
    mine = [run.path / name for name in OTHERS]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("a person's own")
    clear_run(run.directory)
    assert sorted(path for path in run.path.rglob("*") if path.is_file() and path.name != MARKER) == sorted(mine)
    assert not is_run(run.path)


# Beside what a run makes, under names that are much like its own.
OTHERS = (
    "notes.txt", "collection/a.png", "dataset/a.png", "model/photo.jpg", "snapshots/mine.png", "snapshots/20261128.png",
    "checkpoints/notes.txt", "checkpoints/20261128/a.jpg", "checkpoints/00000012/a.jpg", ".mine.tmp",
    "teacher/config.json",
)  # fmt: skip


def test_a_run_that_goes_on_leaves_alone_what_others_put_into_it(begin: Callable[..., Run]) -> None:
    run = begin(snapshots=2)
    session = train(run)
    next(event for event in session if isinstance(event, Trained) and event.step == 7)
    session.close()
    mine = [run.path / name for name in OTHERS]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("a person's own")
    list(train(run))
    list(train(run, more_steps=8))
    assert [path.read_text() for path in mine] == ["a person's own"] * len(mine)
    assert Model.from_pretrained(run.path).generate(1, steps=1)


@pytest.mark.parametrize("name", ["run.json", "log.jsonl", "model/a.jpg", "snapshots/a.jpg", "checkpoints/a.jpg"])
@pytest.mark.parametrize("force", [False, True])
def test_a_run_is_not_begun_where_something_else_lies(
    tiny_dataset: Dataset, tiny_settings: dict[str, Any], tmp_path: Path, name: str, force: bool
) -> None:
    path = tmp_path / "project" / name
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(SfumatoError, match="choose another"):
        prepare_run(tmp_path / "project", tiny_dataset, tiny_settings, force=force)
    assert [found for found in (tmp_path / "project").rglob("*") if found.is_file()] == [path]
    assert path.read_text() == "{}"


@pytest.mark.parametrize("name", ["evolution.png", "model/config.json"])
def test_a_run_says_before_it_goes_on_that_something_of_others_lies_in_its_way(
    begin: Callable[..., Run], name: str
) -> None:
    run = begin()
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).write_text("a person's own")
    with pytest.raises(SfumatoError, match="was not made by sfumato"):
        next(train(run))
    assert (run.path / name).read_text() == "a person's own"


def test_it_is_known_what_clearing_would_take(trained: tuple[Run, list[Event]]) -> None:
    run, _ = trained
    for lost in ("", "model", "snapshots", "checkpoints", "../run", ".."):
        assert would_clear(run.path, run.path / lost)
    for safe in ("art", "../run2", "models", "collection", "model/of mine"):
        assert not would_clear(run.path, run.path / safe)


def test_a_run_that_was_copied_without_its_marker_is_known_by_what_it_holds(
    trained: tuple[Run, list[Event]], tmp_path: Path
) -> None:
    run, _ = trained
    shutil.copytree(run.path, tmp_path / "copy", ignore=shutil.ignore_patterns(".*"))
    copy = Run.open(tmp_path / "copy")
    assert isinstance(list(train(copy, more_steps=2))[-1], Finished)
    clear_run(copy.directory)
    assert not copy.path.exists()


def test_a_second_training_of_a_run_says_that_one_is_at_work(begin: Callable[..., Run]) -> None:
    run = begin()
    session = train(run)
    next(session)
    with pytest.raises(SfumatoError, match="another sfumato is at work there"):
        next(train(Run.open(run.path)))
    session.close()
    assert isinstance(list(train(Run.open(run.path)))[-1], Finished)


# ---- its log


def test_the_log_is_cut_to_what_the_checkpoint_vouches_for(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log", 0)
    log.write("trained", {"step": 1}, {"time": 0.5})
    length = log.length()
    log.write("trained", {"step": 2}, {"time": 0.6})
    log.file.write(b'{"event": "tra')  # killed here
    log.close()
    again = RunLog(tmp_path / "log", length)
    again.write("trained", {"step": 2}, {"time": 0.7})
    again.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert lines == [{"event": "trained", "step": 1, "clock": {"time": 0.5}},
                     {"event": "trained", "step": 2, "clock": {"time": 0.7}}]  # fmt: skip


def test_a_line_is_in_the_file_as_soon_as_it_is_written(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log", 0)
    log.write("noted", {"text": "Ü"}, {})
    assert json.loads((tmp_path / "log").read_text())["text"] == "Ü"
    log.close()


# ---- killed for good


@pytest.fixture(scope="module")
def settings_file(kills: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kills.write_settings(tmp_path_factory.mktemp("settings") / "tiny.toml", 90)


@pytest.mark.slow
def test_a_run_killed_in_the_midst_of_training_and_of_saving_ends_as_the_one_left_alone(
    kills: ModuleType, finish: Callable[[Sequence[str]], str], tiny_art: Path, settings_file: Path, tmp_path: Path
) -> None:
    alone, run, moments = tmp_path / "alone", tmp_path / "run", random.Random(3)
    finish(kills.train_command(alone, tiny_art, settings_file))
    assert kills.start_and_kill(kills.train_command(run, tiny_art, settings_file), run, "saving", moments)
    assert kills.has_checkpoint(run)
    killed = [kills.start_and_kill(kills.resume_command(run), run, kind, moments) for kind in ("training", "saving")]
    assert any(killed)
    assert "the model is in" in finish(kills.resume_command(run))
    assert kills.differences(alone, run) == []


@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint_begins_again(
    kills: ModuleType,
    finish: Callable[[Sequence[str]], str],
    begin: Callable[..., Run],
    trained: tuple[Run, list[Event]],
) -> None:
    alone, run = trained[0], begin("run", snapshots=2)
    (run.checkpoints / f".{'0' * 32}.tmp").mkdir(parents=True)  # half a checkpoint
    with run.at_work():
        run.directory.claim("log.jsonl").write_text('{"event": "trained"}\n')
    finish(kills.resume_command(run.path))
    assert kills.differences(alone.path, run.path) == []
    # On the finished run it has nothing to do, and that is no fault.
    assert "the model is in" in finish(kills.resume_command(run.path))


@pytest.mark.slow
def test_ctrl_c_ends_with_a_model_and_says_how_to_go_on(kills: ModuleType, begin: Callable[..., Run]) -> None:
    run = begin(steps=100_000, evaluations=1, snapshots=0, checkpoint_every=50)
    process = kills.start(kills.resume_command(run.path))
    wait_for(lambda: (run.path / "log.jsonl").exists() and (run.path / "log.jsonl").stat().st_size > 0)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "finishing this step and saving; Ctrl-C again stops at once" in said
    assert f"go on with: sfumato train --resume -o {run.path}" in said
    assert "Traceback" not in said
    assert Model.from_pretrained(run.path).generate(1, steps=2)
    # What was begun so goes on where it was.
    session, stopped_at = train(Run.open(run.path)), load_checkpoint(run.checkpoints).step
    assert next(event for event in session if isinstance(event, Trained)).step == stopped_at + 1
    session.close()


@pytest.mark.slow
def test_ctrl_c_twice_stops_at_once(kills: ModuleType, begin: Callable[..., Run]) -> None:
    # A step of many pictures takes so long that the second interruption comes before the step is done.
    run = begin(steps=100_000, batch=6000, evaluations=1, snapshots=0)
    process = kills.start(kills.resume_command(run.path))
    wait_for(lambda: kills.has_checkpoint(run.path))
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert "finishing this step" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Stopped" not in said
    assert "Traceback" not in said
    assert not run.model.exists()


def wait_for(happened: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_a_perceptual_run_goes_on_with_the_features_it_began_with(begin: Callable[..., Run], tmp_path: Path) -> None:
    torch.manual_seed(0)
    features = VGGFeatures()
    with torch.no_grad():
        for parameter in features.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.05)
    save_file(
        {name: tensor.contiguous() for name, tensor in features.state_dict().items()}, tmp_path / "vgg.safetensors"
    )
    choices = {**preset("article"), "size": 32, "epochs": 0, "checkpoint_epochs": 0, "batch": 2, "log_every": 1}
    choices |= {"perceptual": str(tmp_path / "vgg.safetensors"), "checkpoint_every": 2, "steps": 4, "evaluations": 1}
    run = begin(**choices)
    (tmp_path / "vgg.safetensors").unlink()
    session = train(run)
    while not isinstance(next(session), Trained):
        pass
    session.close()
    trained = [event for event in train(Run.open(run.path)) if isinstance(event, Trained)]
    assert trained
    assert all(dict(event.parts)["perceptual"] > 0 for event in trained)
    (run.path / "perceptual.safetensors").write_bytes(b"another")
    with pytest.raises(SfumatoError, match=r"perceptual\.safetensors: is missing or was changed"):
        list(train(Run.open(run.path), more_steps=1))
