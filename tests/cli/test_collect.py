import io
import os
import shutil
import subprocess
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from sfumato.cli.collect import (
    collect,
    collect_with_progress,
    fetch_with_progress,
    parse_background,
    prepare_with_progress,
    printable,
)
from sfumato.collection import Collection, Fetched, Noted, Origin, Written
from sfumato.errors import SfumatoError


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(collect)
    return app


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


def test_the_command_says_what_it_found(app, art, tmp_path):
    (art / "broken.png").touch()
    result = CliRunner().invoke(
        app, [str(art), "-o", str(tmp_path / "c"), "--background", "24, 20,28", "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    assert "broken.png: empty (0 bytes) (left out)" in result.output
    assert "[bold]oil" in result.output
    assert "licence unknown" in result.output
    assert (tmp_path / "c" / "collection.json").is_file()
    again = CliRunner().invoke(app, [str(art), "-o", str(tmp_path / "c"), "--background", "24,20,28"])
    assert "13 files unchanged" in again.output
    assert "broken.png" in again.output


def test_only_the_first_files_that_are_left_out_are_listed(art, tmp_path, console):
    for index in range(30):
        (art / f"{index:02}.png").touch()
    collect_with_progress(art, tmp_path / "c", (255, 255, 255), console, workers=1)
    assert said(console).count("empty (0 bytes) (left out)") == 20
    assert f"and 10 more, see {tmp_path / 'c' / 'rejected.jsonl'}" in said(console)


def test_pictures_of_no_class_are_shown_as_that_and_every_name_can_be_read(app, art, tmp_path):
    name = os.fsdecode(b"Gem\xe4lde") if sys.platform == "linux" else "Gemälde"
    (art / "drawing").rename(art / name)
    (art / "train").mkdir()
    for folder in (name, "[bold]oil"):
        (art / folder).rename(art / "train" / folder)
    (art / "test").mkdir()
    Image.effect_noise((40, 40), 80).save(art / "test" / "0.png")
    result = CliRunner().invoke(app, [str(art), "-o", str(tmp_path / "c"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    counts = [line.strip("│ ").split("│") for line in result.output.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in counts][:3] == [
        ["(unlabelled)", "1"],
        ["Gemälde", "6"],
        ["[bold]oil", "6"],
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not have such names")
def test_names_cannot_steer_the_terminal(art, tmp_path, console):
    (art / "\x1b[31m[red]x\n\udce9.png").touch()
    collect_with_progress(art, tmp_path / "c", (255, 255, 255), console, workers=1)
    assert "\\x1b[31m[red]x\\n\\udce9.png: empty" in said(console)


def test_what_was_left_out_is_named_where_nothing_remains(tmp_path, console):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "a.png").write_bytes(b"hello")
    with pytest.raises(SfumatoError, match="no picture that can be used"):
        collect_with_progress(tmp_path / "art", tmp_path / "c", (0, 0, 0), console, workers=1)
    assert "a.png: not a picture (left out)" in said(console)


def test_a_dataset_is_prepared_with_the_same_drawing(art, tmp_path, console):
    Image.effect_noise((33, 33), 9).save(art / "drawing" / "small.png")
    collection = collect_with_progress(art, tmp_path / "c", (255, 255, 255), console, workers=1, summary=False)
    assert said(console) == ""
    dataset = prepare_with_progress(collection, tmp_path / "d", 40, "centre", console, workers=1)
    assert len(dataset) == 12
    assert "drawing/small.png: 33 x 33 pixels, smaller than the training size of 40 (left out)" in said(console)
    with pytest.raises(SfumatoError, match="training needs at least"):
        prepare_with_progress(collection, tmp_path / "e", 64, "centre", console, workers=1)


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2,3,4", "256,0,0", "-1,0,0", "a,b,c", "1.0,2,3", "1_0,2,3", "²,1,1", "#fff"]
)
def test_a_background_that_is_no_colour_is_said_with_an_example(text):
    with pytest.raises(SfumatoError, match="--background 24,20,28"):
        parse_background(text)


@given(st.text(max_size=20))
def test_any_text_is_a_colour_or_a_clear_error(text):
    try:
        colour = parse_background(text)
    except SfumatoError as error:
        assert str(error).isprintable()
    else:
        assert all(0 <= level <= 255 for level in colour)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_every_colour_is_read(colour):
    assert parse_background(",".join(map(str, colour))) == colour


@given(st.text(max_size=30))
def test_printable_text_is_printable(text):
    assert printable(text).isprintable()


def test_the_command_is_there_before_anything_heavy():
    command = (
        "import sys, sfumato.cli.collect; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


class Fetching:
    """Takes the place of `fetch`, which is tested with each client; what it gives is a folder that is there."""

    def __init__(self, folder, licence: str = "") -> None:
        self.folder, self.licence = folder, licence

    def __call__(self, reference, destination, *, force):
        yield Noted("pictures from the column 'image\x1b'")
        yield Written(1, 2)
        yield Written(2, 2)
        yield Fetched(self.folder, Origin(str(reference), "3", self.licence))


@pytest.mark.parametrize(
    ("licence", "said_of_it"), [("CC0: [x]", "states 'CC0: [x]', which is its owner's"), ("", "states none.")]
)
def test_a_data_set_by_name_is_fetched_and_what_is_known_of_its_licence_said(
    app, art, tmp_path, monkeypatch, licence, said_of_it
):
    monkeypatch.setattr("sfumato.collection.fetch", Fetching(art, licence))
    result = CliRunner().invoke(app, ["kaggle:owner/art", "-o", str(tmp_path / "c"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "Fetching kaggle:owner/art" in result.output
    assert "image\\x1b" in result.output
    assert f"The licence of the pictures is unknown: the card of kaggle:owner/art {said_of_it}" in result.output
    for row in ("data set", "version", "licence that its card states"):
        assert row in result.output
    assert Collection.open(tmp_path / "c").origin == Origin("kaggle:owner/art", "3", licence)


def test_a_split_is_counted(app, art, tmp_path):
    for number, split in enumerate(("train", "test")):
        (art / split).mkdir()
        (art / ("drawing", "[bold]oil")[number]).rename(art / split / "sea")
    result = CliRunner().invoke(app, [str(art), "-o", str(tmp_path / "c"), "--workers", "1"])
    assert "split test" in result.output
    assert "split train" in result.output


def test_a_data_set_by_half_a_name_is_refused_with_the_form(tmp_path, console):
    with pytest.raises(SfumatoError, match="give it as kaggle:OWNER/NAME"):
        collect_with_progress("kaggle:art", tmp_path / "c", (0, 0, 0), console)
    assert said(console) == ""


def test_writing_is_drawn_on_a_terminal(art, tmp_path, monkeypatch):
    monkeypatch.setattr("sfumato.collection.fetch", Fetching(art))
    terminal = Console(file=io.StringIO(), width=120, force_terminal=True)
    assert fetch_with_progress("hf:owner/art", tmp_path / "c", terminal)[0] == art
    assert "Writing" in said(terminal)
    assert "2/2" in said(terminal)


def test_a_data_set_in_kaggles_cache_is_collected_by_its_real_client(app, art, tmp_path, monkeypatch):
    pytest.importorskip("kagglehub")
    kept = tmp_path / "cache" / "datasets" / "owner" / "art"
    for split in ("training_set", "validation_set"):
        shutil.copytree(art, kept / "versions" / "3" / "dataset" / split)
    (kept / "3.complete").touch()
    Image.effect_noise((40, 40), 90).save(kept / "versions" / "3" / "dataset" / "validation_set" / "drawing" / "9.png")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody is asked
    result = CliRunner().invoke(app, ["kaggle:owner/art/versions/3", "-o", str(tmp_path / "c"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    collection = Collection.open(tmp_path / "c")
    assert collection.counts == {"[bold]oil": 6, "drawing": 7}
    assert collection.summary.splits == {"train": 12, "validation": 1}
    assert collection.origin == Origin("kaggle:owner/art", "3")
    assert "the card of kaggle:owner/art could not be asked for" in result.output
