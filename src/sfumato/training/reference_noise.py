"""After a training of a cascade: how much noise is put on what its first upscaler enlarges.

With little, the enlargement keeps what is wrong in the small work; with much, it invents what is not in it. Which is
best depends on how good the small works are, so some are enlarged with several levels, and those are kept whose works
come nearest to the pictures, by the same plain statistics that the sampler is calibrated by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.diffusion import SAMPLERS, Mixture
from sfumato.diffusion.enlarging import references
from sfumato.models import Generation, Model, ModelConfig
from sfumato.models.canvas import plain_canvas
from sfumato.models.estimates import guided
from sfumato.models.noise import fresh_noise, noise_levels
from sfumato.models.sampling import BATCH
from sfumato.policy.policy import Policy
from sfumato.random import keyed_generator, spread
from sfumato.text import counted
from sfumato.training.calibration import Calibration
from sfumato.training.objectives.crops import cut
from sfumato.training.statistics import Statistics

LEVELS: Final = (0.05, 0.1, 0.0, 0.15)  # the likeliest first
SHARE: Final = 0.25  # of the time for a cascade's calibration
MOST_WORKS, PICTURES = 64, 256


def share_of_time(config: ModelConfig) -> float:
    """Of a calibration's, for this; 0 where upscalers have learned without noise, or there are none."""
    return SHARE if any(upscaler.reference_noise for upscaler in config.upscalers[:1]) else 0.0


@torch.inference_mode()
def with_reference_noise(
    found: Calibration, model: Model, pictures: Dataset, seconds_left: Callable[[], float] | None = None
) -> Calibration:
    """The same with the reference noise with which enlarged works come nearest to the pictures.

    model: that was calibrated so; pictures: as large as the first upscaler makes them; seconds_left: where a time is to
    be kept, how much of it is left; there are then fewer works, and where it is not enough for the first of them,
    nothing is looked for.
    """
    if seconds_left is not None and seconds_left() <= 0:
        return found
    upscaler, generator = model.upscalers[0], keyed_generator("reference noise")
    side, factor = upscaler.config.size, upscaler.config.factor
    levels = [level for level in LEVELS if level <= upscaler.config.reference_noise]
    if len(levels) == 1:
        return replace(found, reference_noise=levels[0])  # it has learned with none, so there is nothing to choose
    chosen = spread(torch.arange(len(pictures)), min(PICTURES, len(pictures)))
    real = [_crops(pictures.images(part), side, generator) for part in torch.split(chosen, BATCH)]
    aim = Statistics.of(torch.cat(real))
    made: dict[float, list[Tensor]] = {level: [] for level in levels}
    count, taken = 0, 0.0
    while count == 0 or (count < MOST_WORKS and (seconds_left is None or taken <= seconds_left())):
        before = seconds_left() if seconds_left else 0.0
        small = Generation.of(model.base, policy=Policy.none()).pictures(BATCH, count).clamp(-1, 1)
        if count == 0 and seconds_left is not None and before - seconds_left() > seconds_left():
            return found  # to enlarge them with all levels takes about as long
        small = _crops(small.to(model.device), side // factor, generator)
        noises = torch.randn((2, len(small), 3, side, side), generator=generator).to(model.device)
        for level, images in made.items():
            images.append(_enlarged(upscaler, small, level, noises).cpu())
        count += BATCH
        taken = before - seconds_left() if seconds_left else 0.0
    distances = {level: aim.distance(Statistics.of(torch.cat(images))) for level, images in made.items()}
    best = min(distances, key=distances.__getitem__)
    said = (
        f"{found.sentence}; what is enlarged has noise of {best:g}, found likewise of {len(levels)} levels with "
        f"{counted(count, 'work')} each"
    )
    return replace(found, sentence=said, reference_noise=best)


def _crops(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """One crop of each, [N, 3, side, side]."""
    return cut(images, torch.randint(images.shape[2] - side + 1, (len(images), 2), generator=generator), side)


def _enlarged(upscaler: Model, small: Tensor, level: float, noises: Tensor) -> Tensor:
    """What an upscaler makes of small pictures that it sees at once. noises: [2, N, 3, S, S], in which it and what is
    enlarged begin."""
    config, settings = upscaler.config, upscaler.config.generation
    told = references(
        small,
        config.factor,
        config.codec,
        noise=noises[0][..., : small.shape[2], : small.shape[3]],
        level=torch.full((len(small),), level),
        most=config.reference_noise,
    )
    sigmas = noise_levels(upscaler, settings, plain_canvas(config))
    x = told.picture[:, : config.codec.channels] + sigmas[0].float() * noises[1]
    denoise = guided(upscaler, settings, Mixture.of(told))
    generator = keyed_generator("reference noise", "fresh")

    def draw(step: int) -> Tensor:
        return torch.randn(x.shape, generator=generator).to(x.device)

    *_, last = SAMPLERS[settings.sampler](denoise, x, sigmas, fresh_noise(settings, sigmas, draw))
    return config.codec.decode(last.x).clamp(-1, 1)
