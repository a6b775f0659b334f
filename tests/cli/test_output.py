"""Where output goes is decided before any work is done, and never over what is there."""

import os
from pathlib import Path

import pytest
from PIL import Image

from sfumato.cli.output import beside, check_free, check_made_up
from sfumato.errors import SfumatoError
from sfumato.works import save_animation


@pytest.mark.parametrize("name", ["works", "a/works", "works/", "./works", "/abs/works"])
def test_what_stands_beside_a_directory_has_its_name(name):
    assert beside(Path(name), "-sheet.png") == Path(name).with_name("works-sheet.png")


def test_what_stands_beside_here_and_above_has_the_real_name(tmp_path, monkeypatch):
    (tmp_path / "works" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "works")
    assert beside(Path(), "-sheet.png").resolve() == tmp_path / "works-sheet.png"
    monkeypatch.chdir(tmp_path / "works" / "below")
    assert beside(Path(".."), "-sheet.png").resolve() == tmp_path / "works-sheet.png"


def test_new_places_are_fine_however_deep(tmp_path, monkeypatch):
    check_free([tmp_path / "a" / "b" / "c.png"], force=False)
    monkeypatch.chdir(tmp_path)
    check_free([Path("c.png"), Path("a/c.png")], force=False)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_needs_force(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(SfumatoError, match=r"a\.png: is there already; .*--force"):
        check_free([tmp_path / "new.png", tmp_path / "a.png"], force=False)
    check_free([tmp_path / "a.png"], force=True)


@pytest.mark.parametrize("force", [False, True])
def test_force_does_not_help_where_a_file_cannot_be(tmp_path, force):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(SfumatoError, match="file: is a file, not a directory"):
        check_free([tmp_path / "file" / "a.png"], force=force)
    with pytest.raises(SfumatoError, match="folder: is a directory"):
        check_free([tmp_path / "folder"], force=force)


def test_a_folder_that_may_not_be_written_is_said(tmp_path, monkeypatch):
    # Whoever runs the tests may be allowed everything.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SfumatoError, match="cannot be written"):
        check_free([tmp_path / "a" / "b.png"], force=False)


def test_a_video_that_nobody_named_is_written_over_only_where_it_is_ours(tmp_path):
    video = tmp_path / "new-trajectory.webp"
    check_made_up(video, force=True)
    frame = Image.new("RGB", (32, 32))
    frame.save(video)
    with pytest.raises(SfumatoError, match="was not made by sfumato"):
        check_made_up(video, force=True)
    save_animation([frame, frame], video, force=True)
    check_made_up(video, force=True)
    with pytest.raises(SfumatoError, match="--force"):
        check_made_up(video, force=False)
