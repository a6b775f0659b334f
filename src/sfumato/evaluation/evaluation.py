"""Works beside the pictures that were learned from: every metric with its baseline, at equal numbers of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

import sfumato
from sfumato.dataset import Dataset
from sfumato.dataset.dataset import NO_LABEL
from sfumato.errors import SfumatoError
from sfumato.evaluation.classes import (
    ClassFractions,
    ClassMetrics,
    class_fractions,
    class_labels,
    class_metrics,
    nearest_labels,
)
from sfumato.evaluation.comparison import Curve, Kind, curves
from sfumato.evaluation.copies import AT_A_TIME, Nearest, reduced
from sfumato.evaluation.metrics import (
    Metric,
    MetricName,
    colour_metric,
    copy_metrics,
    data_copying_metrics,
    distance_metrics,
    diversity_metrics,
    nearest_of,
    precision_recall_metrics,
)
from sfumato.evaluation.noise_levels import NoiseLevels, noise_levels
from sfumato.evaluation.works import WorksToEvaluate
from sfumato.features.appearance import Appearance, appearance
from sfumato.features.features import Features, Pictures, extracted, looked_at
from sfumato.models import Model, to_pictures
from sfumato.random import spread
from sfumato.text import counted
from sfumato.training import Run

FORMAT = "sfumato-evaluation-1"
MOST_REFERENCE = 2048  # training pictures that sets are measured against; copies are looked for among all
FEWEST = 2  # works, and pictures of the collection


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
    metrics: Sequence[Metric]
    appearance: tuple[Appearance, Appearance, Appearance]
    classes: Sequence[ClassFractions]
    class_metrics: Sequence[ClassMetrics]
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

    def metric(self, name: MetricName) -> Metric:
        """Raises KeyError for one that was left out."""
        return {metric.name: metric for metric in self.metrics}[name]

    def has(self, name: MetricName) -> bool:
        """Whether there were enough pictures for the metric."""
        return any(metric.name == name for metric in self.metrics)

    def record(self) -> dict[str, Any]:
        """All but the pictures, as JSON has it."""
        works, held_out, training = (asdict(looks) for looks in self.appearance)
        as_they_are = ("name", "against", "size", "seed", "features", "counts", "digests", "facts")
        intervals = ("works_interval", "baseline_interval")
        return {
            "format": FORMAT,
            "sfumato_version": sfumato.__version__,
            **{key: getattr(self, key) for key in as_they_are},
            "metrics": {metric.name: _without(metric, "name") for metric in self.metrics},
            "appearance": {"works": works, "held_out": held_out, "training": training},
            "classes": {fractions.name: _without(fractions, "name") for fractions in self.classes},
            "class_metrics": {metrics.name: _without(metrics, "name", *intervals) for metrics in self.class_metrics},
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


def _without(entry: Metric | ClassFractions | ClassMetrics, *names: str) -> dict[str, Any]:
    """The entry, and what it holds, as dictionaries without the fields of these names."""
    return asdict(entry, dict_factory=lambda fields: {key: value for key, value in fields if key not in names})


def compared_count(works: int, dataset: Dataset) -> int:
    """How many works and held-out pictures each distance is over. Raises SfumatoError where that is too few."""
    if len(dataset) < FEWEST or (dataset.groups == dataset.groups[0]).all():
        raise SfumatoError(
            f"{dataset.path}: an evaluation needs {FEWEST} pictures that are not near duplicates of each other; "
            "give a larger collection"
        )
    if works < FEWEST:
        raise SfumatoError(f"{counted(works, 'work')}, and an evaluation needs {FEWEST} or more")
    return min(works, len(dataset.held_out) or len(dataset.train))


def evaluate(
    works: WorksToEvaluate,
    dataset: Dataset,
    features: Features,
    *,
    against: str,
    seed: int = 0,
    model: Model | None = None,
    run: Run | None = None,
) -> Evaluation:
    """Every metric of the works and its baseline.

    against: the collection's name, for people; model: whose losses are measured, if it is a diffusion model; run: whose
    curves are shown. Raises SfumatoError where there are too few works or pictures, or where the works are of another
    size than the dataset.

    Intervals: of shares of copies the 95 % interval; of sliced Wasserstein distance, where fewer than 50 are compared,
    the range in which other sets of that many works, and of that many real pictures, lie. A metric for which
    there are too few pictures is left out, and a baseline that cannot be measured is None.
    """
    if works.images.shape[2] != dataset.size:
        raise SfumatoError(
            f"{dataset.path}: its pictures are {dataset.size} px and the works {works.images.shape[2]}; "
            "give the collection itself, which is then prepared at that size"
        )
    count = compared_count(len(works.images), dataset)
    made = extracted(features, works.images)
    held_out = looked_at(spread(dataset.held_out, min(count, len(dataset.held_out))), dataset, features)
    reference = looked_at(spread(dataset.train, min(MOST_REFERENCE, len(dataset.train))), dataset, features)
    training = torch.cat([reduced(dataset.images(part)) for part in torch.split(dataset.train, AT_A_TIME)])
    groups = dataset.groups[dataset.train]
    nearest, correlated = nearest_of(works.images, training, groups)
    pairs = dataset.train[nearest.indices].tolist()
    few = spread(torch.arange(len(works.images)), count)
    looks, learned = appearance(works.images), appearance(reference.images)
    asked = class_labels(works.classes, dataset.classes)
    width = made.shape[1]
    shrunk = {"Frechet distance": f"of shrunk covariances, for there are {width:,} features"} if count <= width else {}
    metrics = [
        colour_metric(works.images, few, held_out, reference, dataset),
        *distance_metrics(made, few, held_out, reference),
        *(precision_recall_metrics(made[few], held_out.rows, reference.rows) if len(held_out.rows) == count else []),
        *copy_metrics(nearest, correlated, held_out.images, training, groups, dataset),
        *data_copying_metrics(made, held_out.rows, reference.rows),
        *diversity_metrics(made[few], held_out.rows),
    ]
    return Evaluation(
        name=works.name,
        against=against,
        size=dataset.size,
        seed=seed,
        features=features.name,
        metrics=metrics,
        # Where no picture is held out, those that were learned from stand for them.
        appearance=(looks, appearance(held_out.images) if len(held_out.images) else learned, learned),
        classes=_classes(asked, made, dataset, held_out, reference),
        class_metrics=class_metrics(works.images, made, asked, dataset, features, held_out, reference),
        noise_levels=noise_levels(model, dataset) if model else None,
        curves=_curves(run) if run else [],
        nearest=nearest,
        correlations=correlated.values[:, 0].tolist(),
        pictures=to_pictures(works.images),
        neighbours=[(dataset.picture(one), dataset.picture(two)) for one, two in pairs],
        neighbour_files=[(dataset.files[one], dataset.files[two]) for one, two in pairs],
        counts={
            "works": len(works.images),
            "held_out": len(dataset.held_out),
            "training": len(dataset.train),
            "compared": count,
            "reference": len(reference.rows),
        },
        digests={
            **works.digests,
            "dataset": dataset.digest,
            "collection": dataset.collection_digest,
            **({"features": features.digest} if features.digest else {}),
        },
        facts={**works.facts, **shrunk},
    )


def _classes(
    asked: Tensor, made: Tensor, dataset: Dataset, held_out: Pictures, reference: Pictures
) -> list[ClassFractions]:
    if len(dataset.classes) < 2:
        return []
    # Real pictures of no class say nothing of classes.
    training = dataset.labels[dataset.train]
    known, known_held_out = (dataset.labels[side.places] for side in (reference, held_out))
    sure, sure_held_out = known != NO_LABEL, known_held_out != NO_LABEL
    if not sure.any() or not sure_held_out.any():
        return []
    seen, held_out_seen = (
        nearest_labels(rows, reference.rows[sure], known[sure]) for rows in (made, held_out.rows[sure_held_out])
    )
    return class_fractions(
        dataset.classes,
        training=training[training != NO_LABEL],
        asked=asked,
        seen=seen,
        held_out=known_held_out[sure_held_out],
        held_out_seen=held_out_seen,
    )


def _curves(run: Run) -> list[Curve]:
    """The losses of a run as a page shows them."""
    objective = run.record.settings.objective
    from_noise: Kind = "gan" if objective.is_direct else "diffusion"
    return curves("autoencoder" if objective.begins_with == "picture" else from_noise, run.path / "log.jsonl")
