"""From pictures to a model in one stream; closing it cancels, and a failure leaves nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfumato import pipeline
from sfumato.collection import Noted
from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.pipeline.events import Began, Event, Planned, TrainingBegan
from sfumato.text import restored_path
from sfumato.training import Finished, Run, Trained


def test_the_stream_tells_everything_in_its_order(
    streamed: tuple[Path, list[Event]], names: Callable[..., list[str]], tiny_settings: dict[str, Any]
) -> None:
    place, events = streamed
    assert [event.stage for event in events if isinstance(event, Began)] == ["collecting", "preparing", "measuring"]
    told = names(events)
    order = ["collection.Finished", "dataset.Ready", "pipeline.Planned", "pipeline.TrainingBegan", "training.Trained"]
    assert [name for name in told if name in order] == order
    (planned,) = [event for event in events if isinstance(event, Planned)]
    assert planned.sentence and planned.disk_bytes
    terms = "licences of 20 pictures: 20 public domain or free"
    assert TrainingBegan(place, place / "model", "noise", terms) in events
    assert isinstance(events[-1], Finished) and events[-1].step == tiny_settings["steps"]
    assert Model.from_pretrained(events[-1].model).config.classes


def stopped(events: Any) -> None:
    """Close a pipeline after two steps of training."""
    for event in events:
        if isinstance(event, Trained) and event.step == 2:
            break
    events.close()


def test_a_training_that_is_closed_leaves_a_model_and_can_be_resumed(
    tiny_art: Path, tiny_settings: dict[str, Any], streamed: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    stopped(pipeline.train_on(tiny_art, tmp_path / "run", tiny_settings))
    run = Run.open(tmp_path / "run")
    assert run.has_begun and Model.from_pretrained(run.path).config.size == 32
    events = list(pipeline.resume(tmp_path / "run"))
    assert isinstance(events[0], TrainingBegan) and isinstance(events[-1], Finished)
    assert Model.from_pretrained(run.path).weights_digest == Model.from_pretrained(streamed[0]).weights_digest


def test_a_run_that_goes_on_says_what_was_taken_out_since(streamed: tuple[Path, list[Event]], tmp_path: Path) -> None:
    place = Path(shutil.copytree(streamed[0], tmp_path / "run"))
    run = Run.open(place)
    file = Dataset.open(run.dataset).files[0]
    kept = restored_path(run.record.collection)
    list(pipeline.remove(kept, [], [file]))
    try:
        first = next(events := pipeline.resume(place))
        events.close()  # type: ignore[attr-defined]
        assert isinstance(first, Noted) and "1 picture taken out of its collection on request" in first.text
    finally:
        list(pipeline.restore(kept, [], [file]))


def test_a_run_that_cannot_begin_leaves_nothing_behind(
    tiny_art: Path, tiny_settings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(SfumatoError, match="training needs at least"):
        list(pipeline.train_on(tiny_art, tmp_path / "run", {**tiny_settings, "size": 64}))
    assert list(tmp_path.iterdir()) == []


def test_nothing_happens_before_the_first_event_is_asked_for(tiny_art: Path, tmp_path: Path) -> None:
    pipeline.train_on(tiny_art, tmp_path / "run", {})
    assert list(tmp_path.iterdir()) == []


def test_mistakes_are_said_before_anything_is_written(
    tiny_art: Path, tiny_settings: dict[str, Any], trained: Run, tmp_path: Path
) -> None:
    other = {**tiny_settings, "network": {"kind": "transformer", "patch": 4, "width": 16, "depth": 1, "heads": 1}}
    for events, said in (
        (pipeline.train_on(tiny_art, tiny_art, tiny_settings), "is where the pictures are"),
        (pipeline.train_on(tiny_art, trained.path, tiny_settings), "holds a run already"),
        (pipeline.train_on(tmp_path / "no", tmp_path / "run", tiny_settings), "no such folder"),
        (pipeline.train_on(tiny_art, tmp_path / "run", other, weights_from=str(trained.path)), "its network is a unet"),
        (pipeline.resume(tmp_path / "run"), "is not a run"),
        (pipeline.distill(tmp_path / "no", tmp_path / "run", {}), "is not a run"),
        (pipeline.distill(trained.path, trained.path, {}), "holds a run already"),
    ):
        with pytest.raises(SfumatoError, match=said):
            list(events)
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_distilled_from_a_run(trained: Run, tmp_path: Path, names: Callable[..., list[str]]) -> None:
    choices = {"steps": 2, "minutes": 0, "batch": 4, "substeps": 2, "threads": 1, "snapshots": 0, "evaluations": 1}
    events = list(pipeline.distill(trained.path, tmp_path / "student", choices, steps=2))
    assert names(events)[:3] == ["pipeline.Began", "pipeline.Planned", "pipeline.TrainingBegan"]
    assert isinstance(events[-1], Finished)
    assert Model.from_pretrained(tmp_path / "student").config.generation.steps == 2


def test_a_run_goes_on_and_teaches_within_the_policy_of_the_computer(trained, tmp_path, monkeypatch):
    (tmp_path / "policy.toml").write_text("[pictures]\nallow = ['CC-BY-4.0']\n")
    monkeypatch.setenv("SFUMATO_POLICY", str(tmp_path / "policy.toml"))
    for events in (
        pipeline.resume(trained.path, more_steps=1),
        pipeline.distill(trained.path, tmp_path / "student", {"steps": 1}),
    ):
        with pytest.raises(SfumatoError, match=r"learns from 20 pictures that the policy .* does not allow"):
            list(events)
    assert not (tmp_path / "student").exists()
