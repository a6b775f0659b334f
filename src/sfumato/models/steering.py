"""What the eye asks for: the colours of a palette, the masses of a sketch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from sfumato.diffusion import Codec, Denoise
from sfumato.diffusion.steering import coloured, composed, palette_of
from sfumato.errors import SfumatoError
from sfumato.images.decoding import open_picture
from sfumato.works.request import Composition, Palette
from sfumato.works.values import MOST_COLOURS, SKETCH_SIDE

COLOURS = 6  # of a picture that is given for a palette
# Forms of an eighth of a picture are decided by noise of about this size at 32 pixels; below it the model finishes.
COMPOSED_ABOVE = 0.4
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def palette_from(asked: Palette | Image.Image | Path | str | None, strength: float | None = None) -> Palette | None:
    """A palette from colours as '#aa3322,#fff', a picture or its file; strength: 0..1, for what has none of its own.

    Raises SfumatoError for a file that is not a picture, words that are not colours, and strengths out of range.
    """
    if asked is None or isinstance(asked, Palette):
        return asked
    if isinstance(asked, Image.Image):
        return palette_of_picture(asked, strength)
    path = Path(asked)
    is_file = os.path.lexists(path) and not path.is_dir()
    if is_file or isinstance(asked, Path):
        return palette_of_picture(open_picture(path), strength)
    if path.suffix and not asked.startswith("#"):
        raise SfumatoError(f"{asked}: no such file; give a picture, or colours as #aa3322,#fff0c0")
    return named_palette(asked, strength)


def named_palette(text: str, strength: float | None = None) -> Palette:
    """From '#aa3322,#fff'. Raises SfumatoError for anything but colours."""
    if text.count(",") >= MOST_COLOURS:
        raise SfumatoError(f"palette: {text.count(',') + 1:,} colours, and {MOST_COLOURS} are the most; give fewer")
    colours = []
    for part in text.split(","):
        digits = _COLOUR.fullmatch(part.strip())
        if digits is None:
            raise SfumatoError(
                f"palette: '{part.strip()}' is not a colour; give a picture, or colours such as #aa3322,#fff0c0"
            )
        six = digits[1] if len(digits[1]) == 6 else "".join(2 * digit for digit in digits[1])
        colours.append(f"#{six.lower()}")
    return Palette(colours=tuple(colours), strength=_strength(Palette, strength))


def palette_of_picture(picture: Image.Image, strength: float | None = None, count: int = COLOURS) -> Palette:
    """The colours that a picture is mostly made of, and how much of it each covers."""
    small = picture.convert("RGB").resize((64, 64), Image.Resampling.BOX)
    colours, weights = palette_of(torch.from_numpy(np.array(small)).permute(2, 0, 1) / 127.5 - 1, count)
    levels = ((colours + 1) * 127.5).round().clamp(0, 255).int().tolist()
    named = tuple("#" + "".join(f"{level:02x}" for level in colour) for colour in levels)
    rounded = tuple(round(weight, 4) for weight in weights.tolist())
    return Palette(colours=named, weights=rounded, strength=_strength(Palette, strength))


def composition_from(
    asked: Composition | Image.Image | Path | str | None, width: int, height: int, strength: float | None = None
) -> Composition | None:
    """The masses of a sketch or its file, cropped at its centre to the shape of what is to be made.

    Raises SfumatoError for a file that is not a picture, and a strength outside 0..1.
    """
    if asked is None or isinstance(asked, Composition):
        return asked
    sketch = asked if isinstance(asked, Image.Image) else open_picture(Path(asked))
    scale = min(sketch.width / width, sketch.height / height)
    across, down = scale * width, scale * height
    left, top = (sketch.width - across) / 2, (sketch.height - down) / 2
    small = sketch.convert("RGB").resize(
        (SKETCH_SIDE, SKETCH_SIDE), Image.Resampling.BOX, (left, top, left + across, top + down)
    )
    return Composition(levels=small.tobytes().hex(), strength=_strength(Composition, strength))


def colours_of(palette: Palette) -> Tensor:
    """[K, 3] in -1..1."""
    levels = [[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for colour in palette.colours]
    return torch.tensor(levels) / 127.5 - 1


def target_of(composition: Composition, height: int, width: int) -> Tensor:
    """[1, 3, height, width] in -1..1."""
    levels = np.frombuffer(bytes.fromhex(composition.levels), np.uint8).reshape(1, SKETCH_SIDE, SKETCH_SIDE, 3)
    small = torch.from_numpy(levels.copy()).permute(0, 3, 1, 2) / 127.5 - 1
    return F.interpolate(small, (height, width), mode="bicubic")


@dataclass(frozen=True)
class Steering:
    """How works are steered by their colours and composition; either may be None."""

    palette: Palette | None = None
    composition: Composition | None = None

    def around(self, denoise: Denoise, codec: Codec, height: int, width: int, size: int) -> Denoise:
        """The same denoiser, of a codec's latents, steered for pictures of height x width pixels; size: of the model's
        own pictures."""
        if self.composition is not None:
            denoise = composed(
                denoise,
                target_of(self.composition, height, width),
                factor=max(height, width) / SKETCH_SIDE,
                above=COMPOSED_ABOVE * size / 32,
                strength=self.composition.strength,
                codec=codec,
            )
        if self.palette is not None:
            weights = torch.tensor(self.palette.weights) if self.palette.weights else None
            colours = colours_of(self.palette)
            denoise = coloured(denoise, colours, shares=weights, strength=self.palette.strength, codec=codec)
        return denoise


NOT_STEERED = Steering()


def _strength(kind: type[Palette | Composition], strength: float | None) -> float:
    """The one that is given, or the usual one."""
    if strength is None:
        return float(kind.model_fields["strength"].default)
    if not 0 <= strength <= 1:
        name = kind.__name__.lower()
        raise SfumatoError(f"{name}: a strength of {strength:g}; from 0 (not at all) to 1 (fully) is needed")
    return strength
