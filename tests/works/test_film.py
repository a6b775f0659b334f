"""A film is an MP4 of the frames, whole or not there at all; without ffmpeg it is said how to have one."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from sfumato.works.film import _ffmpeg

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.provenance import is_marked_file
from sfumato.works import save_film


def frames(count: int = 6, size: int = 32) -> list[Image.Image]:
    return [draw("flow", seed, size) for seed in range(count)]


def test_a_film_shows_the_frames_in_its_time(tmp_path: Path) -> None:
    path = save_film(frames(), tmp_path / "deep" / "film.mp4", seconds=2.0)
    assert [p.name for p in path.parent.iterdir()] == ["film.mp4"]
    assert is_marked_file(path)
    said = subprocess.run([_ffmpeg() or "", "-i", path], capture_output=True, text=True).stderr
    assert "Video: h264" in said
    assert "256x256" in said
    assert "Duration: 00:00:02.0" in said
    options = ("-loglevel", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    shown = subprocess.run([_ffmpeg() or "", *options], capture_output=True).stdout
    first = Image.frombytes("RGB", (256, 256), shown).resize((32, 32), Image.Resampling.BOX)
    assert max(ImageStat.Stat(ImageChops.difference(first, frames()[0])).mean) < 12  # colours have half the resolution


def test_odd_sides_are_made_even(tmp_path: Path) -> None:
    path = save_film([Image.new("RGB", (301, 299), "teal")] * 3, tmp_path / "odd.mp4", seconds=0.5)
    assert "302x300" in subprocess.run([_ffmpeg() or "", "-i", path], capture_output=True, text=True).stderr


def test_nothing_is_written_over_and_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(SfumatoError, match="exists already"):
        save_film(frames(2), path)
    assert path.read_bytes() == b"mine"
    monkeypatch.setattr("sfumato.works.film._ffmpeg", lambda: "false")
    with pytest.raises(SfumatoError, match="ffmpeg cannot write it"):
        save_film(frames(2), tmp_path / "other.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_without_ffmpeg_it_is_said_how_to_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.works.film._ffmpeg", lambda: None)
    with pytest.raises(SfumatoError, match=r"needs the program ffmpeg.*or choose a name that ends in \.webp"):
        save_film(frames(2), tmp_path / "film.mp4")
