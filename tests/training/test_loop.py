import errno
import json
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch

from sfumato.diffusion import ClassCondition
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER
from sfumato.models import Model
from sfumato.training import Run, train
from sfumato.training.checkpoint import load_checkpoint
from sfumato.training.conditions import class_conditions
from sfumato.training.events import Evaluated, Event, Finished, Noted, Pictured, Saved, Trained
from sfumato.training.objectives import Denoising, Losses
from sfumato.training.optimisers import Optimiser
from sfumato.training.run import RunLog
from sfumato.training.snapshots import Snapshots


def of(kind: type, events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_events_come_in_the_order_of_what_happens(begin: Callable[..., Run]) -> None:
    run = begin(steps=6, checkpoint_every=2, evaluations=2, snapshots=1)
    kinds = "".join(type(event).__name__[0] for event in train(run))
    assert kinds == "STTSTETSTTEPF"
    logged = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    names = ["trained", "evaluated", "trained", "trained", "evaluated", "pictured", "finished"]
    assert [line["event"] for line in logged] == names
    assert [line["step"] for line in logged] == [2, 3, 4, 6, 6, 6, 6]
    assert all(line["clock"]["time"] > 0 for line in logged)


def test_a_snapshot_that_is_asked_for_comes_at_once_and_changes_nothing_else(begin: Callable[..., Run]) -> None:
    wanted = iter([False, False, True, *[False] * 100])
    plain, shown = begin(steps=6, snapshots=1), begin("shown", steps=6, snapshots=1)
    usual = list(train(plain))
    events = list(train(shown, is_shown=lambda: next(wanted)))
    assert [event.step for event in of(Pictured, usual)] == [6]
    assert [event.step for event in of(Pictured, events)] == [2, 6]
    assert all(event.path.is_file() for event in of(Pictured, events))
    assert [event.loss for event in of(Trained, events)] == [event.loss for event in of(Trained, usual)]
    assert Model.from_pretrained(shown.path).weights_digest == Model.from_pretrained(plain.path).weights_digest


def test_it_ends_at_the_step_asked_for_with_the_learning_rate_at_zero(begin: Callable[..., Run]) -> None:
    run = begin(steps=20, learning_rate=0.003, anneal=0.4, evaluations=1, checkpoint_every=100)
    trained = of(Trained, train(run))
    assert [event.step for event in trained] == list(range(1, 21))
    assert {event.steps for event in trained} == {20}
    assert [event.pictures for event in trained] == [4 * step for step in range(1, 21)]
    # The fall takes the last 40 %: eight steps, and the ninth would be zero.
    rates = [event.learning_rate / 0.003 for event in trained]
    assert rates[-9:] == pytest.approx([1, *((8 - step) / 8 for step in range(8))])


def test_the_loss_falls(begin: Callable[..., Run]) -> None:
    events = list(train(begin(steps=80, snapshots=0, checkpoint_every=1000, anneal=0.4)))
    losses = [event.loss for event in of(Trained, events)]
    assert sum(losses[-20:]) < 0.75 * sum(losses[:20])
    measured = of(Evaluated, events)
    assert measured[-1].held_out_loss < 0.85 * measured[0].held_out_loss


def test_a_finished_run_holds_a_model_that_generates_and_how_it_learned(trained: tuple[Run, list[Event]]) -> None:
    run, events = trained
    assert isinstance(events[-1], Finished)
    assert events[-1].model == run.model
    model = Model.from_pretrained(run.path)
    assert [work.image.size for work in model.generate(2, seed=1, steps=2)] == [(32, 32)] * 2
    assert model.early.keys() == model.denoiser.network.state_dict().keys()
    assert "12 steps of 4 pictures" in model.card
    assert {path.name for path in run.path.iterdir()} == {
        MARKER, "run.json", "log.jsonl", "checkpoints", "snapshots", "evolution.png", "evolution.webp", "model",
        "likeness.safetensors",
    }  # fmt: skip
    assert [event.path.exists() for event in of(Pictured, events)] == [True, True]


def test_closing_leaves_a_checkpoint_and_a_model_that_generates(begin: Callable[..., Run]) -> None:
    run = begin()
    events = train(run)
    last = next(event for event in events if isinstance(event, Trained) and event.step == 7)
    events.close()
    assert load_checkpoint(run.checkpoints).step == last.step == 7
    assert len(Model.from_pretrained(run.path).generate(1, steps=2)) == 1


def test_closing_after_the_end_changes_nothing(begin: Callable[..., Run]) -> None:
    run = begin()
    events = train(run)
    next(event for event in events if isinstance(event, Finished))
    files = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    events.close()
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == files


def test_without_classes_none_is_shown_to_the_network(begin: Callable[..., Run], monkeypatch: Any) -> None:
    losses, seen = Denoising.forward, set()

    def watched(self: Denoising, images: Any, condition: ClassCondition, generator: Any) -> Losses:
        seen.update(condition.rows.tolist())
        return losses(self, images, condition, generator)

    monkeypatch.setattr(Denoising, "forward", watched)
    run = begin(steps=3)
    dataset = run.open_dataset()
    dataset.classes = []
    list(train(run, conditions=class_conditions(dataset)))
    assert seen == {0}


def test_bfloat16_keeps_the_weights_in_float32(begin: Callable[..., Run], trained: tuple[Run, list[Event]]) -> None:
    run = begin(precision="bfloat16")
    losses = [event.loss for event in of(Trained, train(run))]
    assert all(map(math.isfinite, losses))
    checkpoint = load_checkpoint(run.checkpoints)
    kinds = {tensor.dtype for part in checkpoint.tensors.values() for tensor in part.values()}
    assert kinds == {torch.float32}
    exact = [event.loss for event in of(Trained, trained[1])]
    assert losses != exact
    assert losses == pytest.approx(exact, rel=0.1)


# ---- losses that are not finite


def spoil(monkeypatch: pytest.MonkeyPatch, when: Callable[[int], bool]) -> None:
    """Training losses that are not a number where when(calls so far) says so."""
    losses, calls = Denoising.forward, iter(range(10**6))

    def spoilt(self: Denoising, *arguments: Any) -> Losses:
        result = losses(self, *arguments)
        return Losses(result.total * math.nan) if when(next(calls)) else result

    monkeypatch.setattr(Denoising, "forward", spoilt)


def test_a_loss_that_is_not_finite_goes_back_to_the_last_checkpoint_at_half_the_rate(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, lambda call: call == 7)
    events = list(train(begin(warmup=0, anneal=0)))
    (note,) = of(Noted, events)
    assert (note.step, note.text) == (
        5, "the loss was not finite at step 7: back to step 5 at 1/2 of the learning rate"
    )  # fmt: skip
    trained = of(Trained, events)
    assert [event.step for event in trained] == [1, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9, 10, 11, 12]
    rate = trained[0].learning_rate
    assert [event.learning_rate for event in trained] == [rate] * 7 + [rate / 2] * 7
    assert isinstance(events[-1], Finished)


def test_weights_that_are_not_finite_are_never_saved(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, spoilt = begin(), iter([5, 12])
    at = next(spoilt)
    step = Optimiser.step

    def broken(self: Any, factor: float) -> None:
        step(self, factor)
        nonlocal at
        counted[0] += 1
        if counted[0] == at:
            at = next(spoilt, 0)
            with torch.no_grad():
                self.optimisers[0].param_groups[0]["params"][0].fill_(math.nan)

    counted = [0]
    monkeypatch.setattr(Optimiser, "step", broken)
    events = list(train(run))
    assert [event.step for event in of(Noted, events)] == [0, 5]
    for part in load_checkpoint(run.checkpoints).tensors.values():
        assert all(torch.isfinite(tensor).all() for tensor in part.values())
    # The same where a person stops it at such a moment.
    other = begin("other")
    counted[0], at = 0, 4
    session = train(other)
    next(event for event in session if isinstance(event, Trained) and event.step == 4)
    session.close()
    assert load_checkpoint(other.checkpoints).step == 0
    assert all(torch.isfinite(p).all() for p in Model.from_pretrained(other.path).denoiser.parameters())


def test_losses_that_stay_not_finite_end_with_a_way_out(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, lambda call: call >= 7)
    run = begin()
    notes = 0
    with pytest.raises(SfumatoError, match="not finite at step 5, even at 1/256 of the learning rate; begin"):
        for event in train(run):
            notes += isinstance(event, Noted)
    assert notes == 8
    assert load_checkpoint(run.checkpoints).step == 5


# ---- a time to keep


@pytest.mark.parametrize("planned", [20, 120, 500])
@pytest.mark.parametrize("slower", [0.5, 1.0, 2.0])
def test_a_time_is_kept_though_the_plan_was_wrong_and_the_speed_changes(
    timed: Callable[..., Run], passing_time: Callable[..., Any], planned: int, slower: float
) -> None:
    clock = passing_time(lambda step: 1.0 if step < 50 else slower)
    events = list(train(timed(2.0, planned), spent_seconds=4))
    assert clock.now - 1000 + 4 == pytest.approx(120, rel=0.05)
    assert events[-1].elapsed_seconds == pytest.approx(120, rel=0.05)
    rates = [event.learning_rate for event in of(Trained, events)]
    assert rates[-1] < 0.1 * max(rates)


def test_a_step_back_does_not_end_a_timed_run_early(
    timed: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, passing_time: Callable[..., Any]
) -> None:
    clock = passing_time(lambda step: 1.0)
    spoil(monkeypatch, lambda call: call == 60)
    run = timed(2.0, 120, checkpoint_every=1000, learning_rate=0.002, anneal=0.4)
    events = list(train(run))
    assert [note.step for note in of(Noted, events)] == [0]
    assert clock.now - 1000 == pytest.approx(120, rel=0.05)
    again = of(Trained, events)[60:]
    assert len(again) > 50
    assert again[20].learning_rate == pytest.approx(0.001)


def test_after_a_kill_the_time_after_the_last_checkpoint_is_trained_again_and_counts_once(
    timed: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    clock = passing_time(lambda step: 1.0)
    run = timed(2.0, 120)
    session = train(run, spent_seconds=4)
    killed = next(event for event in session if isinstance(event, Trained) and event.step == 40)
    with pytest.raises(KeyboardInterrupt):
        session.throw(KeyboardInterrupt())
    checkpoint = load_checkpoint(run.checkpoints)
    assert checkpoint is not None
    assert (checkpoint.step, checkpoint.state["elapsed_seconds"]) == (25, 29)
    events = list(train(run))
    again = of(Trained, events)
    assert again[0].step == 26
    assert again[14].learning_rate == killed.learning_rate
    assert events[-1].elapsed_seconds == pytest.approx(120, rel=0.02)
    assert clock.now - 1000 == pytest.approx(116 + 15, rel=0.02)


def test_a_machine_that_becomes_slow_late_still_ends_with_the_whole_fall_of_the_rate(
    timed: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    passing_time(lambda step: 0.25 if step < 400 else 4.0)
    run = timed(2.0, 480, log_every=1)
    trained = of(Trained, train(run))
    late = [event for event in trained if event.elapsed_seconds > 100]
    rates = [event.learning_rate / run.record.settings.optimiser.learning_rate for event in late]
    left = [(118 - event.elapsed_seconds) / (0.8 * 118) for event in late]
    # Each step's rate is that of the moment at which it began.
    assert rates[1:] == pytest.approx(left[:-1], abs=0.01)
    assert rates[-1] < 0.06


@pytest.fixture
def threads_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's number of threads is what was last asked for, but one computes: beside other processes two of a tiny
    network would wait for one another all the time."""
    asked = [1]
    monkeypatch.setattr(torch, "set_num_threads", lambda count: asked.__setitem__(0, count))
    monkeypatch.setattr(torch, "get_num_threads", lambda: asked[0])


@pytest.mark.usefixtures("threads_in_name")
def test_the_threads_of_a_timed_run_follow_its_speed_and_are_in_the_checkpoint(
    timed: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    busy = [False]
    passing_time(lambda step: {2: 1.1 if busy[0] else 0.35, 1: 0.6}[torch.get_num_threads()])
    run = timed(2.0, 300, threads=2)
    session = train(run)
    quiet = [next(event for event in session if isinstance(event, Trained)) for _ in range(60)]
    busy[0] = True
    later = [next(event for event in session if isinstance(event, Trained)) for _ in range(60)]
    assert [event.threads for event in quiet[-30:]] == [2] * 30
    assert sum(event.threads == 1 for event in later[-40:]) > 35
    session.close()
    checkpoint = load_checkpoint(run.checkpoints)
    assert checkpoint is not None
    assert checkpoint.state["threads"] == 1
    assert next(event for event in train(run) if isinstance(event, Trained)).threads == 1


@pytest.mark.usefixtures("threads_in_name")
def test_a_number_of_steps_keeps_its_threads_however_slow_they_are(
    begin: Callable[..., Run], passing_time: Callable[..., Any]
) -> None:
    passing_time(lambda step: 0.1 if step < 20 else 5.0)
    run = begin(steps=40, threads=2, evaluations=1, checkpoint_every=100)
    assert {event.threads for event in of(Trained, train(run))} == {2}


@pytest.mark.slow
def test_a_real_run_of_six_seconds_keeps_them(begin: Callable[..., Run]) -> None:
    run = begin(steps=0, minutes=0.1)
    *_, finished = train(run, spent_seconds=1.0)
    # It allows two seconds for finishing, which a tiny network does not need.
    assert 3 < finished.elapsed_seconds < 9
    assert finished.step > 20


# ---- disks


@pytest.mark.parametrize(
    ("place", "name"), [(RunLog, "write"), (Snapshots, "keep"), (Snapshots, "summarise"), (Model, "save_pretrained")]
)
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "safetensors"])
def test_a_disk_that_fills_loses_nothing_and_names_the_way_out(
    begin: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, place: type, name: str, error: Any
) -> None:
    from safetensors import SafetensorError

    def full(*arguments: Any, **options: Any) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)") if error == "safetensors" else error

    run = begin(steps=4, checkpoint_every=2, evaluations=1, snapshots=2)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, full)
        with pytest.raises(SfumatoError, match=r"cannot be written \(the disk is full\).*go on with --resume"):
            list(train(run))
    events = list(train(run))
    assert isinstance(events[-1], Finished)
    assert of(Saved, events)[-1:] or load_checkpoint(run.checkpoints).step == 4


@pytest.mark.parametrize(("steps", "snapshots"), [(7, [3, 6, 7]), (6, [3, 6]), (2, [2])])
def test_snapshots_come_at_every_so_many_steps_and_at_the_end(
    begin: Callable[..., Run], steps: int, snapshots: list[int]
) -> None:
    run = begin(picture_every=3, steps=steps, evaluations=1, checkpoint_every=100)
    assert [event.step for event in of(Pictured, list(train(run)))] == snapshots
