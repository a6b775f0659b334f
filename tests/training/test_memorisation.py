"""The guard speaks of memorisation, and neither of noise nor before every picture was shown several times."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sfumato.dataset import Dataset
from sfumato.models import Model
from sfumato.training import Run, examples, loop, train
from sfumato.training import memorisation as module
from sfumato.training.events import Noted, Trained
from sfumato.training.memorisation import FEWEST_SHOWINGS, OverfittingGuard

RUNS = json.loads((Path(__file__).parents[2] / "benchmarks" / "guard_runs.json").read_text())
Curve = NDArray[np.float64]


def speaks_at(training: Curve, held_out: Curve, showings: Curve | None = None) -> int | None:
    """training: [T]; held_out: [T, pictures]."""
    guard = OverfittingGuard()
    counts = np.arange(len(training)) * 20.0 if showings is None else showings
    for index, (count, loss, losses) in enumerate(zip(counts, training, held_out, strict=True)):
        if guard.watch(index, count, [loss], losses):
            return index
    return None


def by_heart(pictures: int = 8, noise: float = 0.0, showings: int = 20) -> tuple[Curve, Curve]:
    """Losses that fall together until measurement 15, and then part by 2 % at each."""
    steps = np.arange(30)
    rng = np.random.default_rng(0)
    training = 0.3 + 0.5 * np.exp(-steps / 1.5) - 0.006 * np.maximum(0, steps - 15)
    held_out = 0.31 + 0.5 * np.exp(-steps / 1.5) + 0.006 * np.maximum(0, steps - 15)
    each = held_out[:, None] * np.linspace(0.7, 1.3, pictures)
    return training + rng.normal(0, noise, 30), each + rng.normal(0, noise, each.shape)


def test_it_speaks_at_the_third_measurement_in_a_row_that_parts() -> None:
    assert speaks_at(*by_heart()) == 19  # 16 is within the tolerance of two in a hundred


def test_it_does_not_speak_before_every_picture_was_shown_several_times() -> None:
    early = np.arange(30) * FEWEST_SHOWINGS / 30.1
    assert speaks_at(*by_heart(), early) is None
    assert speaks_at(*by_heart(), early * 3) == 19


def test_where_both_losses_rise_it_is_silent() -> None:
    _, held_out = by_heart()
    assert speaks_at(held_out.mean(1), held_out) is None


def test_three_held_out_pictures_are_too_few_to_speak() -> None:
    assert speaks_at(*by_heart(pictures=3)) is None
    assert speaks_at(*by_heart(pictures=4)) == 19


def test_one_picture_of_eight_that_rises_alone_is_no_memorisation() -> None:
    training, held_out = by_heart()
    held_out[15:, :7] = held_out[15, :7]
    held_out[15:, 7] *= 1.5
    assert held_out[-1].mean() > 1.05 * held_out[15].mean()
    assert speaks_at(training, held_out) is None


def test_a_rise_within_the_noise_of_the_measurements_is_none() -> None:
    training, held_out = by_heart()
    wandering = np.random.default_rng(1).normal(0, 0.03, 30)
    assert speaks_at(training, np.full_like(held_out, 0.31) + wandering[:, None]) is None


def test_one_measurement_as_good_as_the_lowest_and_it_counts_anew() -> None:
    training, held_out = by_heart()
    held_out[18] = held_out[15]
    assert speaks_at(training, held_out) == 21


def test_what_it_remembers_can_be_written_down_and_read_again() -> None:
    training, held_out = by_heart()
    guard = OverfittingGuard()
    for index in range(18):
        assert not guard.watch(index, 20.0 * index, [training[index]], held_out[index])
    again = OverfittingGuard(**json.loads(json.dumps(guard.__dict__)))
    assert [again.watch(index, 20.0 * index, [training[index]], held_out[index]) for index in (18, 19)] == [False, True]


@pytest.mark.parametrize("name", [name for name, run in RUNS.items() if not run["by_heart"]])
def test_of_a_real_run_that_does_not_learn_by_heart_it_says_nothing(name: str) -> None:
    run = RUNS[name]
    assert speaks_at(np.array(run["training"]), np.array(run["held_out"]), np.array(run["showings"])) is None
    # And if every picture had been shown often enough all along.
    often = np.full(len(run["training"]), 2 * FEWEST_SHOWINGS)
    assert speaks_at(np.array(run["training"]), np.array(run["held_out"]), often) is None


def test_of_a_real_run_of_45_tiles_it_speaks_while_none_is_copied_yet() -> None:
    """The works after 500 showings of each had no near copies."""
    run = RUNS["45 tiles, 500 showings"]
    at = speaks_at(np.array(run["training"]), np.array(run["held_out"]), np.array(run["showings"]))
    assert at is not None and 400 <= run["showings"][at] < 500


def test_of_simulated_runs_with_the_noise_of_real_ones_it_says_nothing(guard_benchmark: ModuleType) -> None:
    assert guard_benchmark.false_alarms(RUNS, 600) == 0  # of 3,000 as well, which take five times as long


# ---- what the loop makes of it


def learned_by_heart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured losses of a model that is best at the third measurement, each picture shown more and more often."""
    held_out = [0.6, 0.5, 0.4] + [0.41 + 0.01 * i for i in range(99)]
    training = [0.6, 0.5, 0.4] + [0.39 - 0.005 * i for i in range(99)]
    series = iter([[loss] * 8 for pair in zip(training, held_out, strict=True) for loss in pair])
    monkeypatch.setattr(loop._Training, "_losses_on", lambda self, indices: next(series))
    monkeypatch.setattr(module, "FEWEST_SHOWINGS", 1)


# A time to keep must not give back the steps that the guard takes away.
def test_the_guard_anneals_at_once_ends_early_and_says_why(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, passing_time: Callable[..., Any]
) -> None:
    learned_by_heart(monkeypatch)
    passing_time(lambda step: 1.0)
    run = begin(steps=100, evaluations=20, snapshots=1)
    settings = run.record.settings.model_copy(update={"minutes": 100 / 60})
    run = Run(run.directory, run.record.model_copy(update={"settings": settings}))
    events = list(train(run))
    (note,) = [event for event in events if isinstance(event, Noted)]
    spoke, end = note.step, events[-1].step
    when = f"after {events[-1].elapsed_seconds / 60:.1f} minutes"
    assert note.text.startswith(f"ends early, {when}: the loss on held-out pictures rose from 0.4000 at step ")
    assert note.text.endswith("while that on training pictures fell: it had begun to learn them by heart")
    assert end == pytest.approx(spoke + spoke // 4, abs=1)
    assert end < 80
    rates = [event.learning_rate for event in events if isinstance(event, Trained) and event.step > spoke]
    assert len(rates) == end - spoke
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 1.5 * rates[0] / len(rates)
    assert f"ended early, {when}" in Model.from_pretrained(run.path).card


def test_steps_that_were_asked_for_are_made_and_the_guard_only_remarks(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    learned_by_heart(monkeypatch)
    events = list(train(begin(steps=60, evaluations=20, snapshots=0)))
    (note,) = [event for event in events if isinstance(event, Noted)]
    assert note.text.startswith("from step 9 on it learned its pictures by heart: the loss on held-out pictures rose")
    assert note.text.endswith("; it goes on to step 60, as was asked; fewer steps would copy less")
    assert events[-1].step == 60


def test_the_guard_can_be_turned_off(begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    learned_by_heart(monkeypatch)
    events = list(train(begin(steps=30, evaluations=15, guard=False, snapshots=0)))
    assert not any(isinstance(event, Noted) for event in events)
    assert events[-1].step == 30


def test_each_picture_has_a_loss_however_few_are_held_out(begin: Callable[..., Run]) -> None:
    training = loop._Training(begin(), torch.device("cpu"), 0.0)
    assert len(training.dataset.held_out) < examples.EVALUATED
    losses = training._losses_on(training.dataset.held_out)
    assert len(losses) == len(training.dataset.held_out)
    assert losses == training._losses_on(training.dataset.held_out)  # with the same noise


def test_each_of_few_pictures_is_looked_at_equally_often(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = loop._Training(begin(), torch.device("cpu"), 0.0)
    looked: list[int] = []
    images = Dataset.images

    def counted(dataset: Dataset, indices: torch.Tensor) -> torch.Tensor:
        looked.extend(indices.tolist())
        return images(dataset, indices)

    monkeypatch.setattr(Dataset, "images", counted)
    few = training.dataset.train[:5]
    assert len(training._losses_on(few)) == 5
    assert {looked.count(index) for index in few.tolist()} == {examples.LOOKS // 5, examples.LOOKS // 5 + 1}
