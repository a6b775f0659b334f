"""From one work to another: pictures on the way, at even distances."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Unpack

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, SCHEDULES, ClassCondition, Mixture, mixed
from sfumato.diffusion.randomness import NoiseBetween
from sfumato.diffusion.samplers import DISTILLED
from sfumato.errors import SfumatoError
from sfumato.models.classes import class_index, class_mixture
from sfumato.models.configuration import SamplerChoices, SamplerSettings, given
from sfumato.models.finite import finite_steps
from sfumato.models.generation import Generation
from sfumato.models.ground import Ground
from sfumato.models.model import Model
from sfumato.models.remaking import check_model, choices_of, noise_of, number_of
from sfumato.models.sampling import BATCH, InitialNoise, SampledStep, batch_size, estimate, sampled
from sfumato.text import counted
from sfumato.works import Recipe

# Pictures that are made on the way for each one that is shown, so that these can stand evenly; more only where the
# longest step between shown ones is still more than EVEN times the shortest.
DENSITY, MOST_DENSITY, EVEN = 4, 8, 2.0


@dataclass(frozen=True, eq=False)
class Passing:
    """So many batches of about so many are made. frames: [N, 3, H, W] in about -1..1, when all are; else None."""

    batch: int
    batches: int
    frames: Tensor | None = None


def interpolated(
    model: Model, first: Recipe, second: Recipe, frames: int, **changes: Unpack[SamplerChoices]
) -> Iterator[Tensor]:
    """Yields ``frames`` pictures, [3, H, W] in about -1..1, from one work to the other; see `passing`."""
    *_, last = passing(model, first, second, frames, **changes)
    assert last.frames is not None, "the last event has the pictures"
    yield from last.frames


def passing(
    model: Model, first: Recipe, second: Recipe, frames: int, **changes: Unpack[SamplerChoices]
) -> Iterator[Passing]:
    """From one work to the other, each batch an event, and the pictures in the last: the two works and those between.

    Noise turns from the first's to the second's, and classes pass over, and so does all else that was asked: a class to
    lead away from, guidance, a palette, a composition. Every picture on the way is a work of the model, and no
    cross-fade. Pictures change fast at some places of the way and hardly at others. So ``DENSITY`` times as many are
    made (at most ``MOST_DENSITY``), most of them where much changes, and those are shown that lie about equally far
    from one another. With ``changes`` the ends are the works as they are with these settings. Raises SfumatoError for
    works of another model, of different sizes, such as were sampled in different ways or began with a picture, and for
    fewer than 2 frames.
    """
    if frames < 2:
        raise SfumatoError(f"{counted(frames, 'frame')}: from one work to another it takes 2 or more")
    for recipe in (first, second):
        check_model(model, recipe)
        if recipe.input_digest is not None:
            raise SfumatoError("a work began with a picture; only those made from noise alone lie on one way")
    _check_common(first, second)
    ends = [_end(model, recipe, changes) for recipe in (first, second)]
    _check_sampled_alike(*(end.settings for end in ends))
    way = _Way(ends[0], ends[1], first, second)
    made, planned = 0, len(ends) + math.ceil(DENSITY * max(BATCH, frames) / way.batch)
    shares = np.linspace(0, 1, max(BATCH, frames))
    parts = []
    for part in way.pictures(shares):
        parts.append(part)
        made += 1
        yield Passing(made, planned)
    pictures = torch.cat(parts)
    while len(shares) < DENSITY * frames or (len(shares) < MOST_DENSITY * frames and _is_uneven(pictures, frames)):
        longest = np.sort(np.argsort(-_steps(pictures))[:BATCH])
        between = (shares[longest] + shares[longest + 1]) / 2
        order = np.argsort(np.concatenate((shares, between)), kind="stable")
        shares = np.concatenate((shares, between))[order]
        for part in way.pictures(between):
            pictures = torch.cat((pictures, part))
            made += 1
            yield Passing(made, max(planned, made + len(ends)))
        pictures = pictures[torch.from_numpy(order)]
    chosen = pictures[even_places(pictures, frames)]
    # Made as they were, each in its own place of its batch, so that they are the works to the bit.
    for place, end, recipe in ((0, ends[0], first), (-1, ends[1], second)):
        (last,) = end.finished(1, first=number_of(noise_of(recipe)))
        chosen[place] = last.noisy[0].cpu()
    yield Passing(made + len(ends), made + len(ends), chosen)


def _end(model: Model, recipe: Recipe, changes: SamplerChoices) -> Generation:
    """What makes a work once more, with the changes."""
    noise = noise_of(recipe)
    ground = Ground.plain(model.config, *recipe.size, tile=recipe.tile)
    asked = choices_of(recipe) | given(changes)
    return Generation.of(model, seed=recipe.seed, noises=lambda index: noise, ground=ground, **asked)


def _check_common(first: Recipe, second: Recipe) -> None:
    if first.size != second.size:
        one, other = (f"{width} x {height}" for width, height in (first.size, second.size))
        raise SfumatoError(
            f"one work is {one} pixels and the other {other}: only works of one size lie on one way; choose two such"
        )
    if first.tile != second.tile:
        raise SfumatoError(
            "one work repeats without a seam and the other does not; choose two that do, or two that do not"
        )


def _check_sampled_alike(one: SamplerSettings, other: SamplerSettings) -> None:
    """Raises SfumatoError where there is no common way from noise to picture."""
    for name in ("sampler", "schedule", "steps", "sigma_min", "sigma_max"):
        here, there = getattr(one, name), getattr(other, name)
        if here != there:
            raise SfumatoError(
                f"one work was made with {name} {here} and the other with {there}: only works that were sampled alike "
                "lie on one way; make one of them again with the other's settings ('sfumato again')"
            )


def even_places(pictures: Tensor, count: int) -> list[int]:
    """``count`` places in a row of pictures [N, ...], N >= count, the first and the last among them, neighbours about
    equally far from one another."""
    points = pictures.flatten(1).double()
    low, high = 0.0, float(_steps(pictures).sum())
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if len(_strides(points, middle)) > count - 1 else (low, middle)
    places = [*_strides(points, high), len(points) - 1]
    while len(places) < count:  # a stride that fits exactly need not exist: the longest are divided
        gaps = [
            float((points[end] - points[start]).norm()) if end - start > 1 else -1.0 for start, end in pairwise(places)
        ]
        longest = gaps.index(max(gaps))
        places.insert(longest + 1, (places[longest] + places[longest + 1]) // 2)
    return places


def _is_uneven(pictures: Tensor, count: int) -> bool:
    steps = _steps(pictures[even_places(pictures, count)])
    return bool(steps.max() > EVEN * steps.min())


def _strides(points: Tensor, stride: float) -> list[int]:
    """From the first place on, each at least a stride from the one before; but for the last place."""
    places = [0]
    for place in range(1, len(points) - 1):
        if float((points[place] - points[places[-1]]).norm()) >= stride:
            places.append(place)
    return places


def _steps(pictures: Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """[N, ...] -> [N - 1]: how far each is from the next."""
    steps: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        (pictures[1:] - pictures[:-1]).flatten(1).norm(dim=1).double().numpy()
    )
    return steps


class _Way:
    """The pictures between two works, by their share of the turn from one's noise to the other's."""

    def __init__(self, one: Generation, other: Generation, first: Recipe, second: Recipe) -> None:
        self.ends = one, other
        self.batch = batch_size(one.model, one.ground)
        self.noises = noise_of(first), noise_of(second)
        config = one.model.config
        self.classes = [
            {} if recipe.label is None else class_mixture(recipe.label, config) for recipe in (first, second)
        ]
        away = [None if end.away is None else class_index(end.away, config) for end in self.ends]
        self.negative = [None if label is None else ClassCondition.of([label]) for label in away]
        self.is_one_request = (one.settings, away[0], one.steering) == (other.settings, away[1], other.steering)

    def pictures(self, shares: Sequence[float] | np.ndarray) -> Iterator[Tensor]:
        """Yields them in batches, [n, 3, H, W]."""
        for start in range(0, len(shares), self.batch):
            wanted = [float(share) for share in shares[start : start + self.batch]]
            filled = [*wanted, *[0.0] * (self.batch - len(wanted))]
            with self.ends[0].model.giving_way():
                *_, last = self._same(filled) if self.is_one_request else self._different(filled)
            yield last.x[: len(wanted)].cpu()

    def _same(self, shares: Sequence[float]) -> Iterator[SampledStep]:
        """Where nothing but noise and classes differs."""
        one = self.ends[0]
        initial = [
            InitialNoise(NoiseBetween(*self.noises, share), ClassCondition.mixture(self._mixture(share)))
            for share in shares
        ]
        return sampled(
            one.model, one.settings, initial, negative=self.negative[0], ground=one.ground, steering=one.steering
        )

    @torch.inference_mode()
    def _different(self, shares: Sequence[float]) -> Iterator[SampledStep]:
        """Where more differs: the estimates of both requests, by the share of each, as `mixed` has it of classes."""
        one = self.ends[0]
        model, ground, settings = one.model, one.ground, one.settings
        codec, shape = model.codec, model.codec.shape(ground.height, ground.width)
        noises = [NoiseBetween(*self.noises, share) for share in shares]

        def noise(step: int) -> Tensor:
            return torch.stack([each.draw(step, shape) for each in noises]).to(model.device)

        sigmas = SCHEDULES[settings.schedule](settings.steps, settings.sigma_min, settings.sigma_max)
        estimates = []
        for end, classes, negative in zip(self.ends, self.classes, self.negative, strict=True):
            mixture = Mixture.joined([ClassCondition.mixture(classes)] * len(shares))
            denoise = estimate(model, end.settings, ground, mixture, negative)
            estimates.append(end.steering.around(denoise, codec, ground.height, ground.width, model.config.size))
        second = torch.tensor(shares)
        denoise = mixed(estimates, torch.stack((1 - second, second)))
        sampler = (SAMPLERS | DISTILLED)[settings.sampler]
        steps = sampler(denoise, noise(-1) * sigmas[0].float(), sigmas, noise)
        for step in finite_steps(steps, model.config, settings):
            yield SampledStep(step, lambda latents, is_last: codec.decode(latents))

    def _mixture(self, share: float) -> Mapping[int, float]:
        parts = zip(self.classes, (1 - share, share), strict=True)
        weighted = [(name, part * weight) for mixture, weight in parts for name, part in mixture.items()]
        classes: dict[int, float] = {}
        for name, weight in weighted:
            if weight:
                classes[name] = classes.get(name, 0.0) + weight
        return classes
