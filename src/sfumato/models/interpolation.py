"""From one work to another: pictures on the way, at even distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Unpack

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion.randomness import NoiseBetween
from sfumato.errors import SfumatoError
from sfumato.models.classes import class_mixture
from sfumato.models.configuration import SamplerChoices, given
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.remaking import check_model, choices_of, noise_of
from sfumato.models.sampling import BATCH, Draft, sampled
from sfumato.works import Recipe

# Pictures that are made on the way for each one that is shown, so that these can stand evenly; more only where the
# longest step between shown ones is still more than EVEN times the shortest.
DENSITY, MOST_DENSITY, EVEN = 4, 8, 2.0


def interpolated(
    model: Model, first: Recipe, second: Recipe, frames: int, **changes: Unpack[SamplerChoices]
) -> Iterator[Tensor]:
    """Yields ``frames`` pictures, [3, size, size] in about -1..1, from one work to the other, ends included.

    Noise turns from the first's to the second's, shares of classes pass over; every picture on the way is a work of
    the model, and no cross-fade. Pictures change fast at some places of the way and hardly at others. So ``DENSITY``
    times as many are made (at most ``MOST_DENSITY``), most of them where much changes, and those are shown that lie
    about equally far from one another. Settings are the first's but for ``changes``. Raises SfumatoError for works of
    another model, or such as began with a picture, and for fewer than 2 frames.
    """
    if frames < 2:
        raise SfumatoError(f"{frames} frames: from one work to another it takes 2 or more")
    for recipe in (first, second):
        check_model(model, recipe)
        if recipe.input_digest is not None:
            raise SfumatoError("a work began with a picture; only those made from noise alone lie on one way")
    choices = choices_of(first) | given(changes)
    way = _Way(Generation.of(model, **choices), first, second)
    shares = np.linspace(0, 1, max(BATCH, frames))
    pictures = torch.stack(list(way.pictures(shares)))
    while len(shares) < DENSITY * frames or (len(shares) < MOST_DENSITY * frames and _is_uneven(pictures, frames)):
        longest = np.sort(np.argsort(-_steps(pictures))[:BATCH])
        between = (shares[longest] + shares[longest + 1]) / 2
        order = np.argsort(np.concatenate((shares, between)), kind="stable")
        shares = np.concatenate((shares, between))[order]
        pictures = torch.cat((pictures, torch.stack(list(way.pictures(between)))))[torch.from_numpy(order)]
    yield from pictures[even_places(pictures, frames)]


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

    def __init__(self, generation: Generation, first: Recipe, second: Recipe) -> None:
        self.generation = generation
        self.noises = noise_of(first), noise_of(second)
        config = generation.model.config
        self.classes = [
            {} if recipe.label is None else class_mixture(recipe.label, config) for recipe in (first, second)
        ]

    def pictures(self, shares: Sequence[float] | np.ndarray) -> Iterator[Tensor]:
        for start in range(0, len(shares), BATCH):
            wanted = [float(share) for share in shares[start : start + BATCH]]
            drafts = [self._draft(share) for share in [*wanted, *[0.0] * (BATCH - len(wanted))]]
            *_, last = sampled(self.generation.model, self.generation.settings, drafts)
            yield from last.x[: len(wanted)].cpu()

    def _draft(self, share: float) -> Draft:
        parts = zip(self.classes, (1 - share, share), strict=True)
        weighted = [(name, part * weight) for mixture, weight in parts for name, part in mixture.items()]
        classes: dict[int, float] = {}
        for name, weight in weighted:
            if weight:
                classes[name] = classes.get(name, 0.0) + weight
        return Draft(NoiseBetween(*self.noises, share), classes)
