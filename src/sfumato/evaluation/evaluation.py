"""What is told of a set of works beside the pictures that were learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from PIL import Image
from torch import Tensor

import sfumato
from sfumato.evaluation.class_figures import ClassFigures
from sfumato.evaluation.class_shares import ClassShare
from sfumato.evaluation.comparison import Curve
from sfumato.evaluation.copies import Nearest
from sfumato.features.appearance import Appearance

FORMAT = "sfumato-evaluation-1"
FigureName = Literal[
    "sliced_wasserstein",
    "kid",
    "frechet",
    "precision",
    "recall",
    "density",
    "coverage",
    "copies",
    "correlated",
    "diversity",
]


@dataclass(frozen=True)
class Figure:
    """One measure of works against training pictures, and its floor: the same of held-out real pictures.

    works, floor: x 1000 for sliced Wasserstein and KID; the floor is None where no real pictures tell it. works_error,
    floor_error: standard errors, or None where none is known. n: works, and for the floor real pictures, that were
    measured; reference: training pictures. works_interval, floor_interval: where as few others may lie, see
    ``evaluate``; None where that is not known.
    """

    name: FigureName
    works: float
    floor: float | None
    n: int
    n_floor: int
    reference: int
    works_error: float | None = None
    floor_error: float | None = None
    works_interval: tuple[float, float] | None = None
    floor_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class NoiseLevels:
    """Denoising losses for each sigma, over ``pictures`` of each kind. See ``denoising_losses``."""

    sigmas: Sequence[float]
    training: Sequence[float]
    held_out: Sequence[float]
    pictures: int


@dataclass(frozen=True, eq=False)
class WorksToEvaluate:
    """images: [N, 3, size, size] in -1..1, as 8 bits hold them; classes: N names as they were asked for, None where
    that is not known; name: for people; facts: where they come from, for people; digests: for the record."""

    images: Tensor
    classes: Sequence[str | None]
    name: str
    facts: Mapping[str, str]
    digests: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """pictures: the works; neighbours: of each the two training pictures that ``nearest`` names.

    appearance: of works, held-out and training pictures, in this order.
    """

    name: str
    against: str
    size: int
    seed: int
    features: str
    figures: Sequence[Figure]
    appearance: tuple[Appearance, Appearance, Appearance]
    classes: Sequence[ClassShare]
    class_figures: Sequence[ClassFigures]
    noise_levels: NoiseLevels | None
    curves: Sequence[Curve]
    nearest: Nearest
    correlations: Sequence[float]  # of each work, the highest with a training picture, at 16 x 16 pixels
    pictures: Sequence[Image.Image]
    neighbours: Sequence[tuple[Image.Image, Image.Image]]
    neighbour_files: Sequence[tuple[str, str]]  # in the collection
    counts: Mapping[str, int]  # 'works', 'held_out', 'training', 'compared', 'reference'
    digests: Mapping[str, str]
    facts: Mapping[str, str]

    def figure(self, name: FigureName) -> Figure:
        """Raises KeyError for one that was left out."""
        return {figure.name: figure for figure in self.figures}[name]

    def has(self, name: FigureName) -> bool:
        """Whether there were enough pictures for the figure."""
        return any(figure.name == name for figure in self.figures)

    def record(self) -> dict[str, Any]:
        """All but the pictures, as JSON has it."""
        works, held_out, training = (asdict(looks) for looks in self.appearance)
        return {
            "format": FORMAT,
            "sfumato_version": sfumato.__version__,
            "name": self.name,
            "against": self.against,
            "size": self.size,
            "seed": self.seed,
            "features": self.features,
            "counts": dict(self.counts),
            "digests": dict(self.digests),
            "facts": dict(self.facts),
            "figures": {figure.name: _without_name(figure) for figure in self.figures},
            "appearance": {"works": works, "held_out": held_out, "training": training},
            "classes": {share.name: _without_name(share) for share in self.classes},
            "class_figures": {figures.name: _without_name(figures) for figures in self.class_figures},
            "noise_levels": asdict(self.noise_levels) if self.noise_levels else None,
            "nearest": [
                {"files": list(files), "distances": distances, "is_copy": is_copy, "correlation": correlation}
                for files, distances, is_copy, correlation in zip(
                    self.neighbour_files,
                    self.nearest.distances.tolist(),
                    self.nearest.are_copies.tolist(),
                    self.correlations,
                    strict=True,
                )
            ],
        }


def _without_name(entry: Figure | ClassShare | ClassFigures) -> dict[str, Any]:
    return {key: value for key, value in asdict(entry).items() if key != "name"}
