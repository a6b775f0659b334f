"""Pipelines in a terminal, and where there is none; the first Ctrl-C ends a training after its step."""

import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image
from rich.console import Console

from sfumato import pipeline
from sfumato.cli.drawing import draw
from sfumato.collection import Collection, LeftOut, Noted, Written, collect
from sfumato.dataset import Dataset
from sfumato.errors import SfumatoError
from sfumato.evaluation import Metric
from sfumato.pipeline.events import (
    Began,
    ContenderBegan,
    Drew,
    Evaluated,
    PageWritten,
    Planned,
    Sampled,
    TrainingBegan,
)
from sfumato.pipeline.pictures import dataset_of
from sfumato.training import Finished, Trained


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120, force_terminal=False)


@pytest.fixture
def art(tmp_path):
    folder = tmp_path / "art"
    for name in ("drawing", "[bold]oil"):
        (folder / name).mkdir(parents=True)
        for index in range(6):
            Image.effect_noise((40, 40), 40 + index).save(folder / name / f"{index}.png")
    return folder


def said(console: Console) -> str:
    return console.file.getvalue()


def test_only_the_first_files_that_are_left_out_are_listed(art, tmp_path, console):
    for index in range(30):
        (art / f"{index:02}.png").touch()
    draw(pipeline.collect(art, tmp_path / "c", workers=1), console)
    assert said(console).count("empty (0 bytes) (left out)") == 20
    assert f"and 10 more, see {tmp_path / 'c' / 'rejected.jsonl'}" in said(console)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have such names")
def test_names_cannot_steer_the_terminal(art, tmp_path, console):
    (art / "\x1b[31m[red]x\n\udce9.png").touch()
    draw(pipeline.collect(art, tmp_path / "c", workers=1), console)
    assert "\\x1b[31m[red]x\\n\\udce9.png: empty" in said(console)


def test_what_was_left_out_is_named_where_nothing_remains(tmp_path, console):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "a.png").write_bytes(b"hello")
    with pytest.raises(SfumatoError, match="no picture that can be used"):
        draw(pipeline.collect(tmp_path / "art", tmp_path / "c", workers=1), console)
    assert "a.png: not a picture (left out)" in said(console)


def prepared(collection: Collection, place: Path, size: int) -> Iterator[pipeline.Event]:
    yield from dataset_of(collection, place, size, workers=1)


def test_a_dataset_is_prepared_with_the_same_drawing(art, tmp_path, console):
    Image.effect_noise((33, 33), 9).save(art / "drawing" / "small.png")
    list(collect(art, tmp_path / "c", workers=1))
    collection = Collection.open(tmp_path / "c")
    draw(prepared(collection, tmp_path / "d", 40), console)
    assert len(Dataset.open(tmp_path / "d")) == 12
    assert said(console) == "drawing/small.png: 33 x 33 pixels, smaller than the training size of 40 (left out)\n"
    with pytest.raises(SfumatoError, match="training needs at least"):
        draw(prepared(collection, tmp_path / "e", 64), console)
    assert said(console).count("smaller than the training size of 64 (left out)") == 13


def test_a_data_set_by_half_a_name_is_refused_with_the_form(tmp_path, console):
    with pytest.raises(SfumatoError, match="give it as kaggle:OWNER/NAME"):
        draw(pipeline.collect("kaggle:art", tmp_path / "c"), console)
    assert said(console) == ""


def test_writing_is_drawn_on_a_terminal(art, tmp_path, monkeypatch):
    events = [Began("fetching", "Fetching hf:owner/art"), Noted("a note"), Written(1, 2), Written(2, 2)]
    terminal = Console(file=io.StringIO(), width=120, force_terminal=True)
    draw((event for event in events), terminal)
    assert "Writing" in said(terminal)
    assert "2/2" in said(terminal)


RUN = TrainingBegan(Path("my [run]"), Path("my [run]/model"), "denoising")


def trained(step: int) -> Trained:
    return Trained(step, 200, step * 8, 0.5, 2e-3, 64.0, float(step), 10.0)


class Training:
    """A pipeline that is interrupted at its second step, as by Ctrl-C."""

    def __init__(self) -> None:
        self.is_closed = False

    def events(self) -> Iterator[pipeline.Event]:
        try:
            yield RUN
            yield trained(1)
            signal.raise_signal(signal.SIGINT)
            yield trained(2)
            yield trained(3)
        finally:
            self.is_closed = True


def test_the_first_interruption_ends_a_training_after_its_step(console):
    before = signal.getsignal(signal.SIGINT)
    training = Training()
    with pytest.raises(typer.Exit) as ended:
        draw(training.events(), console)
    assert ended.value.exit_code == 130
    assert training.is_closed
    assert signal.getsignal(signal.SIGINT) is before
    assert said(console).splitlines() == [
        "finishing this step and saving; Ctrl-C again stops at once",
        "Stopped. A model of this moment is in my [run]/model; go on with: sfumato train --resume -o 'my [run]'",
    ]


def test_an_interruption_at_the_very_end_lets_the_rest_go_on(console):
    def events() -> Iterator[pipeline.Event]:
        yield RUN
        signal.raise_signal(signal.SIGINT)
        yield Finished(200, RUN.model, 61.0)
        yield PageWritten(Path("demo/index.html"))

    draw(events(), console)
    assert "Done in 1:01" in said(console)
    assert said(console).endswith("Open demo/index.html in a browser.\n")


def test_without_a_training_an_interruption_is_pythons_own(console, request):
    # What a shell begins in the background, as this may be, ignores interruptions.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))

    def events() -> Iterator[pipeline.Event]:
        yield Began("measuring", "measuring this machine")
        signal.raise_signal(signal.SIGINT)
        yield Planned("never")

    with pytest.raises(KeyboardInterrupt):
        draw(events(), console)
    assert said(console) == ""


def test_what_stands_between_the_stages_is_said(console):
    events = (
        Began("drawing", "drawing 10 pictures"),
        Drew(Path("demo/[art]"), 10, ("flow", "waves")),
        ContenderBegan(2, 3, "gan", 10.0),
        Began("measuring", "measuring this machine"),
        Planned("unet, 32 px", 2_500_000),
        Planned("unet, 64 px"),
    )
    draw((event for event in events), console)
    assert said(console).splitlines() == [
        "Drew 10 pictures into demo/[art]: flow, waves.",
        "2 of 3: gan, 10 minutes",
        "unet, 32 px (at most 2 MB on the disk).",
        "unet, 64 px.",
    ]


def test_an_evaluation_is_told_with_its_copies(console):
    metrics = (Metric("kid", 3.0, 0.1, 20, 18, 300, 0.5, 0.4), Metric("copies", 0.9, None, 20, 0, 300))
    events = (
        Began("sampling", "20 works"),
        Sampled(10.0, 20),
        Evaluated(32, "[plain]", metrics, "COPIES: 90%", ("One.", "Two."), copies=True),
        PageWritten(Path("e/index.html")),
    )
    draw((event for event in events), console)
    text = said(console)
    for words in ("32 px, [plain]", "3.0 ± 0.5", "20, 18; 300", "cannot tell", "COPIES: 90%.\nOne.\nTwo.\n"):
        assert words in text


def test_works_are_drawn_as_a_bar_on_a_terminal():
    terminal = Console(file=io.StringIO(), width=120, force_terminal=True)
    draw((event for event in (Began("sampling", "20 works"), Sampled(10.0, 20))), terminal)
    assert "20 works" in said(terminal) and "50 %" in said(terminal)


def test_files_that_were_left_out_are_named_where_a_pipeline_fails(console):
    def events() -> Iterator[pipeline.Event]:
        yield Began("collecting", "Collecting")
        yield LeftOut("a.png", "broken", "not a picture")
        raise SfumatoError("no picture that can be used")

    with pytest.raises(SfumatoError):
        draw(events(), console)
    assert said(console) == "a.png: not a picture (left out)\n"
