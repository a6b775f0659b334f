"""A picture made larger by a model that adds the detail that it has not."""

from __future__ import annotations

from typing import SupportsIndex, Unpack

from PIL import Image

from sfumato.models.configuration import SamplerChoices
from sfumato.models.generation import Generation
from sfumato.models.ground import Ground
from sfumato.models.model import Model
from sfumato.models.remaking import noise_of, number_of
from sfumato.works import Work


def upscale(
    model: Model,
    picture: Image.Image,
    *,
    tile: bool = False,
    seed: SupportsIndex = 0,
    **asked: Unpack[SamplerChoices],
) -> Work:
    """The picture, ``model.config.factor`` times as large, with detail such as the model's pictures have.

    picture: of any size that is the model's or more when enlarged; the model works on it in overlapping windows. tile:
    it repeats without a seam, and is to do so enlarged. asked: of guidance only autoguidance acts, with an upscaler
    that carries early weights. Raises SfumatoError for a model that is no upscaler, a picture that is too small or too
    large, and values out of range.
    """
    ground = Ground.enlarging(model.config, picture, tile=tile)
    return next(Generation.of(model, seed=seed, ground=ground, **asked).works(1))


def upscale_work(model: Model, work: Work, **asked: Unpack[SamplerChoices]) -> Work:
    """The same of a work, whose recipe becomes the ``origin`` of the larger one's, and whose noise it takes.

    So the two can be made once more from one file. Raises SfumatoError as `upscale` does.
    """
    generation, index = enlarging(model, work, **asked)
    return next(generation.works(1, first=index))


def enlarging(
    model: Model, work: Work, *, tile: bool = False, **asked: Unpack[SamplerChoices]
) -> tuple[Generation, int]:
    """What enlarges a work, step by step, and the larger one's number in it. tile: see `upscale`; a tile stays one."""
    noise = noise_of(work.recipe)
    ground = Ground.enlarging(model.config, work.image, work.recipe, tile=tile or work.recipe.tile)
    generation = Generation.of(model, seed=noise.seed, noises=lambda index: noise, ground=ground, **asked)
    return generation, number_of(noise)
