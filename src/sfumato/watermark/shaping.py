"""What a mark looks like in one picture: more where there is detail, less where it would clip, most in weak bits."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from sfumato.watermark.canonical import Pixels, from_grid, luma, to_grid
from sfumato.watermark.code import encode, word
from sfumato.watermark.hearing import Place, grid_from, heard, turns
from sfumato.watermark.key import SIDE, SYNCHRONISES, Complexes, Floats, key
from sfumato.watermark.whitening import flattened, grid_of, level, powers, windows

Mask = npt.NDArray[np.bool_]

# Where there is detail, the mark of a window grows with this power of it, and at each frequency falls with the
# amplitude that is there: where it is small, a grey level moves the reader's score most.
_DETAIL: Final = 0.3
_DETAIL_FLOOR: Final = 4.0
_OWN_FLOOR: Final = 4.0
# On flat ground nothing hides a mark: there it is tone and not grain, in its lowest frequencies alone, which are seen
# least when a picture is enlarged, and last longest, since every codec spends its bits on them.
_FLAT: Final = 3.0  # grey levels times 8, the detail of a window that is half flat
_ALL_FLAT: Final = 0.95  # from where on no grain is left, however strong the mark has to be elsewhere
_TONE: Final = 26.0  # cycles a side, up to where
_TONE_ORDER: Final = 8  # how steeply it ends
_TONE_LEVELS: Final = 0.75  # deviation in grey levels, at the most
_TONE_MOST: Final = 2.2  # deviations

# Luma, beyond which a little more light or contrast clips a mark away.
_WHITEST: Final = 232.0
_BLACKEST: Final = 21.0
_SOFTNESS: Final = 8.0
_WHERE_IT_CLIPS: Final = 0.35  # of the strength elsewhere
# How many grey levels the mark may have at most: on flat ground, for each that texture has around a sample, and at an
# edge, which hides little of what is beside it.
_UNSEEN: Final = 0.8
_IN_TEXTURE: Final = 1.0
_AT_EDGES: Final = 0.1
_AT_EDGES_MOST: Final = 4.0

_PARTS: Final = 128  # of a grey level, to which luma is changed by a level of some channels
_MOST_LEVELS: Final = 128  # more than any limit

_LEAST: Final = 0.5  # amplitude of the parts that the picture agrees with by itself, of what the others would need
_SYNCHRONISATION: Final = 1.4  # how well it is heard, of what a bit is: a crop is found by it alone
_SHAPED_AT: Final = 40.0  # dB
_TRIALS: Final = 4  # until a strength has its ratio
_RAISED: Final = 2.0  # times the amplitude at the most, for what limits take away


@dataclass(frozen=True)
class Shape:
    """grain: [H, W], the mark where something hides it, before its strength; limits: [H, W], grey levels that it keeps
    to; tone: [H, W], the mark on flat ground, of deviation 1; place: where it lies, in coordinates of the picture's
    middle; share: of the pixels that may be touched.
    """

    grain: Floats
    limits: Floats
    tone: Floats
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
    even = _spread(waves, place, envelope, room, limits)
    if not even.share:
        return None
    after = heard(flattened(to_grid(luma(add(pixels, even, _SHAPED_AT))))).at(place, waves)
    return _spread(_filled(before, after) * waves, place, envelope, room, limits)


def signed_waves(identity: int) -> Complexes:
    """The key's waves, turned over where a coded bit of the identity is 1: [K]."""
    signs = encode(word(identity))
    return np.where(key().part == SYNCHRONISES, key().waves, key().waves * signs[key().part])


def add(pixels: Pixels, shape: Shape, psnr: float) -> Pixels:
    """The picture [H, W, 3] with the mark in it, as strong as this peak signal-to-noise ratio (dB) allows among the
    pixels that may be touched."""
    target = 255 * 10 ** (-psnr / 20) * math.sqrt(shape.share)
    tone = shape.tone * np.float32(_TONE_LEVELS * 10 ** ((_SHAPED_AT - psnr) / 40))
    strength = first = target / max(float(np.sqrt(np.mean(shape.grain * shape.grain))), 1e-6)
    in_colour = bool((pixels != pixels[..., :1]).any())
    best = pixels
    for _ in range(_TRIALS):  # rounding takes from a weak mark, and clipping from one on white
        grain = np.clip(shape.grain * np.float32(strength), -shape.limits, shape.limits)
        marked = _added(pixels, grain + tone, in_colour)
        error = error_of(pixels, marked)
        if error <= target:
            best = marked
        if target * 0.97 < error <= target or (error < target and strength >= _RAISED * first):
            break
        strength = min(strength * min(0.996 * target / max(error, 0.1 * target), 2), _RAISED * first)
    return best


def _added(pixels: Pixels, values: Floats, in_colour: bool) -> Pixels:
    """The picture with so much more luma, [H, W] in grey levels. What is less than a level is a level of some of the
    channels, mixed so that no tint is seen; a grey picture stays grey."""
    if not in_colour:
        levels = np.rint(values).astype(np.int16)[..., None]
    else:
        height, width = values.shape
        pattern = np.tile(_mixing(), (height // 4 + 1, width // 4 + 1))[:height, :width]
        mixed = values + pattern * np.minimum(2 * np.abs(values), 1)
        parts = np.floor(mixed * np.float32(_PARTS)).astype(np.intp)  # of a level
        levels = _channels()[parts + _MOST_LEVELS * _PARTS]
    return np.asarray(np.clip(pixels + levels, 0, 255), np.uint8)


@cache
def _channels() -> npt.NDArray[np.int16]:
    """Levels of the channels that come next to each part of a level of luma, from -128 to 128: [256 * 128, 3]."""
    some = np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1], [1, 1, 0], [1, 1, 1]], np.uint8)
    parts = (np.arange(_PARTS) + 0.5) / _PARTS
    fine = some[np.abs(parts[:, None] - luma(some)).argmin(axis=1)]
    levels = np.arange(-_MOST_LEVELS, _MOST_LEVELS)[:, None, None] + fine
    return np.asarray(levels.reshape(-1, 3), np.int16)


@cache
def _mixing() -> Floats:
    """Offsets of luma in an ordered pattern (Bayer, 1973): [4, 4] of mean 0, from -0.25 to 0.25."""
    two = np.array([[0, 2], [3, 1]])
    four = np.kron(np.ones((2, 2)), 4 * two) + np.kron(two, np.ones((2, 2)))
    return ((four - 7.5) / 32).astype(np.float32)


def error_of(pixels: Pixels, marked: Pixels) -> float:
    """Root of the mean squared difference, in grey levels."""
    difference = (pixels.astype(np.int16) - marked).ravel().astype(np.int32)
    return math.sqrt(int(difference @ difference) / difference.size)


def _envelope(grid: Floats) -> tuple[Floats, Floats]:
    """How strong the mark may be at each frequency of each window, [n, n, 64]; and how flat it is, 0..1, [n, n, 1]."""
    power = powers(windows(level(grid)))
    detail = power[..., 1:].mean(axis=-1, keepdims=True)
    envelope: Floats = (detail + _DETAIL_FLOOR**2) ** (_DETAIL / 2) / np.sqrt(power + _OWN_FLOOR**2)
    return envelope, 1 / (1 + detail / _FLAT**2)


def _room(light: Floats, untouchable: Mask | None) -> Floats:
    """How much of the mark each pixel takes: [H, W], 0 where a person's own are kept."""
    safe = np.minimum(_WHITEST - light, light - _BLACKEST) / _SOFTNESS + 0.5
    room = _WHERE_IT_CLIPS + (1 - _WHERE_IT_CLIPS) * np.clip(safe, 0, 1)
    return room if untouchable is None else np.where(untouchable, np.float32(0), room)


def _limits(grid: Floats, shape: tuple[int, ...]) -> Floats:
    """How many grey levels nobody sees at each pixel: [H, W], by what there is around it."""
    highest, lowest = _over(np.maximum, grid, 3), _over(np.minimum, grid, 3)
    fine = np.abs(grid - _over(np.add, grid, 3) / 9)
    quarters = Image.fromarray(np.minimum(4 * fine, 255).astype(np.uint8))  # of a level: a filter takes bytes
    # A line or an edge is no texture: a median does not see the one, and a minimum narrows the other to nothing.
    texture = _over(np.minimum, np.asarray(quarters.filter(ImageFilter.MedianFilter(5)), np.float32), 5) / 4
    # In a large picture what a sample covers is far from the edge, and seen better.
    seen = min(1.0, 2 * SIDE / min(shape))
    flat = seen * (_UNSEEN + np.minimum(_AT_EDGES * (highest - lowest), _AT_EDGES_MOST))
    return np.maximum(from_grid(flat + _IN_TEXTURE * texture, (shape[1], shape[0])), 0)


def _over(operation: np.ufunc, grid: Floats, width: int) -> Floats:
    """The operation over the squares around all samples, of this width: [S, S]."""
    padded = np.pad(grid, width // 2, mode="edge")
    for side in grid.shape:
        padded = functools.reduce(operation, (padded[start : start + side] for start in range(width))).T
    return padded


def _best_place(responses: Complexes) -> Place:
    surface = grid_from(responses)
    return Place(*map(float, divmod(int(surface.argmax()), SIDE)))


def _spread(values: Complexes, place: Place, envelope: tuple[Floats, Floats], room: Floats, limits: Floats) -> Shape:
    """Waves with these amplitudes [K] at a place, as grain under the envelope and as tone where it is flat."""
    middle = (SIDE - 1) / 2
    moved = values * np.conj(turns(Place(place.down + middle, place.across + middle)))
    tone = grid_from((moved * _lowest()).astype(np.complex64))
    strengths, flat = envelope
    busy = np.maximum(_ALL_FLAT - flat, 0)
    size = room.shape[1], room.shape[0]
    return Shape(
        from_grid(grid_of(windows(grid_from(moved)) * strengths * busy), size) * room,
        limits,
        from_grid(grid_of(windows(np.clip(tone / tone.std(), -_TONE_MOST, _TONE_MOST)) * flat), size) * room,
        place,
        float((room > 0).mean()),
    )


@cache
def _lowest() -> npt.NDArray[np.float64]:
    """What tone has of each frequency of the key: [K]."""
    lowest: npt.NDArray[np.float64] = 1 / (1 + (np.hypot(key().rows, key().columns) / _TONE) ** _TONE_ORDER)
    return lowest


def _filled(before: Floats, after: Floats) -> Floats:
    """Amplitudes [K] of mean square 1 with which all parts agree equally well; after: with amplitudes of 1."""
    parts = key().part + 1  # synchronisation is the first
    counts = np.bincount(parts)
    gain = max(float((after - before).mean()), 1e-6)
    agreement = np.bincount(parts, before) / counts
    due = np.where(np.arange(len(counts)) == 0, _SYNCHRONISATION, 1.0)
    low, high = 0.0, 100.0
    for _ in range(40):
        alike = (low + high) / 2
        wanted = np.maximum(alike * due - agreement, _LEAST * alike) / gain
        low, high = (low, alike) if (counts * wanted**2).sum() > counts.sum() else (alike, high)
    return wanted[parts].astype(np.float32)
