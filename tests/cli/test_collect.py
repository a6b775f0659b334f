"""A collection, as a person asks for it; and whether works are art: what the commands make is no art, unless
--include-works says so."""

import os
import shutil
import subprocess
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from sfumato.cli.collect import collect, parse_background
from sfumato.collection import Collection, Fetched, Noted, Origin, Written
from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER
from sfumato.provenance import is_marked_file

SUFFIXES = {".png", ".webp", ".gif", ".apng", ".mp4"}


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(collect)
    return app


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "art"
    for name in ("drawing", "[bold]oil"):
        (folder / name).mkdir(parents=True)
        for index in range(6):
            Image.effect_noise((40, 40), 40 + index).save(folder / name / f"{index}.png")
    return folder


def test_the_command_says_what_it_found(app, pictures, tmp_path):
    (pictures / "broken.png").touch()
    result = CliRunner().invoke(
        app, [str(pictures), "-o", str(tmp_path / "c"), "--background", "24, 20,28", "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    assert "broken.png: empty (0 bytes) (left out)" in result.output
    assert "[bold]oil" in result.output
    assert "licence unknown" in result.output
    assert (tmp_path / "c" / "collection.json").is_file()
    again = CliRunner().invoke(app, [str(pictures), "-o", str(tmp_path / "c"), "--background", "24,20,28"])
    assert "13 files unchanged" in again.output
    assert "broken.png" in again.output


def test_pictures_of_no_class_are_shown_as_that_and_every_name_can_be_read(app, pictures, tmp_path):
    name = os.fsdecode(b"Gem\xe4lde") if sys.platform == "linux" else "Gemälde"
    (pictures / "drawing").rename(pictures / name)
    (pictures / "train").mkdir()
    for folder in (name, "[bold]oil"):
        (pictures / folder).rename(pictures / "train" / folder)
    (pictures / "test").mkdir()
    Image.effect_noise((40, 40), 80).save(pictures / "test" / "0.png")
    result = CliRunner().invoke(app, [str(pictures), "-o", str(tmp_path / "c"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    counts = [line.strip("│ ").split("│") for line in result.output.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in counts][:3] == [
        ["(unlabelled)", "1"],
        ["Gemälde", "6"],
        ["[bold]oil", "6"],
    ]


def test_a_persons_own_pictures_are_theirs_and_need_a_name(app, pictures, tmp_path):
    (pictures / "ai.txt").write_text("User-agent: *\nDisallow: /drawing/\n")
    command = [str(pictures), "-o", str(tmp_path / "c"), "--workers", "1"]
    marked = CliRunner().invoke(app, command)
    assert marked.exit_code == 0, marked.output
    assert "left out: not to be learned from" in marked.output
    nobody = CliRunner().invoke(app, [*command, "--licence", "own"])
    assert isinstance(nobody.exception, SfumatoError) and "--creator" in str(nobody.exception)
    own = CliRunner().invoke(app, [*command, "--licence", "own", "--creator", "Ana", "--no-generated"])
    assert own.exit_code == 0, own.output
    assert "licence own" in own.output and "kept as the pictures are Ana's own" in " ".join(own.output.split())
    assert Collection.open(tmp_path / "c").excluded == []


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


def test_the_command_is_there_before_anything_heavy():
    command = (
        "import sys, sfumato.cli.collect; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'PIL')))"
    )
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


class Fetching:
    """Takes the place of `fetch`, which is tested with each client; what it gives is a folder that is there."""

    def __init__(self, folder, licence: str = "") -> None:
        self.folder, self.licence = folder, licence

    def __call__(self, reference, destination, *, limit, force):
        yield Noted("pictures from the column 'image\x1b'")
        yield Written(1, 2)
        yield Written(2, 2)
        yield Fetched(self.folder, Origin(str(reference), "3", self.licence))


@pytest.mark.parametrize(
    ("licence", "said_of_it"), [("CC0: [x]", "states 'CC0: [x]', which is its owner's"), ("", "states none.")]
)
def test_a_data_set_by_name_is_fetched_and_what_is_known_of_its_licence_said(
    app, pictures, tmp_path, monkeypatch, licence, said_of_it
):
    monkeypatch.setattr("sfumato.pipeline.pictures.fetch", Fetching(pictures, licence))
    result = CliRunner().invoke(app, ["kaggle:owner/art", "-o", str(tmp_path / "c"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "Fetching kaggle:owner/art" in result.output
    assert "image\\x1b" in result.output
    assert f"The licence of the pictures is unknown: the card of kaggle:owner/art {said_of_it}" in result.output
    for row in ("data set", "version", "licence that its card states"):
        assert row in result.output
    assert Collection.open(tmp_path / "c").origin == Origin("kaggle:owner/art", "3", licence)


def test_a_split_is_counted(app, pictures, tmp_path):
    for number, split in enumerate(("train", "test")):
        (pictures / split).mkdir()
        (pictures / ("drawing", "[bold]oil")[number]).rename(pictures / split / "sea")
    result = CliRunner().invoke(app, [str(pictures), "-o", str(tmp_path / "c"), "--workers", "1"])
    assert "split test" in result.output
    assert "split train" in result.output


def test_a_data_set_in_kaggles_cache_is_collected_by_its_real_client(app, pictures, tmp_path, monkeypatch):
    pytest.importorskip("kagglehub")
    kept = tmp_path / "cache" / "datasets" / "owner" / "art"
    for split in ("training_set", "validation_set"):
        shutil.copytree(pictures, kept / "versions" / "3" / "dataset" / split)
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


def test_everything_that_the_commands_draw_is_left_out_of_the_art(sfumato, run, here, tmp_path):
    """Works, sheets, films, grids and a whole run among the pictures: the art alone is taken, the rest is named."""
    art = here / "art"
    art.mkdir()
    for seed in range(3):
        draw("waves", seed, 40).save(art / f"{seed}.png")
    with Image.open(art / "0.png") as picture:
        mask = Image.new("L", picture.size, 0)
    mask.paste(255, (0, 0, 20, 20))
    mask.save(here / "mask.png")
    few = ("--steps", 2)
    pair, pace = (art / "works/0000.png", art / "works/0001.png"), ("--model", run, "--frames", 2, *few)
    for command in (
        ("generate", run, "-n", 2, "-o", art / "works", "--trajectory", *few),
        ("inpaint", run, art / "0.png", here / "mask.png", "-o", art / "inpainted.png", *few),
        ("outpaint", run, art / "0.png", "--left", 3, "-o", art / "wide.png", "--no-recipe", *few),
        ("reimagine", run, art / "0.png", "-o", art / "again.png", *few),
        ("grid", run, "--vary", "steps=2,3", "-n", 1, "-o", art / "grid.png"),
        *(("interpolate", *pair, "-o", art / f"way{suffix}", *pace) for suffix in (".webp", ".gif", ".apng", ".mp4")),
    ):
        answer = sfumato(*command)
        assert answer.code == 0, answer.err
    shutil.copytree(run, art / "run")
    drawn = {path.relative_to(art).as_posix() for path in art.rglob("*") if path.suffix in SUFFIXES}
    own = drawn - {"0.png", "1.png", "2.png"}
    assert all(is_marked_file(art / file) for file in own)
    assert len(own) > 15
    answer = sfumato("collect", art, "-o", tmp_path / "collection", "--workers", 1)
    assert answer.code == 0, answer.err
    collection = Collection.open(tmp_path / "collection")
    assert [picture.file for picture in collection.pictures] == ["0.png", "1.png", "2.png"]
    files = sum(path.is_file() and path.name != MARKER for path in run.rglob("*"))
    assert f"run: a run of sfumato, its {files} files are not art (left out)" in answer.out
    for file in own:
        assert file.startswith(("run/", "works/")) or f"{file}: made by sfumato (left out)" in answer.out
    answer = sfumato("collect", art, "-o", tmp_path / "collection", "--workers", 1, "--include-works")
    assert answer.code == 0, answer.err
    files = [picture.file for picture in Collection.open(tmp_path / "collection").pictures]
    assert {"works/0000.png", "wide.png"} < set(files)
    assert not [file for file in files if file.startswith("run/")]


@pytest.mark.parametrize("command", ["collect", "train", "compare"])
def test_a_run_is_not_a_folder_of_art(sfumato, run, here, tree, command):
    answer = sfumato(command, run, "-o", here / "out")
    assert answer.code == 2
    assert answer.err.startswith(f"error: {run} is a run of sfumato, not a folder of art; its pictures are in ")
    assert tree(here) == {}
