"""Part of a picture made anew, and what lies beyond its edges."""

from __future__ import annotations

from typing import SupportsIndex, Unpack

from PIL import Image

from sfumato.models.configuration import SamplerChoices
from sfumato.models.generation import Generation
from sfumato.models.ground import Ground, Margins
from sfumato.models.model import Model
from sfumato.models.steering import Steering
from sfumato.works import Work


def inpaint(
    model: Model,
    picture: Image.Image,
    mask: Image.Image,
    *,
    strength: float = 1.0,
    seed: SupportsIndex = 0,
    label: str | None = None,
    away: str | None = None,
    steering: Steering | None = None,
    **asked: Unpack[SamplerChoices],
) -> Work:
    """The picture with what the mask shows white made anew; black is kept to the pixel.

    picture: of any size from the model's on; the model works on it at its own scale, in windows. mask: of the same
    size and any mode. Its darkest third is kept and its brightest third new, since JPEG leaves neither pure; the greys
    between pass over. A mask with transparency is either paint on nothing, or the picture with a part erased, which is
    made anew. strength: 1 looks at nothing of what is to be replaced; less keeps of it what that much noise leaves.
    Raises SfumatoError for a mask of another size, one that keeps all or nothing, one in colours, a picture smaller
    than the model's, a model that takes no picture, and values out of range.
    """
    ground = Ground.masked(model.config, picture, mask, strength)
    generation = Generation.of(model, seed=seed, label=label, away=away, ground=ground, steering=steering, **asked)
    return next(generation.works(1))


def outpaint(
    model: Model,
    picture: Image.Image,
    *,
    left: int = 0,
    top: int = 0,
    right: int = 0,
    bottom: int = 0,
    seed: SupportsIndex = 0,
    label: str | None = None,
    away: str | None = None,
    steering: Steering | None = None,
    **asked: Unpack[SamplerChoices],
) -> Work:
    """The picture, kept to the pixel, with so many pixels added beyond its edges.

    Raises SfumatoError where nothing is to be added, the whole is smaller than the model's pictures, and as `inpaint`.
    """
    ground = Ground.extended(model.config, picture, Margins(left, top, right, bottom))
    generation = Generation.of(model, seed=seed, label=label, away=away, ground=ground, steering=steering, **asked)
    return next(generation.works(1))
