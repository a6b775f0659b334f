"""A training's log is read as the training wrote it, half written lines and pauses between sessions too."""

import json

import pytest

from sfumato.studio.place import Place
from sfumato.studio.runs import NoSuchTrainingError, parsed_log, run_of, runs_of

RUN = "sea-studies-1"


def line(event: str, step: int, time: float, elapsed: float | None = None, **fields: object) -> bytes:
    clock = {"time": time, **({} if elapsed is None else {"elapsed_seconds": elapsed, "remaining_seconds": 5.0})}
    return json.dumps({"event": event, "step": step, **fields, "clock": clock}).encode()


def test_a_run_tells_how_far_it_came(trained):
    (run,) = runs_of(trained)
    assert (run.id, run.name, run.has_model) == (RUN, "Sea studies", True)
    assert (run.log.step, run.log.steps, run.log.pictures) == (12, 12, 48)
    assert run.log.finished
    assert run.log.remaining_seconds is None
    assert 0 < run.log.elapsed_seconds < 60
    assert run.log.loss.steps[-1] == 12
    assert len(run.log.held_out.values) == len(run.log.training.values) > 1
    assert set(run.snapshots) == set(run.log.pictured)
    assert run.snapshot(run.snapshots[0]).is_file()
    assert run.evolution().name == "evolution.webp"


def test_what_a_log_says_is_read_event_by_event():
    log = parsed_log(
        [
            line("pictured", 1, 100.5),
            line("trained", 10, 110, 10.0, steps=40, pictures=240, loss=0.5),
            line("evaluated", 10, 111, training_loss=0.4, held_out_loss=0.6),
            line("noted", 12, 112, text="it begins to learn by heart"),
            line("trained", 20, 120, 20.0, steps=40, pictures=480, loss=0.25),
            b'{"event": "trained", "step": 30, "clo',
        ]
    )
    assert (log.step, log.steps, log.pictures, log.finished) == (20, 40, 480, False)
    assert (log.elapsed_seconds, log.remaining_seconds) == (20, 5)
    assert (log.loss.steps, log.loss.seconds, log.loss.values) == ((10, 20), (10, 20), (0.5, 0.25))
    assert (log.held_out.steps, log.held_out.seconds, log.held_out.values) == ((10,), (11,), (0.6,))
    assert log.training.values == (0.4,)
    assert log.pictured == {1: 0.0}
    assert log.notes == ("it begins to learn by heart",)


def test_a_pause_of_a_day_between_two_sessions_is_no_time_of_training():
    day = 86_400
    log = parsed_log(
        [
            line("trained", 10, 110, 10.0, steps=20, loss=1.0),
            line("evaluated", 11, 110 + day, training_loss=0.4, held_out_loss=0.6),
            line("trained", 20, 120 + day, 20.0, steps=20, loss=0.5),
        ]
    )
    assert log.held_out.seconds == (20,)


def test_a_loss_that_is_no_number_is_left_out_of_the_curve():
    log = parsed_log([b'{"event": "trained", "step": 1, "loss": NaN, "clock": {"time": 1, "elapsed_seconds": 1}}'])
    assert (log.step, log.loss.values) == (1, ())


@pytest.mark.parametrize("lines", [[], [b"", b"null", b"[]", b"{}", b'{"event": "trained"}', b"\xff"]])
def test_an_empty_or_damaged_log_says_nothing(lines):
    log = parsed_log(lines)
    assert (log.step, log.elapsed_seconds, log.finished) == (0, 0.0, False)


@pytest.mark.parametrize("id", ["..", "../runs/sea-studies-1", "sea-studies-2", ""])
def test_no_other_id_leads_anywhere(trained, id):
    with pytest.raises(NoSuchTrainingError):
        run_of(id, trained)


def test_what_a_run_does_not_have_is_said(trained, tmp_path):
    with pytest.raises(NoSuchTrainingError, match="no snapshot of step 7000"):
        run_of(RUN, trained).snapshot(7000)
    begun = tmp_path / "runs" / "begun"
    begun.mkdir(parents=True)
    (begun / "run.json").write_bytes((trained.runs / RUN / "run.json").read_bytes())
    run = run_of("begun", Place(tmp_path))
    assert (run.has_model, run.snapshots, run.log.step) == (False, [], 0)
    with pytest.raises(NoSuchTrainingError, match="no evolution yet"):
        run.evolution()
