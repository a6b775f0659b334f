"""The canvas that a work is made on: how large, what is there already, and what of that is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sfumato.diffusion import Codec
from sfumato.diffusion.enlarging import reduced
from sfumato.diffusion.inpainting import continued
from sfumato.errors import SfumatoError
from sfumato.images.decoding import SMALLEST_SIDE
from sfumato.images.tensors import as_canvas, as_tensor, fitted, picture_digest
from sfumato.models.classes import class_mixture
from sfumato.models.configuration import ModelConfig, PretrainedNetwork
from sfumato.models.mask import read_mask
from sfumato.works.edits import AnyEdit, Enlarge, Inpaint, Invert, Margins, Outpaint, Reconstruct, Refine
from sfumato.works.request import CanvasShape
from sfumato.works.values import MOST_PIXELS


@dataclass(frozen=True, eq=False)
class Canvas:
    """height, width: pixels, neither under the model's size; tile: whether it repeats without a seam.

    edit: what is done to a picture, None where there is none. picture: [3, height, width] in -1..1, what is on the
    canvas, or None. mask: [1, height, width] in 0..1, 0 where the picture is kept, or None to keep nothing. reference:
    [3, h, w], the small picture of which an upscaler makes one of height x width; small: of that shape too, where there
    is a picture as well, its own small form.
    """

    height: int
    width: int
    tile: bool = False
    edit: AnyEdit | None = None
    picture: Tensor | None = None
    mask: Tensor | None = None
    reference: Tensor | None = None
    small: Tensor | None = None

    @property
    def strength(self) -> float:
        """The fraction of the steps that are taken from the picture on, above 0 to 1."""
        return self.edit.strength if isinstance(self.edit, Refine | Invert | Inpaint) else 1.0

    @property
    def is_empty(self) -> bool:
        """Whether works on it begin with noise alone."""
        return self.picture is None and self.reference is None

    @property
    def kept(self) -> NDArray[np.bool_] | None:
        """[H, W]: True where the picture is kept to the pixel; None where nothing is."""
        return None if self.mask is None else (self.mask[0] == 0).cpu().numpy()

    @property
    def shape(self) -> CanvasShape:
        return CanvasShape(width=self.width, height=self.height, tile=self.tile)

    def codec(self, config: ModelConfig) -> Codec:
        """The model's, for pictures on this canvas."""
        return config.codec.on_torus() if self.tile else config.codec

    def is_one_picture(self, config: ModelConfig) -> bool:
        """Whether the model sees all of it at once."""
        return not self.tile and config.sees(self.height, self.width)

    def part_to_make(self, around: int, cell: int = 1) -> tuple[slice, slice] | None:
        """Rows and columns of what the mask covers with ``around`` pixels on every side, as far as there are any, in
        whole cells of ``cell`` pixels. None where that is all of the canvas, or nothing is kept."""
        if self.mask is None:
            return None
        sides = (self.height, self.width)
        places = zip(self.mask[0].nonzero().T, sides, strict=True)
        ends = [(max(0, int(at.min()) - around), min(side, int(at.max()) + 1 + around)) for at, side in places]
        if ends == [(0, side) for side in sides]:
            return None
        rows, columns = (slice(start // cell * cell, -(-stop // cell) * cell) for start, stop in ends)
        return rows, columns

    def part(self, rows: slice, columns: slice) -> Canvas:
        """The canvas within these rows and columns, with what lies on it there."""
        picture = None if self.picture is None else self.picture[:, rows, columns]
        mask = None if self.mask is None else self.mask[:, rows, columns]
        height, width = rows.stop - rows.start, columns.stop - columns.start
        parts = {"height": height, "width": width, "picture": picture, "mask": mask}
        if self.reference is None:
            return replace(self, **parts)
        factor = self.width // self.reference.shape[-1]
        within = tuple(slice(side.start // factor, side.stop // factor) for side in (rows, columns))
        small = None if self.small is None else self.small[:, *within]
        return replace(self, **parts, reference=self.reference[:, *within], small=small)

    def refined(self, strength: float) -> Canvas:
        """The same with another strength of what is done to its picture; for an edit that has one."""
        return replace(self, edit=None if self.edit is None else self.edit.model_copy(update={"strength": strength}))

    def padded(self, cell: int) -> Canvas:
        """The same with sides that are multiples of ``cell``: what lies at its right and lower edges goes on there."""
        right, below = -self.width % cell, -self.height % cell
        if not right and not below:
            return self
        picture, mask = (
            None if each is None else F.pad(each[None], (0, right, 0, below), mode="replicate")[0]
            for each in (self.picture, self.mask)
        )
        return replace(self, height=self.height + below, width=self.width + right, picture=picture, mask=mask)

    def reduced(self, factor: int) -> Canvas:
        """The same ``factor`` times smaller, for sides that are multiples of it. A cell is kept where all of its pixels
        are; where the mask leaves none, nothing is."""
        if factor == 1:
            return self
        picture, mask = self.picture, self.mask
        if picture is not None:
            if mask is not None and self.strength == 1:  # what is made anew does not show at the edge of what is kept
                picture = continued(picture[None], mask[None])[0]
            picture = reduced(picture[None], factor)[0].clamp(-1, 1)
        if mask is not None:
            mask = F.max_pool2d(mask[None], factor)[0]
            mask = None if mask.all() else mask
        return replace(self, height=self.height // factor, width=self.width // factor, picture=picture, mask=mask)


def plain_canvas(config: ModelConfig, shape: CanvasShape | None = None) -> Canvas:
    """An empty one, by default of the model's size. Raises SfumatoError for a side that is smaller, and for more pixels
    than 4,096 x 4,096."""
    shape = shape or CanvasShape()
    width, height = shape.width or config.side, shape.height or config.side
    _check_size(config, width, height, "a work")
    if shape.tile and (width % config.enlargement or height % config.enlargement):
        raise SfumatoError(
            f"a work is {width} x {height} pixels, and works of the model '{config.name}' that repeat without a seam "
            f"have sides that are multiples of {config.enlargement}; give such sides"
        )
    return Canvas(height, width, shape.tile)


def refining_canvas(config: ModelConfig, picture: Image.Image, strength: float) -> Canvas:
    """With a picture, cropped at its centre and scaled to the model's size (``ModelConfig.fitted``), of which nothing
    is kept as it is. Raises SfumatoError for a strength that is not above 0 to 1."""
    width, height = config.fitted(*picture.size)
    seen = fitted(picture, width, height)
    edit = Refine(picture=picture_digest(seen), strength=_checked(strength))
    return Canvas(height, width, edit=edit, picture=seen)


def editing_canvas(
    config: ModelConfig, picture: Image.Image, strength: float = 1.0, source: str | None = None
) -> Canvas:
    """The same, begun with the noise that the picture itself would have come from as one of the class ``source``, or as
    one that these words describe.

    strength: up to which fraction of the noise levels it is followed. Raises SfumatoError for an unknown class.
    """
    if source is not None and not config.takes_prompts:
        class_mixture(source, config)
    width, height = config.fitted(*picture.size)
    seen = fitted(picture, width, height)
    edit = Invert(picture=picture_digest(seen), strength=_checked(strength), source=source)
    return Canvas(height, width, edit=edit, picture=seen)


def masked_canvas(config: ModelConfig, picture: Image.Image, mask: Image.Image, strength: float = 1.0) -> Canvas:
    """With a picture in its own size, of which the mask's black is kept and its white, or what is erased in it, is made
    anew.

    Raises SfumatoError for a mask that cannot be one (see `read_mask`), and for a picture that is smaller than the
    model's.
    """
    _check_size(config, *picture.size, "the picture")
    seen, made = as_canvas(picture), read_mask(mask, picture)
    edit = Inpaint(picture=picture_digest(seen), mask=picture_digest(made * 2 - 1), strength=_checked(strength))
    return Canvas(picture.height, picture.width, edit=edit, picture=seen, mask=made)


def extended_canvas(config: ModelConfig, picture: Image.Image, margins: Margins) -> Canvas:
    """With a picture in its own size, kept, and room beyond its edges.

    Raises SfumatoError for no margins at all, and for a whole that is smaller than the model's size.
    """
    left, top, right, bottom = margins.left, margins.top, margins.right, margins.bottom
    if not any((left, top, right, bottom)):
        raise SfumatoError(
            "nothing is to be added beyond the picture's edges; give --left, --right, --top or --bottom, above 0"
        )
    width, height = picture.width + left + right, picture.height + top + bottom
    _check_size(config, width, height, "the picture with what is to be added")
    rows, columns = slice(top, top + picture.height), slice(left, left + picture.width)
    whole, mask = torch.zeros((3, height, width)), torch.ones((1, height, width))
    whole[:, rows, columns], mask[:, rows, columns] = as_canvas(picture), 0
    edit = Outpaint(picture=picture_digest(whole), margins=margins)
    return Canvas(height, width, edit=edit, picture=whole, mask=mask)


def enlarging_canvas(config: ModelConfig, picture: Image.Image, *, tile: bool = False) -> Canvas:
    """For a picture of any size, of which an upscaler makes one ``config.factor`` times as large.

    tile: it repeats without a seam, and is to do so enlarged. Raises SfumatoError for a model that is not an upscaler,
    and for a picture that would be smaller than the model's size, or too large, when enlarged.
    """
    width, height = enlarged_size(config, *picture.size)
    reference = as_canvas(picture)
    return Canvas(height, width, tile, edit=Enlarge(picture=picture_digest(reference)), reference=reference)


def reconstructing_canvas(config: ModelConfig, picture: Image.Image) -> Canvas:
    """With a picture, cropped at its centre and scaled to the model's size, for an autoencoder to make again."""
    seen = as_tensor(picture, config.size)
    return Canvas(config.size, config.size, edit=Reconstruct(picture=picture_digest(seen)), picture=seen)


def canvas_of(
    config: ModelConfig,
    shape: CanvasShape,
    edit: AnyEdit | None,
    picture: Image.Image | None = None,
    mask: Image.Image | None = None,
    strength: float | None = None,
) -> Canvas:
    """What a request asks for, with the pictures that it names by their digests; another strength changes it.

    Raises SfumatoError where one of them is missing, another one, or not asked for, and for a strength where none was.
    """
    if strength is not None and not isinstance(edit, Refine | Invert | Inpaint):
        raise SfumatoError(f"strength {strength:g}: the work is none that a picture was refined to; leave it out")
    named = {"picture": getattr(edit, "picture", None), "mask": getattr(edit, "mask", None)}
    for name, image in (("picture", picture), ("mask", mask)):
        if named[name] is None and image is not None:
            raise SfumatoError(f"the work was made without a {name}, and one was given; leave it out")
        if named[name] is not None and image is None:
            raise SfumatoError(
                f"the work began with a {name}, which is not in its file; give that {name} as well (--{name})"
            )
    if edit is None or picture is None:
        return plain_canvas(config, shape)
    match edit:
        case Refine():
            canvas = refining_canvas(config, picture, strength or edit.strength)
        case Invert():
            canvas = editing_canvas(config, picture, strength or edit.strength, edit.source)
        case Inpaint():
            assert mask is not None, "it was checked above"
            canvas = masked_canvas(config, picture, mask, strength or edit.strength)
        case Outpaint():
            canvas = extended_canvas(config, picture, edit.margins)
        case Enlarge():
            canvas = enlarging_canvas(config, picture, tile=shape.tile)
        case Reconstruct():
            canvas = reconstructing_canvas(config, picture)
    for name, digest in named.items():
        if digest != getattr(canvas.edit, name, None):
            raise SfumatoError(
                f"the {name} is not the one that the work began with (its digest differs); give that one"
            )
    return canvas


def enlarged_size(config: ModelConfig, width: int, height: int) -> tuple[int, int]:
    """What an upscaler makes of a picture of that size. Raises SfumatoError as ``enlarging_canvas`` does."""
    config = config.enlarger
    if not config.enlarges:
        raise SfumatoError(
            f"the model '{config.name}' enlarges no pictures; take one of 'sfumato train ART --upscaler 4'"
        )
    width, height = config.factor * width, config.factor * height
    _check_size(config, width, height, f"the picture, enlarged {config.factor} times,")
    return width, height


def _checked(strength: float) -> float:
    if not 0 < strength <= 1:
        raise SfumatoError(f"strength {strength:g}: above 0 (the picture as it is) to 1 (pure noise) is needed")
    return strength


def _check_size(config: ModelConfig, width: int, height: int, what: str) -> None:
    # A pre-trained one takes other shapes; what is more than it takes at once it looks at in windows of its own size.
    if config.takes_prompts and min(width, height) < SMALLEST_SIDE:
        raise SfumatoError(f"{what} is {width} x {height} pixels; each side has to have {SMALLEST_SIDE} or more")
    if min(width, height) < config.side and not config.sees(height, width):
        if isinstance(config.network, PretrainedNetwork) and 2 * width * height <= 3 * config.size**2:
            raise SfumatoError(
                f"{what} is {width} x {height} pixels, and the model '{config.name}' makes pictures whose sides are "
                f"multiples of {config.network.multiple}; give such sides"
            )
        raise SfumatoError(
            f"{what} is {width} x {height} pixels, and the model '{config.name}' makes {config.side} x {config.side}; "
            f"each side has to have {config.side} or more"
        )
    if width * height > MOST_PIXELS:
        raise SfumatoError(f"{what} is {width} x {height} pixels, which is more than 4,096 x 4,096; make it smaller")
