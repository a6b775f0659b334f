"""After a training: the sampler's settings with which works come nearest to the pictures in what a person sees at once.

How much of the noise a network takes away too much, and how much of a picture it forgets when fresh noise is added,
depends on how long it has learned and on what. So works are made with a few settings, and what is measured of each
work and of each picture is compared as distributions: how rich in detail it is, how colourful, how light, how
contrasted, and how many are all but empty. No network of features takes part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.models import Generation, Model, SamplerSettings
from sfumato.models.sampling import BATCH
from sfumato.policy.policy import Policy
from sfumato.random import keyed_generator
from sfumato.text import counted
from sfumato.training.configuration import TrainingConfig

# Settings that were found best for trainings of many lengths: sharpness where fresh noise is added at low levels only.
SHARPNESS = (0.015, 0.03)
FRESH_NOISE_UP_TO = 2.0  # sigma, at 32 pixels a side
# For this many pictures that training shows, one work is made with each setting: some five percent of its time.
SHOWN_A_WORK = 192
FEWEST_WORKS, MOST_WORKS, AT_ONCE = 32, 384, 2 * BATCH
PICTURES = 1024
# A picture is all but empty if no larger share than EMPTY of the collection has less gradient.
EMPTY, WEIGHT_OF_EMPTY = 0.02, 3.0
QUANTILES = 200
LEAST_SPREAD = 0.5  # of a statistic: all pictures may be grey, and half a level of colour is then next to nothing


@dataclass(frozen=True)
class Calibration:
    """settings: with which works come nearest to the pictures; sentence: what was chosen and how, for the card;
    reference_noise: of what a cascade's first upscaler enlarges, None where it was not looked for."""

    settings: SamplerSettings
    sentence: str
    reference_noise: float | None = None


def calibrate(
    model: Model, pictures: Tensor, works: int, seconds_left: Callable[[], float] | None = None
) -> Calibration:
    """Make up to ``works`` works with each setting, its own and those that may be better, all of the same noise.

    pictures: what the works should look like, [N, 3, H, W] in -1..1, as common in their classes as works are;
    seconds_left: where a time is to be kept, how much of it is left; there are then fewer works, AT_ONCE or more.
    """
    own, up_to = model.config.generation, FRESH_NOISE_UP_TO * model.config.size / 32
    changed = [own.model_copy(update={"noise_high": up_to, "sharpness": sharpness}) for sharpness in SHARPNESS]
    made: dict[SamplerSettings, list[Tensor]] = {settings: [] for settings in (own, *changed)}
    count, taken = 0, 0.0
    while count == 0 or (count < works and (seconds_left is None or taken <= seconds_left())):
        before = seconds_left() if seconds_left else 0.0
        number = min(AT_ONCE, works - count)
        for settings, images in made.items():
            images.append(_works(model, settings, number, count))
        count += number
        taken = before - seconds_left() if seconds_left else 0.0
    aim = Statistics.of(pictures)
    distances = {settings: aim.distance(Statistics.of(torch.cat(images))) for settings, images in made.items()}
    best = min(distances, key=distances.__getitem__)
    fresh = f"up to sigma {best.noise_high:g}" if best.noise_high < own.noise_high else "at all levels"
    return Calibration(
        best,
        f"sharpness {best.sharpness:g} and fresh noise {fresh}: so works came nearest to the pictures in detail, "
        f"colour, lightness and contrast, of {len(made)} settings with {counted(count, 'work')} each",
    )


def works_each(shown: int) -> int:
    """How many works to make with each setting after a training that showed ``pictures`` pictures; 0 for none."""
    works = min(MOST_WORKS, shown // SHOWN_A_WORK // BATCH * BATCH)
    return works if works >= FEWEST_WORKS else 0


def works_after(settings: TrainingConfig, steps: int) -> int:
    """The same by steps; 0 too for an objective whose models are sampled in one way only."""
    return works_each(steps * settings.batch) if settings.objective.samples_freely else 0


def pictures_of(dataset: Dataset, class_shares: tuple[float, ...], labels: Tensor) -> Tensor:
    """Up to PICTURES of a data set's pictures, each class with its share, [N, 3, size, size].

    labels: [N], the place of each picture's class among the shares, -1 of none.
    """
    generator = keyed_generator("calibration", 0)
    if not class_shares:
        chosen = torch.randperm(len(dataset), generator=generator)[:PICTURES]
    else:
        labels = labels.clamp(min=0)
        weights = torch.tensor(class_shares, dtype=torch.float64)[labels] / torch.bincount(labels)[labels]
        chosen = torch.multinomial(weights, min(PICTURES, len(dataset)), replacement=True, generator=generator)
    return torch.cat([dataset.images(part) for part in torch.split(chosen, 256)])


def _works(model: Model, settings: SamplerSettings, count: int, first: int) -> Tensor:
    generation = Generation.of(model, policy=Policy.none(), **settings.model_dump())
    return generation.pictures(count, first).float().clamp(-1, 1)


@dataclass(frozen=True)
class Statistics:
    """of_each: [6, N], what is measured of each picture of a set: the logarithm of its gradient's energy at full, half
    and quarter size, its colour's distance from grey, its lightness and its contrast."""

    of_each: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Statistics:
        """images: [N, 3, H, W] in -1..1, H and W 8 or more."""
        levels = 127.5 * images.double()
        light = (levels * levels.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
        energies = [_energy(F.avg_pool2d(levels, side)) for side in (1, 2, 4)]
        colour = (levels - light).square().sum(1).sqrt().mean((1, 2))
        return cls(torch.stack((*energies, colour, light.mean((1, 2, 3)), light.std((1, 2, 3)))))

    def distance(self, other: Statistics) -> float:
        """How far another set is from this one: the mean of Wasserstein's distances of the six distributions, in
        standard deviations of this set's, and the farther the more of its pictures are all but empty than of these."""
        places = (torch.arange(QUANTILES, dtype=torch.float64) + 0.5) / QUANTILES
        mine, others = (torch.quantile(one.of_each, places, dim=1) for one in (self, other))
        apart = ((mine - others).abs().mean(0) / self.of_each.std(1).clamp(min=LEAST_SPREAD)).mean().item()
        empty = (other.of_each[0] < torch.quantile(self.of_each[0], EMPTY)).double().mean().item()
        return apart + WEIGHT_OF_EMPTY * max(0.0, empty - EMPTY)


def _energy(levels: Tensor) -> Tensor:
    """The logarithm of the mean squared difference of neighbours; a level's square is added, as rounding does."""
    down, across = (levels.diff(dim=axis).square().mean((1, 2, 3)) for axis in (2, 3))
    return torch.log(down + across + 1)
