"""A mask: which pixels of a picture are kept and which are made anew, in whatever form a program has saved it.

Masks come in two forms. Either white is painted where the picture is to be new, on black or on nothing at all; or the
mask is the picture itself with that part erased.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.images.colour import to_eight_bits, to_srgb

# JPEG at quality 60 moves the black and the white of a hard mask by up to 60 of 255, at 50 by up to 82; a third of the
# way from either end is told apart from the other two for sure.
KEPT_UP_TO: Final = 85
NEW_FROM: Final = 170

_COLOURED: Final = 32  # levels between the channels: more than any profile or compression gives to grey
_FEW: Final = 0.01  # share of the pixels that may be out of line: what a brush leaves at its edge
_ALIKE: Final = 12  # levels, on average: a picture and a copy that was saved anew
_FLAT: Final = 10  # levels of standard deviation: one paint
_SAME: Final = 4  # levels of mean difference: the picture itself, saved again
_WHITE: Final = 250

Levels = NDArray[np.floating]


def read_mask(mask: Image.Image, picture: Image.Image) -> Tensor:
    """[1, height, width] in 0..1: 0 where the picture is kept to the pixel, 1 where it is made anew, between in soft
    edges.

    mask: of any mode and of the picture's size. Without transparency its darkest third is kept, its brightest third is
    new. With transparency it is one of two things: grey that is painted on nothing, where nothing is kept too; or a
    picture of which a part was erased, and what was erased is new. picture: RGB, the one that it is for.

    Raises SfumatoError for another size, for a mask with colours that nothing was erased from, and for one that would
    keep everything or nothing.
    """
    if mask.size != picture.size:
        raise SfumatoError(
            f"the mask is {mask.width} x {mask.height} pixels and the picture {picture.width} x {picture.height}; "
            "give a mask of the picture's size"
        )
    made = np.clip((_newness(mask, picture) - KEPT_UP_TO) / (NEW_FROM - KEPT_UP_TO), 0, 1)
    if not made.any():
        raise SfumatoError(
            "the mask is black all over and nothing is erased in it, so nothing would be made; "
            "paint white what is to be new"
        )
    if made.all():
        raise SfumatoError(
            "the mask is white all over, with no black in it, so nothing would be kept; use 'sfumato generate' for that"
        )
    return torch.from_numpy(made.astype(np.float32))[None]


def over_both(on_black: Image.Image, on_white: Image.Image) -> Image.Image:
    """RGBA from a picture as it looks on black and as it looks on white, both RGB."""
    dark, light = (np.asarray(image, np.float32) for image in (on_black, on_white))
    opacity = np.clip(255 - (light - dark).mean(2), 0, 255).round()
    colours = np.clip(dark * 255 / np.maximum(opacity, 1)[..., None], 0, 255).round()
    return Image.fromarray(np.dstack([colours, opacity]).astype(np.uint8), "RGBA")


def _newness(mask: Image.Image, picture: Image.Image) -> Levels:
    """[height, width] in 0..255: 0 for what the mask shows as kept, 255 for what it shows as new."""
    colours, opacity = _colours_and_opacity(mask)
    painted = _grey(colours) * opacity / 255
    seen = opacity >= 128
    if opacity.min() == 255:
        _check_grey(colours.reshape(-1, 3))
        return painted
    if not seen.any():
        return 255 - opacity
    there = np.asarray(picture.convert("RGB"), np.float32)[seen]
    if _shows_a_picture(colours[seen], there, is_most=bool(seen.mean() > 0.5)):
        return 255 - opacity
    # Black paint with holes in it has one sense alone.
    return painted if painted.max() > KEPT_UP_TO else 255 - opacity


def _colours_and_opacity(mask: Image.Image) -> tuple[Levels, Levels]:
    """[height, width, 3] and [height, width], both 0..255, from any mode: palettes, 1 bit, 16 bits, profiles, alpha."""
    mask.load()
    profile = mask.info.get("icc_profile")
    if mask.mode == "F":  # floats have their white at 1, or at 255 where they are larger
        values = np.asarray(mask)
        mask = Image.fromarray(to_eight_bits(values, 1.0 if values.max(initial=0) <= 1 else 255.0))
    shown = over_both(*(to_srgb(mask, ground, profile)[0] for ground in ((0, 0, 0), (255, 255, 255))))
    levels = np.asarray(shown, np.float32)
    return levels[..., :3], levels[..., 3]


def _shows_a_picture(colours: Levels, of_picture: Levels, *, is_most: bool) -> bool:
    """Whether what is left of a mask, [N, 3], is the rest of a picture and no paint; of_picture: the picture there.

    is_most: whether it is more than half of the mask. White on a white part of a picture may be either: it is paint
    where it covers less than that, because people erase the smaller part.

    Raises SfumatoError for paint that is neither black nor white.
    """
    if float(colours.std(0).max()) < _FLAT:
        same = float(np.abs(colours - of_picture).mean()) < _SAME
        is_one_paint = colours.min() >= _WHITE or colours.max() <= 255 - _WHITE
        if same and (not is_one_paint or is_most):
            return True  # a pale sheet, or a flat ground, with a part erased
        _check_grey(colours)
        return False
    alike = float(np.abs(_grey(colours) - _grey(of_picture)).mean()) < _ALIKE
    return alike or _is_coloured(colours)


def _grey(colours: Levels) -> Levels:
    return colours @ np.array([0.299, 0.587, 0.114], np.float32)


def _is_coloured(colours: Levels) -> bool:
    return float((np.ptp(colours, axis=1) > _COLOURED).mean()) > _FEW


def _check_grey(colours: Levels) -> None:
    if _is_coloured(colours):
        raise SfumatoError(
            "the mask has colours, and a mask is black and white; paint white what is to be made anew and black what "
            "is kept, or give the picture itself with that part erased (transparent)"
        )
