"""The classes of a model that are asked for in words, as `sfumato.works.labels` reads them, or drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from sfumato.models.configuration import ModelConfig
from sfumato.random import keyed_generator
from sfumato.works.labels import index_of, listed, shares_of


def class_mixture(text: str, config: ModelConfig) -> Mapping[int, float]:
    """Class indices and their shares, which sum to 1; see `shares_of`. Raises SfumatoError as it does."""
    return shares_of(text, config.classes, config.name)


def class_index(name: str, config: ModelConfig, *, role: str = "class") -> int:
    """The index of one class; see `index_of`. Raises SfumatoError as it does."""
    return index_of(name, config.classes, config.name, role=role)


def drawn_class(allowed: Sequence[int], config: ModelConfig, seed: int, position: int) -> int:
    """The class of a work for which none was asked: one of those that are allowed, as often as in training."""
    generator = keyed_generator("class", seed, position)
    drawn = torch.rand((), generator=generator, dtype=torch.float64).item()
    bounds = np.cumsum([config.class_shares[index] for index in allowed])
    return allowed[min(int(np.searchsorted(bounds, drawn * bounds[-1], side="right")), len(bounds) - 1)]


def listed_classes(config: ModelConfig) -> str:
    """A model's classes as they stand in a sentence, as many as fit there."""
    return listed(config.classes)
