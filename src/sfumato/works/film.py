"""Frames become an MP4, by ffmpeg where it is installed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image

from sfumato.disk import write_whole_file
from sfumato.errors import SfumatoError
from sfumato.provenance import mark_video
from sfumato.works.viewing import enlarged, viewing_scale

FRAMES_A_SECOND: Final = 30


def save_film(frames: Sequence[Image.Image], path: str | Path, *, seconds: float = 4.0, force: bool = False) -> Path:
    """Write the frames as H.264, which every browser and phone plays, with the mark of what a model made.

    frames: one or more RGB pictures of one size; small ones are enlarged as in animations, without smoothing. seconds:
    how long it runs, over 0. The file is written whole or not at all. Returns its path. Raises SfumatoError where there
    is no ffmpeg, where it fails, and for a file that exists (without ``force``) or cannot be written.
    """
    program = _ffmpeg()
    if program is None:
        raise SfumatoError(
            f"{path}: an MP4 needs the program ffmpeg, which is not installed here; install it "
            "('pip install imageio-ffmpeg' brings it as well), or choose a name that ends in .webp, .gif or .apng"
        )
    scale = viewing_scale(frames[0].size, 256)
    shown = [enlarged(frame.convert("RGB"), scale) for frame in frames]
    width, height = shown[0].size
    path = Path(path)
    command = [
        *(program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", f"{len(frames) / seconds:g}", "-i", "-", "-r", f"{max(FRAMES_A_SECOND, len(frames) / seconds):g}"),
        # Colours at half the resolution want even sides, and players ask for them.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "16"),
        *("-movflags", "+faststart"),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary) / "film.mp4"  # ffmpeg goes back and forth in it
        frames_in = b"".join(frame.tobytes() for frame in shown)
        done = subprocess.run([*command, str(made)], input=frames_in, capture_output=True)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
            raise SfumatoError(f"{path}: ffmpeg cannot write it ({said[-1]})")
        film = mark_video(made.read_bytes())

    def write(file: BinaryIO) -> None:
        file.write(film)

    write_whole_file(path, write, force=force)
    return path


def _ffmpeg() -> str | None:
    """The program, of the system or of a package that brings it."""
    found = shutil.which("ffmpeg")
    if found is None and importlib.util.find_spec("imageio_ffmpeg"):
        import imageio_ffmpeg

        found = imageio_ffmpeg.get_ffmpeg_exe()
    return found
