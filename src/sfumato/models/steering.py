"""What the eye asks for: the colours of a palette, the masses of a sketch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from sfumato.diffusion import Denoise
from sfumato.diffusion.steering import coloured, composed, palette_of
from sfumato.errors import SfumatoError
from sfumato.images.tensors import as_canvas, from_levels, to_levels
from sfumato.works.recipe import MOST_COLOURS

COLOURS = 6  # of a picture that is given for a palette
SKETCH_SIDE = 8  # pixels of a composition that are followed, each way
PALETTE_STRENGTH, COMPOSITION_STRENGTH = 0.75, 1.0
# Forms of an eighth of a picture are decided by noise of about this size at 32 pixels; below it the model finishes.
COMPOSED_ABOVE = 0.4
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@dataclass(frozen=True)
class Palette:
    """colours: '#rrggbb' each; shares: how common each is, or () for all alike; strength: 0..1."""

    colours: tuple[str, ...]
    shares: tuple[float, ...] = ()
    strength: float = PALETTE_STRENGTH

    def __post_init__(self) -> None:
        _check_strength("palette", self.strength)

    @classmethod
    def parse(cls, text: str, strength: float = PALETTE_STRENGTH) -> Self:
        """From '#aa3322,#fff'. Raises SfumatoError for what is no colour."""
        colours = []
        if text.count(",") >= MOST_COLOURS:
            raise SfumatoError(f"palette: {text.count(',') + 1:,} colours, and {MOST_COLOURS} are the most; give fewer")
        for part in text.split(","):
            digits = _COLOUR.fullmatch(part.strip())
            if digits is None:
                raise SfumatoError(
                    f"palette: '{part.strip()}' is no colour; give a picture, or colours as #aa3322,#fff0c0"
                )
            six = digits[1] if len(digits[1]) == 6 else "".join(2 * digit for digit in digits[1])
            colours.append(f"#{six.lower()}")
        return cls(tuple(colours), (), strength)

    @classmethod
    def of_picture(cls, picture: Image.Image, strength: float = PALETTE_STRENGTH, count: int = COLOURS) -> Self:
        """The colours that a picture is mostly made of, and how much of it each covers."""
        small = picture.convert("RGB").resize((64, 64), Image.Resampling.BOX)
        colours, shares = palette_of(as_canvas(small), count)
        levels = to_levels(colours).int().tolist()
        named = tuple("#" + "".join(f"{level:02x}" for level in colour) for colour in levels)
        return cls(named, tuple(round(share, 4) for share in shares.tolist()), strength)

    @property
    def rgb(self) -> Tensor:
        """[K, 3] in -1..1."""
        levels = [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in self.colours]
        return from_levels(torch.tensor(levels))


@dataclass(frozen=True)
class Composition:
    """levels: SKETCH_SIDE x SKETCH_SIDE RGB pixels as hexadecimal digits, row by row; strength: 0..1."""

    levels: str
    strength: float = COMPOSITION_STRENGTH

    def __post_init__(self) -> None:
        _check_strength("composition", self.strength)

    @classmethod
    def of_picture(cls, picture: Image.Image, width: int, height: int, strength: float = COMPOSITION_STRENGTH) -> Self:
        """The masses of a sketch, cropped at its centre to the shape of what is to be made."""
        scale = min(picture.width / width, picture.height / height)
        across, down = scale * width, scale * height
        left, top = (picture.width - across) / 2, (picture.height - down) / 2
        small = picture.convert("RGB").resize(
            (SKETCH_SIDE, SKETCH_SIDE), Image.Resampling.BOX, (left, top, left + across, top + down)
        )
        return cls(small.tobytes().hex(), strength)

    def target(self, height: int, width: int) -> Tensor:
        """[1, 3, height, width] in -1..1."""
        levels = np.frombuffer(bytes.fromhex(self.levels), np.uint8).reshape(1, SKETCH_SIDE, SKETCH_SIDE, 3)
        small = from_levels(torch.from_numpy(levels.copy()).permute(0, 3, 1, 2))
        return F.interpolate(small, (height, width), mode="bicubic")


@dataclass(frozen=True)
class Steering:
    """Either may be None."""

    palette: Palette | None = None
    composition: Composition | None = None

    def around(self, denoise: Denoise, height: int, width: int, size: int) -> Denoise:
        """The same denoiser, steered, for pictures of height x width; size: of the model's own pictures."""
        if self.composition is not None:
            denoise = composed(
                denoise,
                self.composition.target(height, width),
                factor=max(height, width) / SKETCH_SIDE,
                above=COMPOSED_ABOVE * size / 32,
                strength=self.composition.strength,
            )
        if self.palette is not None:
            shares = torch.tensor(self.palette.shares) if self.palette.shares else None
            denoise = coloured(denoise, self.palette.rgb, shares=shares, strength=self.palette.strength)
        return denoise


NOT_STEERED = Steering()


def _check_strength(what: str, strength: float) -> None:
    if not 0 <= strength <= 1:
        raise SfumatoError(f"{what}: a strength of {strength:g}; from 0 (not at all) to 1 (fully) is needed")
