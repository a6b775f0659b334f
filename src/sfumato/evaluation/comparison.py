"""What is told of several ways to make pictures that learned from the same pictures for the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from PIL import Image

Kind = Literal["autoencoder", "gan", "diffusion"]


@dataclass(frozen=True)
class Curve:
    """One line of a chart. name: 'on training pictures'; points: (minutes, value), in the order of time."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Contender:
    """One way to make pictures, and what came of it."""

    kind: Kind
    plan: str  # what was trained, for people: 'unet, 1.2 M parameters, 64 px, batch 24'
    curves: Sequence[Curve]
    reconstructions: Sequence[Image.Image]  # of the held-out pictures, in their order; empty where it cannot
    works: Sequence[Image.Image]  # from noise
    distance: float  # of the works from the training pictures, sliced Wasserstein x 1000
    evolution: Image.Image | None  # a strip over the training, or none
    facts: Mapping[str, str]  # 'Pictures shown': '74,000'


@dataclass(frozen=True)
class Comparison:
    """The same pictures, the same time, several contenders."""

    title: str  # the collection's name
    minutes: float  # of training, each
    pictures: int  # training pictures
    size: int  # of their shorter side as the networks saw them, in pixels
    examples: Sequence[Image.Image]  # training pictures
    held_out: Sequence[Image.Image]  # those that are reconstructed
    floor: float  # the distance of held-out real pictures from the training pictures, sliced Wasserstein x 1000
    compared: int  # works, and held-out pictures, that each distance is over
    contenders: Sequence[Contender]
    facts: Mapping[str, str]  # machine, versions, seed
