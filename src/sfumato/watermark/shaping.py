"""What a mark looks like in one picture: more where there is detail, less where it would clip, most in weak bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sfumato.watermark.canonical import Pixels, from_grid, luma, to_grid
from sfumato.watermark.code import encode, word
from sfumato.watermark.hearing import Place, grid_from, heard, turns
from sfumato.watermark.key import SIDE, SYNCHRONISES, Complexes, Floats, key
from sfumato.watermark.whitening import flattened, grid_of, powers, windows

Mask = npt.NDArray[np.bool_]

# The mark of a window grows with this power of its detail, and at each frequency falls with the amplitude that is
# there: where it is small, a grey level moves the reader's score most.
_DETAIL: Final = 0.3
_DETAIL_FLOOR: Final = 4.0
_OWN_FLOOR: Final = 4.0

# Luma, beyond which a little more light or contrast clips a mark away.
_WHITEST: Final = 232.0
_BLACKEST: Final = 21.0
_UNSEEN: Final = 2.0  # grey levels on flat ground, at the most
_HIDDEN: Final = 0.2  # more of them, in parts of the span of luma around a pixel
_SOFTNESS: Final = 8.0
_WHERE_IT_CLIPS: Final = 0.35  # of the strength elsewhere

_LEAST: Final = 0.5  # amplitude of the parts that the picture agrees with by itself, of what the others would need
_SYNCHRONISATION: Final = 1.4  # how well it is heard, of what a bit is: a crop is found by it alone
_SHAPED_AT: Final = 40.0  # dB
_TRIALS: Final = 4  # until a strength has its ratio


@dataclass(frozen=True)
class Shape:
    """values: [H, W], the mark before its strength; limits: [H, W], grey levels that it keeps to, few where nothing
    hides it; place: where it lies, in coordinates of the picture's middle; share: of the pixels that may be touched.
    """

    values: Floats
    limits: Floats
    place: Place
    share: float


def shape_of(pixels: Pixels, identity: int, untouchable: Mask | None) -> Shape | None:
    """The mark of an identity, fitted to a picture [H, W, 3]; None if there is nowhere to put it.

    The place is the one of 128 x 128 where the picture happens to agree with the mark best. Then amplitudes are found
    for which each of the 120 bits is heard equally well: what the picture has against one is made up for
    (water-filling, as in Cover and Thomas, Elements of Information Theory, section 9.4).
    """
    light = luma(pixels)
    grid = to_grid(light)
    envelope, room = _envelope(grid), _room(light, untouchable)
    limits, waves = _limits(grid, light.shape), signed_waves(identity)
    host = heard(flattened(grid))
    place = _best_place(host.responses * np.conj(waves))
    before = host.at(place, waves)
    share = float((room > 0).mean())
    even = Shape(_spread(waves, place, envelope, room), limits, place, share)
    if not even.values.any():
        return None
    after = heard(flattened(to_grid(luma(add(pixels, even, _SHAPED_AT))))).at(place, waves)
    return Shape(_spread(_filled(before, after) * waves, place, envelope, room), limits, place, share)


def signed_waves(identity: int) -> Complexes:
    """The key's waves, turned over where a coded bit of the identity is 1: [K]."""
    signs = encode(word(identity))
    return np.where(key().part == SYNCHRONISES, key().waves, key().waves * signs[key().part])


def add(pixels: Pixels, shape: Shape, psnr: float) -> Pixels:
    """The picture [H, W, 3] with the mark in it, as strong as this peak signal-to-noise ratio (dB) allows among the
    pixels that may be touched."""
    target = 255 * 10 ** (-psnr / 20) * math.sqrt(shape.share)
    strength = target / float(np.sqrt(np.mean(shape.values * shape.values)))
    best = pixels
    for _ in range(_TRIALS):  # rounding takes from a weak mark, and clipping from one on white
        levels = np.rint(np.clip(shape.values * strength, -shape.limits, shape.limits)).astype(np.int16)
        marked = np.clip(pixels + levels[..., None], 0, 255).astype(np.uint8)
        error = error_of(pixels, marked)
        if error <= target:
            best = marked
        if target * 0.99 < error <= target:
            break
        strength *= min(0.996 * target / max(error, 0.1 * target), 2)
    return best


def error_of(pixels: Pixels, marked: Pixels) -> float:
    """Root of the mean squared difference, in grey levels."""
    difference = pixels.astype(np.int16) - marked
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.int32))))


def _envelope(grid: Floats) -> Floats:
    """How strong the mark may be at each frequency of each window: [n, n, 64]."""
    power = powers(windows(grid))
    detail = power[..., 1:].mean(axis=-1, keepdims=True)
    envelope: Floats = (detail + _DETAIL_FLOOR**2) ** (_DETAIL / 2) / np.sqrt(power + _OWN_FLOOR**2)
    return envelope


def _room(light: Floats, untouchable: Mask | None) -> Floats:
    """How much of the mark each pixel takes: [H, W], 0 where a person's own are kept."""
    safe = np.minimum(_WHITEST - light, light - _BLACKEST) / _SOFTNESS + 0.5
    room = _WHERE_IT_CLIPS + (1 - _WHERE_IT_CLIPS) * np.clip(safe, 0, 1)
    return room if untouchable is None else np.where(untouchable, np.float32(0), room)


def _limits(grid: Floats, shape: tuple[int, ...]) -> Floats:
    """How many grey levels nobody sees at each pixel: [H, W], by what there is within a sample of it."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(grid, 1, mode="edge"), (3, 3))
    spans = around.max(axis=(2, 3)) - around.min(axis=(2, 3))
    hidden = np.maximum(from_grid(spans, (shape[1], shape[0])), np.float32(0))
    return np.asarray(_UNSEEN + _HIDDEN * hidden, np.float32)


def _best_place(responses: Complexes) -> Place:
    surface = grid_from(responses)
    return Place(*map(float, divmod(int(surface.argmax()), SIDE)))


def _spread(values: Complexes, place: Place, envelope: Floats, room: Floats) -> Floats:
    """Waves with these amplitudes [K] at a place, under the envelope, as large as the picture: [H, W]."""
    middle = (SIDE - 1) / 2
    moved = Place(place.down + middle, place.across + middle)
    grid = grid_from(values * np.conj(turns(moved)))
    height, width = room.shape
    return from_grid(grid_of(windows(grid) * envelope), (width, height)) * room


def _filled(before: Floats, after: Floats) -> Floats:
    """Amplitudes [K] of mean square 1 with which all parts agree equally well; after: with amplitudes of 1."""
    parts = key().part + 1  # synchronisation is the first
    counts = np.bincount(parts)
    gain = max(float((after - before).mean()), 1e-6)
    agreement = np.bincount(parts, before) / counts
    due = np.where(np.arange(len(counts)) == 0, _SYNCHRONISATION, 1.0)
    low, high = 0.0, 100.0
    for _ in range(40):
        level = (low + high) / 2
        wanted = np.maximum(level * due - agreement, _LEAST * level) / gain
        low, high = (low, level) if (counts * wanted**2).sum() > counts.sum() else (level, high)
    return wanted[parts].astype(np.float32)
