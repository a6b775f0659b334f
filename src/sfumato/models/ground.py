"""The ground that a work is painted on: how large, what is there already, and what of that is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from PIL import Image
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_canvas, as_tensor, picture_digest
from sfumato.models.classes import class_mixture
from sfumato.models.configuration import ModelConfig
from sfumato.models.mask import read_mask
from sfumato.works import Recipe
from sfumato.works.recipe import MOST_PIXELS


@dataclass(frozen=True)
class Margins:
    """Pixels beyond the edges of a picture."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0


@dataclass(frozen=True, eq=False)
class Ground:
    """height, width: pixels, neither under the model's size; tile: whether it repeats without a seam.

    picture: [3, height, width] in -1..1 to begin with, or None; strength: the share of the steps that it is refined in,
    above 0 to 1. mask: [1, height, width] in 0..1, 0 where the picture is kept, or None to keep nothing. margins: what
    of it lies beyond the picture that was given. inverted: the picture begins as its own noise, found under the class
    ``source`` (None for none), so that what another class would not change comes back as it is. reference: [3, h, w],
    the small picture of which an upscaler makes one of height x width; origin: the recipe of that, where it is a work.
    """

    height: int
    width: int
    tile: bool = False
    picture: Tensor | None = None
    strength: float = 1.0
    mask: Tensor | None = None
    margins: Margins | None = None
    inverted: bool = False
    source: str | None = None
    reference: Tensor | None = None
    origin: Recipe | None = None

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            raise SfumatoError(
                f"strength {self.strength:g}: above 0 (the picture as it is) to 1 (pure noise) is needed"
            )

    @classmethod
    def plain(
        cls, config: ModelConfig, width: int | None = None, height: int | None = None, *, tile: bool = False
    ) -> Self:
        """Nothing on it; by default of the model's size. Raises SfumatoError for a side that is smaller, and for more
        pixels than 4,096 x 4,096."""
        width, height = width or config.size, height or config.size
        _check_size(config, width, height, "a work")
        return cls(height, width, tile)

    @classmethod
    def refining(cls, config: ModelConfig, picture: Image.Image, strength: float) -> Self:
        """A picture, cropped at its centre and scaled to the model's size, of which nothing is kept as it is."""
        return cls(config.size, config.size, picture=as_tensor(picture, config.size), strength=strength)

    @classmethod
    def editing(
        cls, config: ModelConfig, picture: Image.Image, strength: float = 1.0, source: str | None = None
    ) -> Self:
        """The same, begun with the noise that the picture itself would have come from as one of the class ``source``.

        strength: up to which share of the noise levels it is followed. Raises SfumatoError for an unknown class.
        """
        if source is not None:
            class_mixture(source, config)
        return replace(cls.refining(config, picture, strength), inverted=True, source=source)

    @classmethod
    def masked(cls, config: ModelConfig, picture: Image.Image, mask: Image.Image, strength: float = 1.0) -> Self:
        """A picture in its own size, of which the mask's black is kept and its white, or what is erased in it, is made
        anew.

        Raises SfumatoError for a mask that cannot be one (see `read_mask`), and for a picture that is smaller than the
        model's.
        """
        _check_size(config, *picture.size, "the picture")
        made = read_mask(mask, picture)
        return cls(picture.height, picture.width, picture=as_canvas(picture), strength=strength, mask=made)

    @classmethod
    def extended(cls, config: ModelConfig, picture: Image.Image, margins: Margins) -> Self:
        """A picture in its own size, kept, with ground beyond its edges.

        Raises SfumatoError for margins below 0, or none at all, and for a whole that is smaller than the model's size.
        """
        sides = (margins.left, margins.top, margins.right, margins.bottom)
        if min(sides) < 0 or not any(sides):
            raise SfumatoError(
                "nothing is to be added beyond the picture's edges; give --left, --right, --top or --bottom, above 0"
            )
        width, height = picture.width + margins.left + margins.right, picture.height + margins.top + margins.bottom
        _check_size(config, width, height, "the picture with what is to be added")
        rows = slice(margins.top, margins.top + picture.height)
        columns = slice(margins.left, margins.left + picture.width)
        whole, mask = torch.zeros((3, height, width)), torch.ones((1, height, width))
        whole[:, rows, columns], mask[:, rows, columns] = as_canvas(picture), 0
        return cls(height, width, picture=whole, mask=mask, margins=margins)

    @classmethod
    def enlarging(
        cls, config: ModelConfig, picture: Image.Image, origin: Recipe | None = None, *, tile: bool = False
    ) -> Self:
        """A picture of any size, for an upscaler to make ``config.factor`` times as large.

        tile: it repeats without a seam, and is to do so enlarged. Raises SfumatoError for a model that is no upscaler,
        and for a picture that would be smaller than the model's size, or too large, when enlarged.
        """
        width, height = enlarged_size(config, *picture.size)
        return cls(height, width, tile, reference=as_canvas(picture), origin=origin)

    def is_one_picture(self, config: ModelConfig) -> bool:
        """Whether the model sees all of it at once."""
        return not self.tile and (self.height, self.width) == (config.size, config.size)

    def part_to_make(self, around: int) -> tuple[slice, slice] | None:
        """Rows and columns of what the mask covers with ``around`` pixels on every side, as far as there are any.

        None where that is all of the ground, or nothing is kept.
        """
        if self.mask is None:
            return None
        covered = self.mask[0] > 0
        rows, columns = (
            slice(max(0, int(places[0]) - around), min(length, int(places[-1]) + 1 + around))
            for places, length in (
                (covered.any(1).nonzero().flatten(), self.height),
                (covered.any(0).nonzero().flatten(), self.width),
            )
        )
        whole = (rows.start, rows.stop, columns.start, columns.stop) == (0, self.height, 0, self.width)
        return None if whole else (rows, columns)

    def part(self, rows: slice, columns: slice) -> Ground:
        """The ground within these rows and columns, with what lies on it there."""
        picture = None if self.picture is None else self.picture[:, rows, columns]
        mask = None if self.mask is None else self.mask[:, rows, columns]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        return replace(self, height=height, width=width, picture=picture, mask=mask)

    @property
    def input_digest(self) -> str | None:
        shown = self.reference if self.picture is None else self.picture
        return None if shown is None else picture_digest(shown)

    @property
    def mask_digest(self) -> str | None:
        return None if self.mask is None or self.margins is not None else picture_digest(self.mask * 2 - 1)


def enlarged_size(config: ModelConfig, width: int, height: int) -> tuple[int, int]:
    """What an upscaler makes of a picture of that size. Raises SfumatoError as ``Ground.enlarging`` does."""
    if config.objective != "upscaling":
        raise SfumatoError(
            f"the model '{config.name}' enlarges no pictures; take one of 'sfumato train ART --upscaler 4'"
        )
    width, height = config.factor * width, config.factor * height
    _check_size(config, width, height, f"the picture, enlarged {config.factor} times,")
    return width, height


def _check_size(config: ModelConfig, width: int, height: int, what: str) -> None:
    if min(width, height) < config.size:
        raise SfumatoError(
            f"{what} is {width} x {height} pixels, and the model '{config.name}' makes {config.size} x {config.size}; "
            f"each side has to have {config.size} or more"
        )
    if width * height > MOST_PIXELS:
        raise SfumatoError(f"{what} is {width} x {height} pixels, which is more than 4,096 x 4,096; make it smaller")
