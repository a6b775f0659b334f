"""From one work to another: pictures on the way, at even distances."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Unpack

import numpy as np
import torch
from torch import Tensor

from sfumato.diffusion.randomness import NoiseBetween
from sfumato.errors import SfumatoError
from sfumato.models.classes import class_mixture
from sfumato.models.configuration import SamplerChoices
from sfumato.models.generation import Generation
from sfumato.models.model import Model
from sfumato.models.remaking import check_model, choices_of, noise_of
from sfumato.models.sampling import BATCH, Draft, sampled
from sfumato.works import Recipe

PROBES = 2 * BATCH  # places on the way at which its speed is measured


def interpolated(
    model: Model, first: Recipe, second: Recipe, frames: int, **changes: Unpack[SamplerChoices]
) -> Iterator[Tensor]:
    """Yields ``frames`` pictures, [3, size, size] in about -1..1, from one work to the other, ends included.

    Noise turns from the first's to the second's, shares of classes pass over; every picture on the way is a work of the
    model, and no cross-fade. How fast pictures change differs on the way, so ``PROBES`` of them are made first, and the
    frames stand where these say that the way is cut into even pieces. Settings are the first's but for ``changes``.
    Raises SfumatoError for works of another model, or such as began with a picture, and for fewer than 2 frames.
    """
    if frames < 2:
        raise SfumatoError(f"{frames} frames: from one work to another it takes 2 or more")
    for recipe in (first, second):
        check_model(model, recipe)
        if recipe.input_digest is not None:
            raise SfumatoError("a work began with a picture; only those made from noise alone lie on one way")
    choices = choices_of(first) | {name: value for name, value in changes.items() if value is not None}
    way = _Way(Generation.of(model, **choices), first, second)
    shares = np.linspace(0, 1, PROBES)
    probes = torch.stack(list(way.pictures(shares)))
    steps = (probes[1:] - probes[:-1]).flatten(1).norm(dim=1).double().numpy()
    travelled = np.concatenate(([0.0], np.cumsum(np.maximum(steps, 1e-9))))
    yield from way.pictures(np.interp(np.linspace(0, travelled[-1], frames), travelled, shares))


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
