"""Put a mark into a picture, as weak as it can be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from sfumato.watermark.attacks import ATTACKS, Attacked, Attacks
from sfumato.watermark.canonical import Pixels, grid_of_picture
from sfumato.watermark.hearing import Place, View, heard, synchronising
from sfumato.watermark.key import KEY_VERSION, Complexes
from sfumato.watermark.reading import best_of
from sfumato.watermark.searching import on_the_whole
from sfumato.watermark.shaping import Mask, Shape, add, error_of, shape_of, signed_waves
from sfumato.watermark.whitening import flattened

SMALLEST_MARKED: Final = 192  # pixels, the shorter side

_STRONGEST: Final = 40.05  # dB
_WEAKEST: Final = 0.25  # of its amplitude: 52 dB
_STRONGER: Final = 1.1  # from one trial to the next, at the least
_MUCH_STRONGER: Final = 1.5  # and at the most
# Deviations of chance at which reading is as good as certain and bears what was not tried; and the part of them below
# which an attack is not to be withstood in this picture.
_SYNCHRONISED: Final = 7.75
_DECODED: Final = 13.0
_HOPELESS: Final = 0.7


@dataclass(frozen=True)
class Marked:
    """A picture with a mark in it.

    image: of the mode and size that it had; psnr: dB between the two; strength: in parts of the strongest that is
    used, 0.25 to 1; lasting: its own attacks (JPEG 50, WebP 80, half the size, a tenth cut off, more light, more
    contrast) leave it readable; key_version: of the key that it was made with.
    """

    image: Image.Image
    psnr: float
    strength: float
    lasting: bool
    key_version: int = KEY_VERSION


@dataclass(frozen=True)
class NotMarked:
    """Why a picture was left without a mark, to stand after 'no mark: '."""

    reason: str


def embed(image: Image.Image, identity: int, untouchable: Mask | None = None) -> Marked | NotMarked:
    """Mark a picture with an identity, 0 <= identity < 2 ** 32.

    image: RGB or L. untouchable: [H, W], True where a pixel has to stay as it is. The weakest strength is used that the
    mark's own attacks leave readable, between 52 and 40 dB; where none does, the strongest, if a reading finds it at
    all. The same picture and identity give the same pixels. Raises ValueError for another mode, a mask of another size
    or an identity that does not fit.
    """
    if image.mode not in ("RGB", "L"):
        raise ValueError(f"a picture to be marked is RGB or L, not {image.mode}")
    if untouchable is not None and untouchable.shape != (image.height, image.width):
        raise ValueError(f"the mask is {untouchable.shape}, the picture {(image.height, image.width)}")
    if min(image.size) < SMALLEST_MARKED:
        return NotMarked(f"{image.width} x {image.height} px is too small, {SMALLEST_MARKED} px a side are needed")
    pixels = np.asarray(image.convert("RGB"))
    shape = shape_of(pixels, identity, untouchable)
    if shape is None:
        return NotMarked("there is no room for one among the pixels that may be touched")
    marked, strength, lasting = _weakest(pixels, shape, signed_waves(identity))
    picture = Image.fromarray(marked)
    picture = picture if image.mode == "RGB" else picture.getchannel(0)
    if not lasting and not _is_read(picture, identity):
        return NotMarked("there is no room for one that could be read")
    psnr = 20 * math.log10(255 / error_of(pixels, marked))
    return Marked(picture, psnr, strength, lasting)


def _is_read(image: Image.Image, identity: int) -> bool:
    """Whether a reading finds the identity without a search."""
    flat = flattened(grid_of_picture(image))
    found = best_of(flat, on_the_whole(flat))
    return found is not None and found.identity == identity


def _decibels(strength: float) -> float:
    return _STRONGEST - 20 * math.log10(strength)


def _weakest(pixels: Pixels, shape: Shape, waves: Complexes) -> tuple[Pixels, float, bool]:
    """The picture at the weakest strength that leaves the mark readable after all attacks that the strongest one
    withstands; that strength; whether these are all."""
    marked = strongest = add(pixels, shape, _decibels(1.0))
    clear = {name: _clear(*attacked, shape.place, waves) for name, attacked in _attacked(strongest, ATTACKS)}
    withstood = {name: ATTACKS[name] for name, clearness in clear.items() if clearness > _HOPELESS}
    # Agreement grows with the amplitude, a little more slowly: a first guess that is tried, and raised if it fails.
    strength = min(1.0, max(_WEAKEST, 1 / min((clear[name] for name in withstood), default=1.0)))
    while strength < 1:
        marked = add(pixels, shape, _decibels(strength))
        clearnesses = (_clear(*attacked, shape.place, waves) for _, attacked in _attacked(marked, withstood))
        failed = next((clearness for clearness in clearnesses if clearness < 1), None)
        if failed is None:
            break
        strength = min(1.0, strength * min(_MUCH_STRONGER, max(_STRONGER, 1 / max(failed, 0.1))))
    return (marked if strength < 1 else strongest), strength, len(withstood) == len(ATTACKS)


def _attacked(marked: Pixels, attacks: Attacks) -> Iterator[tuple[str, Attacked]]:
    for name, attack in attacks.items():
        yield name, attack(Image.fromarray(marked))


def _clear(image: Image.Image, view: View, place: Place, waves: Complexes) -> float:
    """How much more than enough of the mark is heard, 1 for just enough."""
    listened = heard(flattened(grid_of_picture(image)), view)
    agreements = listened.at(place, waves)
    sync, bits = synchronising(), slice(synchronising().stop, None)
    return min(
        float(agreements[sync].sum()) / listened.loudness(sync) / _SYNCHRONISED,
        float(agreements[bits].sum()) / listened.loudness(bits) / _DECODED,
    )
