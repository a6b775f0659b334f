"""Frames become a moving picture: an animation that every browser shows, or a video."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from sfumato.errors import SfumatoError
from sfumato.provenance.sources import Sources
from sfumato.works.saving import Product, save
from sfumato.works.viewing import enlarged, evenly_spaced, viewing_scale

# Browsers show a GIF's frame for a tenth of a second if it asks for less than this; GIF counts in hundredths.
SHORTEST_FRAME_MS: Final = 20
VIEWING_SIDE: Final = 256  # pixels, to which small pictures are enlarged
ANIMATIONS: Final = (".gif", ".webp", ".png", ".apng")


def save_animation(
    frames: Iterable[Image.Image],
    path: str | Path,
    *,
    seconds: float = 4.0,
    hold: float = 1.0,
    scale: int | None = None,
    sources: Sources | None = None,
    force: bool = False,
) -> Path:
    """Write the frames as an animation that repeats for ever, with the mark of what a model made.

    frames: one or more RGB pictures of one size. path: ends in .gif, .webp, .png or .apng; WebP and APNG keep every
    colour. seconds: the time from the first frame to the last, over 0; if there are too many frames for it, an even
    selection is shown. hold: how much longer the last frame stays, seconds. scale: a whole number; by default 32 px are
    shown at 256. sources: what they come from, which it then says signed. The file is written whole or not at all.
    Returns its path. Raises SfumatoError for another suffix, a file that exists (without `force`) or cannot be written;
    ValueError for no frames, frames of different sizes, or times that are not positive.
    """
    path = Path(path)
    if path.suffix.lower() not in ANIMATIONS:
        raise SfumatoError(f"{path}: an animation's name ends in {', '.join(ANIMATIONS)}")
    pictures = [frame.convert("RGB") for frame in frames]
    if not pictures:
        raise ValueError("an animation needs at least one frame")
    if len({picture.size for picture in pictures}) > 1:
        raise ValueError("an animation's frames must have one size")
    if seconds <= 0 or hold < 0:
        raise ValueError("an animation lasts more than 0 seconds, and its last frame is not held for less than 0")
    pictures = [pictures[index] for index in evenly_spaced(len(pictures), most_frames(seconds))]
    # GIF counts in hundredths of a second, and so do we, so that all three formats run alike.
    frame_ms = max(SHORTEST_FRAME_MS, round(seconds * 100 / len(pictures)) * 10)
    durations = [frame_ms] * (len(pictures) - 1) + [frame_ms + round(hold * 100) * 10]
    if path.suffix.lower() == ".gif":
        pictures = [_with_palette(picture) for picture in pictures]
    scale = scale or viewing_scale(pictures[0].size, VIEWING_SIDE)
    shown = [enlarged(picture, scale) for picture in pictures]
    return save(Product(shown, durations, sources=sources), path, force=force)


def save_video(
    frames: Sequence[Image.Image],
    path: str | Path,
    *,
    seconds: float = 4.0,
    sources: Sources | None = None,
    force: bool = False,
) -> Path:
    """Write the frames as an MP4 (H.264), with the mark of what a model made.

    frames: one or more RGB pictures of one size; small ones are enlarged as in animations, without smoothing. seconds:
    how long it runs, over 0; sources: what they come from. The file is written whole or not at all. Returns its path.
    Raises SfumatoError where there is no ffmpeg, where it fails, and for a file that exists (without ``force``) or
    cannot be written.
    """
    scale = viewing_scale(frames[0].size, VIEWING_SIDE)
    shown = [enlarged(frame.convert("RGB"), scale) for frame in frames]
    product = Product(shown, [1000 * seconds / len(shown)] * len(shown), sources=sources)
    return save(product, Path(path), force=force)


def most_frames(seconds: float) -> int:
    """How many frames browsers show in that time."""
    return max(2, int(seconds * 1000 / SHORTEST_FRAME_MS))


def _with_palette(picture: Image.Image) -> Image.Image:
    """The picture in its own 256 best colours.

    Chosen before it is enlarged: a picture of 32 x 32 then has nearly its own 1,024 colours, and what is diffused of
    the remaining error falls on the picture's own pixels.
    """
    best = picture.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=2)
    return picture.quantize(palette=best, dither=Image.Dither.FLOYDSTEINBERG)
