"""Whether works are art: what the commands make is no art, unless --include-works says so."""

import shutil

import pytest
from PIL import Image

from sfumato.collection import Collection, collect
from sfumato.collection.drawn import draw
from sfumato.directory import OwnDirectory
from sfumato.errors import SfumatoError
from sfumato.marker import MARKER
from sfumato.provenance import is_marked_file

SUFFIXES = {".png", ".webp", ".gif", ".apng", ".mp4"}


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


@pytest.mark.parametrize("asked", [True, False])
def test_a_comparison_goes_on_with_the_works_that_it_began_with(sfumato, here, monkeypatch, asked):
    art, output = here / "art", here / "out"
    art.mkdir()
    draw("waves", 1, 40).save(art / "0.png")
    with OwnDirectory(output, "comparison").at_work() as comparison:
        comparison.claim("index.html")
    list(collect(art, output / "collection", workers=1, include_works=asked))
    with OwnDirectory(output, "comparison").at_work(), OwnDirectory(output / "gan", "run").at_work() as gan:
        gan.claim("run.json").touch()

    def note(*_, include_works, **__):
        raise SfumatoError(f"with works: {include_works}")

    monkeypatch.setattr("sfumato.cli.session.collection_of", note)
    assert f"with works: {asked}" in sfumato("compare", art, "-o", output, "--resume").err
