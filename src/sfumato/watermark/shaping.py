"""What a mark looks like in one picture: more where there is detail, less where it would clip, most in weak bits."""

from __future__ import annotations

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

# The strength of the mark in a window goes with the square root of its detail to the power _DETAIL, and each frequency's
# with one over its own amplitude: there a grey level turns the reader's statistic most.
_DETAIL: Final = 0.75
_DETAIL_FLOOR: Final = 4.0
_OWN_FLOOR: Final = 4.0

# Luma, beyond which a little more light or contrast clips a mark away.
_WHITEST: Final = 232.0
_BLACKEST: Final = 21.0
_SOFTNESS: Final = 8.0
_WHERE_IT_CLIPS: Final = 0.35  # of the strength elsewhere

_LEAST: Final = 0.5  # amplitude of the parts that the picture agrees with by itself, of what the others would need
_SYNCHRONISATION: Final = 1.4  # how well it is heard, of what a bit is: a crop is found by it alone
_SHAPED_AT: Final = 40.0  # dB


@dataclass(frozen=True)
class Shape:
    """values: [H, W], the mark before its strength; place: where it lies, in the picture's middle's coordinates."""

    values: Floats
    place: Place


def shape_of(pixels: Pixels, identity: int, untouchable: Mask | None) -> Shape | None:
    """The mark of an identity, fitted to a picture [H, W, 3]; None if there is nowhere to put it.

    The place is the one of 128 x 128 where the picture happens to agree with the mark best. Then amplitudes are found
    for which synchronisation and each of the 120 bits are heard equally well: what the picture has against a bit is made
    up for (water-filling, as in Cover and Thomas, Elements of Information Theory, section 9.4).
    """
    light = luma(pixels)
    grid = to_grid(light)
    envelope, room = _envelope(grid), _room(light, untouchable)
    waves = signed_waves(identity)
    host = heard(flattened(grid))
    place = _best_place(host.responses * np.conj(waves))
    before = host.at(place, waves)
    values = _spread(waves, place, envelope, room)
    if not values.any():
        return None
    after = heard(flattened(to_grid(luma(add(pixels, values, _SHAPED_AT))))).at(place, waves)
    amplitudes = _filled(before, after)
    return Shape(_spread(amplitudes * waves, place, envelope, room), place)


def signed_waves(identity: int) -> Complexes:
    """The key's waves, turned over where a coded bit of the identity is 1: [K]."""
    signs = encode(word(identity))
    return np.where(key().part == SYNCHRONISES, key().waves, key().waves * signs[key().part])


def add(pixels: Pixels, values: Floats, psnr: float) -> Pixels:
    """The picture [H, W, 3] with the mark [H, W] in it, as strong as this peak signal-to-noise ratio (dB) allows."""
    target = 255 * 10 ** (-psnr / 20)
    strength = target / float(np.sqrt(np.mean(values * values)))
    marked = pixels
    for _ in range(3):  # rounding takes from a weak mark, and clipping from one on white
        levels = np.rint(values * strength).astype(np.int16)
        marked = np.clip(pixels + levels[..., None], 0, 255).astype(np.uint8)
        error = error_of(pixels, marked)
        if target * 0.99 < error <= target:
            break
        strength *= min(target / max(error, 0.1 * target), 2) * 0.998
    return marked


def error_of(pixels: Pixels, marked: Pixels) -> float:
    """Root of the mean squared difference, in grey levels."""
    difference = pixels.astype(np.int16) - marked
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.int32))))


def _envelope(grid: Floats) -> Floats:
    """How strong the mark may be at each frequency of each window: [n, n, 64]."""
    power = powers(windows(grid))
    detail = power[..., 1:].mean(axis=-1, keepdims=True)
    return (detail + _DETAIL_FLOOR**2) ** (_DETAIL / 2) / np.sqrt(power + _OWN_FLOOR**2)


def _room(light: Floats, untouchable: Mask | None) -> Floats:
    """How much of the mark each pixel takes: [H, W], 0 where a person's own are kept."""
    safe = np.minimum(_WHITEST - light, light - _BLACKEST) / _SOFTNESS + 0.5
    room = _WHERE_IT_CLIPS + (1 - _WHERE_IT_CLIPS) * np.clip(safe, 0, 1)
    return room if untouchable is None else np.where(untouchable, np.float32(0), room)


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
