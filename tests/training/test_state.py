"""An interrupted and resumed training is, to the bit, the one that was left alone."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from sfumato.dataset import Batches, Dataset
from sfumato.errors import SfumatoError
from sfumato.models import Model
from sfumato.networks import ArticleDenoiserConfig, GeneratorConfig, TransformerConfig
from sfumato.training import Run, preset, train
from sfumato.training.averages import EarlyAverages
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.configuration import TrainingConfig
from sfumato.training.events import Event, Finished, Noted, Trained
from sfumato.training.objectives import Denoising, Losses
from sfumato.training.run import RunRecord
from sfumato.training.state import Timetable

# The presets' own numbers would be of large runs.
FOR_TESTS: dict[str, Any] = {
    "size": 32,
    "batch": 4,
    "epochs": 0,
    "checkpoint_epochs": 0,
    "log_every": 2,
    "picture_every": 6,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "unet": {},
    "transformer": {"network": TransformerConfig(patch=4, width=16, depth=1, heads=1)},
    "adamw": {"optimiser": "adamw", "balance": "class"},
    "bfloat16": {"precision": "bfloat16"},
    "article": {**preset("article-fixed"), **FOR_TESTS, "batch": 2, "perceptual": "none", "decay_epochs": 0.5},
    "article as a denoiser": {
        "network": ArticleDenoiserConfig(width=16),
        "optimiser": "adamw",
        "batch": 2,
        "snapshots": 1,
        "evaluations": 2,
    },
    "gan": {**preset("gan"), **FOR_TESTS, "network": GeneratorConfig(latent=4, width=4)},
}


@pytest.fixture(params=VARIANTS)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return VARIANTS[request.param]


def interrupt(run: Run, events: int) -> bool:
    """Train for so many events and stop as a killed process does, saving nothing; whether it was not done before."""
    session = train(run)
    for _ in range(events):
        if isinstance(next(session), Finished):
            return False
    with pytest.raises(KeyboardInterrupt):
        session.throw(KeyboardInterrupt())
    return True


def close(run: Run, events: int) -> bool:
    """Train for so many events and close; whether it was not done before."""
    session = train(run)
    for _ in range(events):
        if isinstance(next(session), Finished):
            return False
    session.close()
    return True


def test_a_run_that_died_ends_as_the_one_left_alone(
    begin: Callable[..., Run], kills: ModuleType, settings: dict[str, Any]
) -> None:
    settings = {"snapshots": 2, **settings}
    alone, died = begin("alone", **settings), begin("died", **settings)
    list(train(alone))
    for events in (1, 3, 9, 4):
        assert interrupt(died, events)
    list(train(died))
    assert kills.differences(alone.path, died.path) == []


def test_a_run_closed_after_every_single_event_ends_as_the_one_left_alone(
    begin: Callable[..., Run], kills: ModuleType
) -> None:
    alone, closed = begin("alone", snapshots=2), begin("closed", snapshots=2)
    list(train(alone))
    sessions = 1
    while close(closed, 1):
        sessions += 1
        Model.from_pretrained(closed.path)
    assert sessions > 12
    assert kills.differences(alone.path, closed.path) == []


def test_a_first_and_a_later_session_of_a_longer_training_resume_alike(
    finished: Callable[..., Run], kills: ModuleType
) -> None:
    alone, died = finished("alone"), finished("died")
    list(train(alone, more_steps=10))
    session = train(died, more_steps=10)
    for _ in range(9):
        next(session)
    with pytest.raises(KeyboardInterrupt):
        session.throw(KeyboardInterrupt())
    list(train(died))
    assert kills.differences(alone.path, died.path) == []
    assert load_checkpoint(died.checkpoints).step == 22


def test_a_training_that_stepped_back_and_died_steps_back_again(
    begin: Callable[..., Run], kills: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, rates = Denoising.forward, []

    def at_full_rate_not_finite(self: Denoising, images: torch.Tensor, *rest: Any) -> Losses:
        result = losses(self, images, *rest)
        spoilt = not rates and abs(images.sum().item() - spoiling) < 1e-6
        return Losses(result.total * float("nan")) if spoilt else result

    monkeypatch.setattr(Denoising, "forward", at_full_rate_not_finite)
    alone, died = begin("alone", snapshots=1), begin("died", snapshots=1)
    data = Dataset.open(alone.dataset)
    record = alone.record.settings
    spoiling = Batches(data, data.train, record.batch, seed=record.seed).batch(8)[0].sum().item()

    def until_the_note(run: Run) -> Any:
        session = train(run)
        event = next(event for event in session if isinstance(event, Noted))
        rates.append(0.5)  # from now on it goes well
        assert "the loss was not finite at step 8: back to step 5 at 1/2" in event.text
        return session

    list(until_the_note(alone))
    rates.clear()
    with pytest.raises(KeyboardInterrupt):
        until_the_note(died).throw(KeyboardInterrupt())
    rates.clear()
    list(until_the_note(died))
    assert kills.differences(alone.path, died.path) == []
    assert load_checkpoint(died.checkpoints).state["rate_factor"] == 0.5


def test_a_lost_end_of_the_log_does_not_become_zeros(begin: Callable[..., Run]) -> None:
    run = begin()
    close(run, 12)
    log = run.path / "log.jsonl"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    list(train(run))
    assert all(json.loads(line) for line in log.read_text().splitlines())


def test_a_finished_run_only_says_so(trained: tuple[Run, list[Event]]) -> None:
    run, events = trained
    (finished,) = [event for event in events if isinstance(event, Finished)]
    files = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    (again,) = train(run)
    assert again == Finished(12, run.model, pytest.approx(finished.elapsed_seconds, abs=0.5))
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == files


def test_a_finished_runs_model_that_was_removed_is_made_again(finished: Callable[..., Run]) -> None:
    run = finished()
    digest, log = Model.from_pretrained(run.path).weights_digest, (run.path / "log.jsonl").read_bytes()
    shutil.rmtree(run.model)
    assert len(list(train(run))) == 1
    assert Model.from_pretrained(run.path).weights_digest == digest
    assert (run.path / "log.jsonl").read_bytes() == log


def test_a_checkpoint_that_does_not_fit_the_settings_is_an_error_for_people(begin: Callable[..., Run]) -> None:
    run = begin()
    close(run, 3)
    wider = run.record.settings.network.model_copy(update={"width": 32})
    other = run.record.model_copy(update={"settings": run.record.settings.model_copy(update={"network": wider})})
    with pytest.raises(SfumatoError, match=r"does not fit the settings in run\.json"):
        list(train(Run(run.directory, RunRecord.model_validate(other.model_dump()))))


def test_a_changed_or_missing_dataset_is_an_error_for_people(
    begin: Callable[..., Run], tiny_dataset: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(tiny_dataset.path, tmp_path / "dataset")
    run = begin(dataset=Dataset.open(tmp_path / "dataset"))
    close(run, 3)
    pixels = tmp_path / "dataset" / "pixels.bin"
    before = pixels.read_bytes()
    pixels.write_bytes(bytes([before[0] ^ 1]) + before[1:])
    with pytest.raises(SfumatoError, match="were changed"):
        train(run)
    with pytest.raises(SfumatoError, match="not those that this run began with"):
        train(
            Run(
                run.directory,
                run.record.model_copy(update={"dataset_digest": "0" * 64, "dataset": str(tiny_dataset.path)}),
            )
        )
    shutil.rmtree(tmp_path / "dataset")
    with pytest.raises(SfumatoError, match="are not there any more; put them back"):
        train(run)
    shutil.copytree(tiny_dataset.path, tmp_path / "dataset")
    assert isinstance(list(train(run))[-1], Finished)


def test_a_seed_of_its_own_makes_another_run(begin: Callable[..., Run]) -> None:
    losses = [
        [event.loss for event in train(begin(f"run{seed}", seed=seed, steps=2)) if isinstance(event, Trained)]
        for seed in (0, 1, 2**63 - 1)
    ]
    assert len({tuple(run) for run in losses}) == 3


@pytest.mark.parametrize(("slower", "steps"), [(1.0, 25), (4.0, 12)])
def test_guidance_gets_the_weights_that_had_made_a_quarter_of_the_steps_though_the_speed_changed(
    begin: Callable[..., Run], state_of: Callable[[Run], Any], slower: float, steps: int
) -> None:
    state = state_of(begin(steps=100))
    state.timetable = Timetable(0.0, 1.0)
    while state.place < 100:
        state.place += 1.0 if state.step < 30 else slower
        state.step += 1
        for parameter in state.average.module.parameters():
            parameter.fill_(state.step)
        state.keep_early((0.03, 0.12, 0.25))
    assert {value.mean().item() for value in state.early.at(0.25, state.step).values()} == {float(steps)}


def test_early_averages_are_kept_at_each_share_and_survive_a_checkpoint(
    begin: Callable[..., Run], state_of: Callable[[Run], Any]
) -> None:
    state = state_of(begin(steps=100))
    for state.step in range(1, 101):
        state.place = state.step
        for parameter in state.average.module.parameters():
            parameter.fill_(state.step)
        state.keep_early((0.03, 0.25))
    assert {share: step for share, (step, _) in state.early.kept.items()} == {0.03: 3, 0.25: 25}
    checkpoint, state.early = state.checkpoint(), EarlyAverages()
    state.restore(checkpoint, ())
    assert list(state.early.kept) == [0.03, 0.25]
    for step, weights in state.early.kept.values():
        assert {value.mean().item() for value in weights.values()} == {float(step)}


@pytest.mark.parametrize("clocked", [False, True])
def test_a_run_that_kept_one_early_average_under_another_name_goes_on(
    begin: Callable[..., Run], state_of: Callable[[Run], Any], clocked: bool
) -> None:
    state = state_of(begin(steps=100, early=0.25))
    checkpoint, weights = state.checkpoint(), state.average.module.network.state_dict()
    numbers = {"early_step": 25, "sooner_step": 13 if clocked else 0}
    older = replace(
        checkpoint,
        tensors={**checkpoint.tensors, "early": weights, "sooner": weights if clocked else {}},
        state={name: value for name, value in checkpoint.state.items() if name != "early"} | numbers,
    )
    state.restore(older, (0.25,))
    assert {share: step for share, (step, _) in state.early.kept.items()} == (
        {0.125: 13, 0.25: 25} if clocked else {0.25: 25}
    )
    state.step = state.place = 60
    state.keep_early((0.25,))
    assert state.early.kept[0.25][0] == 25


def test_one_share_stands_for_itself_and_the_whole_run_for_none() -> None:
    assert [TrainingConfig(early=early).early for early in (0.2, 1, (0.1, 0.3))] == [(0.2,), (), (0.1, 0.3)]
