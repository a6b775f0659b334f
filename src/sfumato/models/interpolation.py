"""From one work to another: pictures on the way, at even distances."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion import SAMPLERS, ClassCondition, Mixture, mixed
from sfumato.diffusion.randomness import NoiseBetween
from sfumato.diffusion.samplers import DISTILLED
from sfumato.errors import SfumatoError
from sfumato.images.tensors import to_pictures
from sfumato.likeness import Finding
from sfumato.models.cascade import canvases, cascaded, sampling_for
from sfumato.models.classes import class_mixture
from sfumato.models.conditions import away_from, unwanted_of
from sfumato.models.effort import look_flops, stage_looks
from sfumato.models.estimates import estimate
from sfumato.models.generation import Generation
from sfumato.models.judging import check_can_be_judged, judged
from sfumato.models.model import Model
from sfumato.models.noise import begins_at_mean, fresh_noise, noise_levels, noise_of
from sfumato.models.reproduction import check_model, reproduction
from sfumato.models.sampling import BATCH, InitialNoise, Sampling, batch_size
from sfumato.text import counted
from sfumato.works import Recipe
from sfumato.works.request import Request
from sfumato.works.sampler_settings import SamplerSettings

# Pictures that are made on the way for each one that is shown, so that these can stand evenly; more only where the
# longest step between shown ones is still more than EVEN times the shortest.
DENSITY, MOST_DENSITY, EVEN = 4, 8, 2.0


@dataclass(frozen=True, eq=False)
class Passing:
    """batch: how many are made, a full-size one counting as the small ones that take as long; batches: how many there
    will be; frames: [N, 3, H, W] in about -1..1, when all are made, else None; findings: then what each is near to,
    None where that was not compared."""

    batch: int
    batches: int
    frames: Tensor | None = None
    findings: tuple[Finding | None, ...] = ()


def interpolated(model: Model, first: Recipe, second: Recipe, frames: int, **changes: object) -> Iterator[Tensor]:
    """Yields ``frames`` pictures, [3, H, W] in about -1..1, from one work to the other; see `passing`."""
    *_, last = passing(model, first, second, frames, Request.of(**changes))
    assert last.frames is not None, "the last event has the pictures"
    yield from last.frames


def passing(
    model: Model, first: Recipe, second: Recipe, frames: int, changes: Request | None = None
) -> Iterator[Passing]:
    """From one work to the other, each batch an event, and the pictures in the last: the two works and those between.

    Noise turns from the first's to the second's, and classes pass over, and so does all else that was asked: a class to
    lead away from, guidance, a palette, a composition. Every picture on the way is a work of the model, and no
    cross-fade. Pictures change fast at some places of the way and hardly at others. So ``DENSITY`` times as many are
    made (at most ``MOST_DENSITY``), most of them where much changes, and those are shown that lie about equally far
    from one another. With ``changes`` the ends are the works as they are with these settings. Raises SfumatoError for
    works of another model, of different sizes, such as were sampled in different ways or began with a picture, for
    fewer than 2 frames, and where one of the pictures is refused.
    """
    if frames < 2:
        raise SfumatoError(f"{counted(frames, 'frame')}: from one work to another it takes 2 or more")
    check_way(model, first, second)
    ends = [reproduction(model, recipe, changes) for recipe in (first, second)]
    _check_sampled_alike(*(end.settings for end in ends))
    check_can_be_judged(model, ends[0].policy)
    way = _Way(*ends)
    # What changes from picture to picture shows in small ones, so that only those that are shown are enlarged.
    is_enlarged = bool(ends[0].model.config.upscalers)
    seen = _Way(*(_small(model, recipe, changes) for recipe in (first, second))) if is_enlarged else way
    least = max(1 if model.pretrained is not None else BATCH, frames)
    # A batch of full size takes as long as so many of small pictures.
    weight = max(1, round(_flops(ends[0]) / _flops(seen.ends[0]))) if is_enlarged else 1
    last = weight * (len(ends) + (math.ceil(frames / way.batch) if is_enlarged else 0))
    made, planned = 0, last + math.ceil(DENSITY * least / seen.batch)
    shares = np.linspace(0, 1, least)
    parts = []
    for part in seen.pictures(shares):
        parts.append(part)
        made += 1
        yield Passing(made, planned)
    pictures = torch.cat(parts)
    while len(shares) < DENSITY * frames or (len(shares) < MOST_DENSITY * frames and _is_uneven(pictures, frames)):
        longest = np.sort(np.argsort(-_steps(pictures))[:BATCH])
        between = (shares[longest] + shares[longest + 1]) / 2
        order = np.argsort(np.concatenate((shares, between)), kind="stable")
        shares = np.concatenate((shares, between))[order]
        for part in seen.pictures(between):
            pictures = torch.cat((pictures, part))
            made += 1
            yield Passing(made, max(planned, made + last))
        pictures = pictures[torch.from_numpy(order)]
    places = even_places(pictures, frames)
    chosen = pictures[places]
    if is_enlarged:
        parts = []
        for part in way.pictures(shares[places]):
            parts.append(part)
            made, last = made + weight, last - weight
            yield Passing(made, made + last)
        chosen = torch.cat(parts)
    # Made as they were, each in its own place of its batch, so that they are the works to the bit.
    for place, end in zip((0, -1), ends, strict=True):
        chosen[place] = end.pictures()[0]
    yield Passing(made + last, made + last, chosen, _let_out(ends[0], chosen))


def _small(model: Model, recipe: Recipe, changes: Request | None) -> Generation:
    """The small work that a work is enlarged from."""
    return reproduction(model, recipe, (changes or Request()).with_changes(Request.of(stage="base")))


def _flops(generation: Generation) -> float:
    """About how many operations a batch takes."""
    stages = (generation.model.base, *generation.model.upscalers)
    return sum(look_flops(model) * sum(looks) for model, looks in zip(stages, stage_looks(generation), strict=True))


def _let_out(generation: Generation, frames: Tensor) -> tuple[Finding | None, ...]:
    """What each picture is near to. Raises SfumatoError where one is refused: no video has a hole."""
    found = judged(to_pictures(frames), frames, generation.policy, generation.model.likeness)
    for number, one in enumerate(found, 1):
        if one.refused:
            raise SfumatoError(f"picture {number} of {len(found)} on the way was refused: {one.refused}")
    return tuple(one.finding for one in found)


def check_way(model: Model, first: Recipe, second: Recipe) -> None:
    """Raises SfumatoError where there is no way from one work to the other."""
    for recipe in (first, second):
        check_model(model, recipe)
        if recipe.request.edit is not None:
            raise SfumatoError("a work began with a picture; only those made from noise alone lie on one way")
    if first.size != second.size:
        one, other = (f"{width} x {height}" for width, height in (first.size, second.size))
        raise SfumatoError(
            f"one work is {one} pixels and the other {other}: only works of one size lie on one way; choose two such"
        )
    if first.request.stage != second.request.stage:
        raise SfumatoError(
            f"one work is of stage {first.request.stage} and the other of stage {second.request.stage}: only works of "
            "one stage lie on one way; choose two such"
        )
    if first.request.canvas.tile != second.request.canvas.tile:
        raise SfumatoError(
            "one work repeats without a seam and the other does not; choose two that do, or two that do not"
        )


def _check_sampled_alike(one: SamplerSettings, other: SamplerSettings) -> None:
    """Raises SfumatoError where there is no common way from noise to picture."""
    for name in ("sampler", "schedule", "steps", "sigma_min", "sigma_max", "noise_high", "detail_below"):
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

    def __init__(self, one: Generation, other: Generation) -> None:
        self.ends = one, other
        self.batch = batch_size(one.model, one.canvas)
        self.noises = noise_of(one.request), noise_of(other.request)
        config, requests = one.model.config, (one.request, other.request)
        self.classes = [{} if asked.label is None else class_mixture(asked.label, config) for asked in requests]
        self.negative = [away_from(end.model, end.request.negative) for end in self.ends]
        unwanted = [unwanted_of(end.model, end.request.negative) for end in self.ends]
        words = [end.told.prompt_of(end.request.position) for end in self.ends]
        is_alike = one.settings == other.settings and one.steering == other.steering
        self.is_one_request = is_alike and unwanted[0] == unwanted[1] and words[0] == words[1]

    def pictures(self, shares: Sequence[float] | np.ndarray) -> Iterator[Tensor]:
        """Yields them in batches, [n, 3, H, W]."""
        for start in range(0, len(shares), self.batch):
            wanted = [float(share) for share in shares[start : start + self.batch]]
            filled = [*wanted, *[0.0] * (self.batch - len(wanted))]
            with self.ends[0].model.giving_way():
                sampling = (self._same if self.is_one_request else self._different)(filled, range(len(wanted)))
                yield sampling.last().cpu()

    def _same(self, shares: Sequence[float], wanted: range) -> Sampling:
        """Where nothing but noise and classes differs. wanted: places of the shares that are."""
        one = self.ends[0]
        initial = [InitialNoise(NoiseBetween(*self.noises, share), self._told(share)) for share in shares]
        negative = self.negative[0]
        return sampling_for(
            one.model, one.settings, [initial], wanted, negative=negative, canvas=one.canvas, steering=one.steering
        )

    @torch.inference_mode()
    def _different(self, shares: Sequence[float], wanted: range) -> Sampling:
        """Where more differs: the estimates of both requests, by the share of each, as `mixed` has it of classes."""
        one = self.ends[0]
        model, settings = one.model.base, one.settings
        stages = canvases(one.model, one.canvas, settings)
        canvas = stages[0]
        codec = canvas.codec(model.config)
        shape = codec.shape(canvas.height, canvas.width)
        noises = [NoiseBetween(*self.noises, share) for share in shares]

        def noise(step: int) -> Tensor:
            return torch.stack([each.draw(step, shape) for each in noises]).to(model.device)

        sigmas = noise_levels(model, settings, canvas)
        estimates, unguided = [], []
        for place, (end, negative) in enumerate(zip(self.ends, self.negative, strict=True)):
            mixture = Mixture.joined([self._told(float(place))] * len(shares))
            denoise = estimate(model, end.settings, canvas, mixture, negative)
            estimates.append(end.steering.around(denoise, codec, canvas.height, canvas.width, model.config.size))
            plain = end.settings.model_copy(update={"guidance": 1.0})
            unguided.append(estimate(model, plain, canvas, mixture))
        second = torch.tensor(shares)
        weights = torch.stack((1 - second, second))
        x = noise(-1) * sigmas[0].float()
        if begins_at_mean(model.config, settings, canvas, sigmas[0].item()):
            x = x + mixed(unguided, weights)(x, sigmas[0].item())
        sampler = (SAMPLERS | DISTILLED)[settings.sampler]
        steps = sampler(mixed(estimates, weights), x, sigmas, fresh_noise(settings, sigmas, noise))
        base = Sampling(steps, lambda latents, _: codec.decode(latents), model.config, settings)
        initial = [InitialNoise(noises[place]) for place in wanted]
        return cascaded(one.model, base, settings, initial, wanted, one.canvas, stages)

    def _told(self, share: float) -> Mixture:
        """What the network is told there: classes pass over; words are those of the nearer end."""
        one = self.ends[0]
        if one.model.config.takes_prompts:
            end = self.ends[round(share)]
            return end.told.mixture_of(end.request.position)
        return ClassCondition.mixture(self._mixture(share))

    def _mixture(self, share: float) -> Mapping[int, float]:
        classes: dict[int, float] = {}
        for mixture, part in zip(self.classes, (1 - share, share), strict=True):
            for name, weight in mixture.items():
                if part * weight:
                    classes[name] = classes.get(name, 0.0) + part * weight
        return classes
