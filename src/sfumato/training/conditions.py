"""What a run's network is told of each picture: its class, by its place among those that the model knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.dataset.dataset import NO_LABEL
from sfumato.diffusion.condition import ClassCondition
from sfumato.models import ModelConfig
from sfumato.text import readable


def class_conditions(dataset: Dataset) -> ClassCondition:
    """[N]: the class of each picture, or nothing of any where the data set has no classes."""
    condition = ClassCondition.of(dataset.labels)
    return condition if dataset.classes else condition.drop()


def model_name(path: Path) -> str:
    """What the model of the run in a directory is called."""
    return readable(path.resolve().name) or "untitled"


def known_classes(dataset: Dataset, base: ModelConfig | None, name: str) -> tuple[str, ...]:
    """The classes of a run's model: the data set's, and before them those of the model that it adapts, if it does.

    name: the run's. Where the base tells classes apart and the collection has none, all of it is one class of that
    name: or nobody could ask for what was learned.
    """
    if base is None or not base.classes:
        return tuple(dataset.classes)
    known = {readable(each) for each in base.classes}
    own = tuple(dataset.classes) or (name,)
    return (*base.classes, *(each for each in own if readable(each) not in known))


def labels_among(classes: Sequence[str], dataset: Dataset, name: str) -> Tensor:
    """[N] int64: the place of each picture's class among those of a model, NO_LABEL of one without. classes: as
    `known_classes` gives them for that name."""
    places = {readable(each): place for place, each in enumerate(classes)}
    own = [places.get(readable(each), NO_LABEL) for each in dataset.classes or (name,)]
    return torch.tensor([*own, NO_LABEL])[dataset.labels]
