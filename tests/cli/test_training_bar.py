"""Training in a terminal, and where there is none."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from sfumato.cli.training_bar import TrainingBar
from sfumato.pipeline.events import TrainingBegan
from sfumato.training import Evaluated, Finished, Noted, Pictured, Saved, Trained

RUN = TrainingBegan(Path("my [bold]run"), Path("my [bold]run/model"), "noise")


def trained(step: int, elapsed: float) -> Trained:
    return Trained(step, 200, step * 8, 0.5, 2e-3, 64.0, elapsed, 3725.0)


def shown(*events, terminal: bool, run: TrainingBegan = RUN) -> str:
    console = Console(file=io.StringIO(), width=160, force_terminal=terminal, highlight=False)
    with TrainingBar(console, run) as bar:
        for event in events:
            bar.show(event)
        if terminal:
            bar.progress.refresh()
    return console.file.getvalue()


def test_the_bar_says_time_left_speed_and_both_losses():
    said = shown(trained(1, 1.0), Evaluated(50, 0.4, 0.4567), trained(100, 2.0), terminal=True)
    for word in ("1:02:05 left", "64 pictures/s", "loss 0.5000", "held out 0.4567", "50 %"):
        assert word in said


def test_of_a_sessions_first_step_no_time_is_told():
    """After a resume nothing is known yet: neither nought seconds nor what earlier sessions would make of it."""
    said = shown(Trained(101, 200, 808, 0.5, 2e-3, 0.0, 9000.0, 0.0), terminal=True)
    assert "left" not in said
    assert "pictures/s" not in said
    assert "loss 0.5000" in said


def test_without_a_terminal_a_line_now_and_then_says_that_it_is_alive():
    said = shown(trained(1, 1.0), trained(2, 31.0), trained(3, 32.0), trained(4, 62.0), terminal=False)
    assert [line.split(":")[0] for line in said.splitlines() if line] == ["step 2 of 200", "step 4 of 200"]


@pytest.mark.parametrize("terminal", [False, True])
def test_the_end_says_where_everything_is_and_what_comes_next(terminal):
    events = (Pictured(9, Path("s.png")), Saved(9, Path("c")), Noted(9, "it [was] slow"))
    said = shown(*events, Finished(200, RUN.model, 61.0), terminal=terminal)
    assert "evolution.png" not in said  # there is none
    for word in (
        "At step 9: it [was] slow.",
        "Done in 1:01",
        "my [bold]run/model",
        "sfumato generate 'my [bold]run' -n 16 -o works",
    ):
        assert word in said


def test_after_an_autoencoder_a_picture_is_to_be_shown_to_it():
    finished = Finished(200, RUN.model, 61.0)
    said = shown(finished, terminal=False, run=replace(RUN, begins_with="picture"))
    assert "sfumato reimagine 'my [bold]run' PICTURE -o work.png" in said


def test_of_words_the_next_command_says_which_call_for_what_was_learned():
    asked = replace(RUN, prompt="ink wash")
    assert "--prompt 'ink wash' -n 16" in shown(Finished(200, RUN.model, 61.0), terminal=False, run=asked)
