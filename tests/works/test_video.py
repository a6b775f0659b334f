"""Animations show every frame for its time, hold the last, and keep the colours; a video is an MP4 of the frames.

Both are whole or not there at all, and bear the mark. Without ffmpeg it is said how to have one.
"""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageSequence, ImageStat

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.provenance import is_marked_file
from sfumato.works import save_animation, save_video
from sfumato.works.saving import ffmpeg


def _from_noise(count: int, size: int = 32) -> list[Image.Image]:
    picture = np.asarray(draw("flow", 2, size), np.float32)
    noise = np.random.default_rng(0).uniform(0, 255, picture.shape)
    shares = np.linspace(0, 1, count)
    return [Image.fromarray((share * picture + (1 - share) * noise).astype(np.uint8)) for share in shares]


def _read(path: Path) -> tuple[list[np.ndarray], list[float]]:
    with Image.open(path) as file:
        shown = [(np.asarray(frame.convert("RGB")), frame.info["duration"]) for frame in ImageSequence.Iterator(file)]
        assert file.info["loop"] == 0
    return [pixels for pixels, _ in shown], [duration for _, duration in shown]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".apng", ".GIF"])
def test_an_animation_shows_every_frame_in_its_time_and_holds_the_last(suffix: str, tmp_path: Path) -> None:
    frames = _from_noise(8)
    path = save_animation(iter(frames), tmp_path / f"a{suffix}", seconds=0.8, hold=0.5)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    shown, durations = _read(path)
    assert durations == [100] * 7 + [600]
    assert is_marked_file(path)
    assert all(pixels.shape == (256, 256, 3) for pixels in shown)
    for pixels, frame in zip(shown, frames, strict=True):
        difference = np.abs(pixels[::8, ::8].astype(int) - np.asarray(frame, dtype=int))
        # GIF has 256 colours a frame; the other formats have all of them.
        assert difference.mean() < (12 if suffix.lower() == ".gif" else 0.01)
        assert np.array_equal(pixels, pixels[::8, ::8].repeat(8, 0).repeat(8, 1))


def test_a_gif_of_a_finished_picture_is_close_to_it(tmp_path: Path) -> None:
    shown, _ = _read(save_animation(_from_noise(3, 64), tmp_path / "a.gif", scale=1))
    # Seen from a little away (4 x 4 pixels together), the diffused error averages out.
    away = [p.astype(float).reshape(16, 4, 16, 4, 3).mean((1, 3)) for p in (shown[-1], np.asarray(draw("flow", 2, 64)))]
    assert np.abs(away[0] - away[1]).mean() < 2


def test_too_many_frames_for_the_time_are_thinned_with_the_first_and_last_kept(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), (level, 0, 0)) for level in range(200)]
    shown, durations = _read(save_animation(frames, tmp_path / "a.webp", seconds=1, hold=0, scale=1))
    assert durations == [20] * 50
    assert (shown[0][0, 0, 0], shown[-1][0, 0, 0]) == (0, 199)


def test_one_frame_is_an_animation_too(tmp_path: Path) -> None:
    path = save_animation([draw("planes", 1, 32)], tmp_path / "a.gif")
    with Image.open(path) as file:
        assert file.size == (256, 256)


def test_an_animation_is_not_written_over_without_force(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    path.write_text("precious")
    with pytest.raises(SfumatoError, match="exists already"):
        save_animation(_from_noise(2), path)
    assert path.read_text() == "precious"
    save_animation(_from_noise(2), path, force=True)
    assert len(_read(path)[0]) == 2


def test_what_cannot_be_animated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"\.gif, \.webp"):
        save_animation(_from_noise(2), tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="at least one"):
        save_animation([], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="one size"):
        save_animation([Image.new("RGB", (2, 2)), Image.new("RGB", (2, 3))], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="0 seconds"):
        save_animation(_from_noise(2), tmp_path / "a.gif", seconds=0)
    assert list(tmp_path.iterdir()) == []


def frames(count: int = 6, size: int = 32) -> list[Image.Image]:
    return [draw("flow", seed, size) for seed in range(count)]


def test_a_video_shows_the_frames_in_its_time(tmp_path: Path) -> None:
    path = save_video(frames(), tmp_path / "deep" / "video.mp4", seconds=2.0)
    assert [p.name for p in path.parent.iterdir()] == ["video.mp4"]
    assert is_marked_file(path)
    said = subprocess.run([ffmpeg() or "", "-i", path], capture_output=True, text=True).stderr
    assert "Video: h264" in said
    assert "256x256" in said
    assert "Duration: 00:00:02.0" in said
    options = ("-loglevel", "error", "-i", str(path), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    shown = subprocess.run([ffmpeg() or "", *options], capture_output=True).stdout
    first = Image.frombytes("RGB", (256, 256), shown).resize((32, 32), Image.Resampling.BOX)
    assert max(ImageStat.Stat(ImageChops.difference(first, frames()[0])).mean) < 12  # colours have half the resolution


def test_odd_sides_are_made_even(tmp_path: Path) -> None:
    path = save_video([Image.new("RGB", (301, 299), "teal")] * 3, tmp_path / "odd.mp4", seconds=0.5)
    assert "302x300" in subprocess.run([ffmpeg() or "", "-i", path], capture_output=True, text=True).stderr


def test_nothing_is_written_over_and_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(SfumatoError, match="exists already"):
        save_video(frames(2), path)
    assert path.read_bytes() == b"mine"
    monkeypatch.setattr("sfumato.works.saving.ffmpeg", lambda: "false")
    with pytest.raises(SfumatoError, match="ffmpeg cannot write it"):
        save_video(frames(2), tmp_path / "other.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["video.mp4"]


def test_withoutffmpeg_it_is_said_how_to_have_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sfumato.works.saving.ffmpeg", lambda: None)
    with pytest.raises(SfumatoError, match=r"needs the program ffmpeg.*or choose a name that ends in \.webp"):
        save_video(frames(2), tmp_path / "video.mp4")
