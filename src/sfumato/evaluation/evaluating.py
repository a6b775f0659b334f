"""Works beside the pictures that were learned from: every figure with its floor, at equal numbers of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from sfumato.dataset import Dataset, spread
from sfumato.dataset.dataset import NO_LABEL
from sfumato.errors import SfumatoError
from sfumato.evaluation.appearance import appearance, diversity
from sfumato.evaluation.class_figures import class_figures
from sfumato.evaluation.class_shares import ClassShare, class_shares, nearest_labels
from sfumato.evaluation.comparing import LEAST_HELD_OUT, curves
from sfumato.evaluation.comparison import Curve, Kind
from sfumato.evaluation.copies import AT_A_TIME, Nearest, nearest_pictures, reduced
from sfumato.evaluation.evaluation import Evaluation, Figure, FigureName, NoiseLevels, WorksToEvaluate
from sfumato.evaluation.features import Features, Pictures, extracted, looked_at
from sfumato.evaluation.frechet import frechet_distance
from sfumato.evaluation.kid import kernel_distance
from sfumato.evaluation.neighbourhoods import DENSITY_NEIGHBOURS, density_coverage, precision_recall
from sfumato.evaluation.noise_levels import SIGMAS, denoising_losses
from sfumato.evaluation.sliced_wasserstein import sliced_wasserstein
from sfumato.evaluation.works_folder import FolderOfWorks
from sfumato.models import Generation, Model, as_tensor, to_pictures
from sfumato.models.configuration import ObjectiveName
from sfumato.text import counted, readable
from sfumato.training import Run

MOST_REFERENCE = 2048  # training pictures that sets are measured against; copies are looked for among all
MOST_DENOISED = 128
_KINDS: Mapping[ObjectiveName, Kind] = {
    "denoising": "diffusion",
    "distillation": "diffusion",
    "reconstruction": "autoencoder",
    "adversarial": "gan",
}


def generated(model: Model, count: int, seed: int) -> WorksToEvaluate:
    """The first ``count`` works of a seed. Raises SfumatoError where the model generates none, or no numbers."""
    generation = Generation.of(model, seed=seed)
    made = torch.cat([step.noisy.cpu() for step in generation.finished(count)])
    settings = generation.settings
    images = torch.stack([as_tensor(picture, model.config.size) for picture in to_pictures(made)])
    return WorksToEvaluate(
        images,
        [generation.label_of(index) for index in range(count)],
        model.config.name,
        {
            "Works": f"the first {count:,} of seed {seed}",
            "Sampling": f"{settings.sampler}, {counted(settings.steps, 'step')}, {settings.schedule}, "
            f"guidance {settings.guidance if generation.guidance_kind != 'none' else 1.0:g}",
        },
        {"model": model.weights_digest},
    )


def folder_works(folder: Path, read: FolderOfWorks) -> WorksToEvaluate:
    """The pictures of a folder as works."""
    levels = ((read.images + 1) * 127.5).round().byte()
    left_out = f", {counted(read.left_out, 'file')} left out" if read.left_out else ""
    return WorksToEvaluate(
        read.images,
        read.classes,
        folder.resolve().name,
        {"Works": f"{counted(len(read.images), 'picture')} of a folder{left_out}"},
        {"works": hashlib.sha256(levels.numpy().tobytes()).hexdigest()},
    )


def compared_count(works: int, dataset: Dataset) -> int:
    """How many works and held-out pictures each distance is over. Raises SfumatoError where that is too few."""
    if len(dataset.held_out) < LEAST_HELD_OUT:
        raise SfumatoError(
            f"{dataset.path}: {len(dataset.held_out)} pictures are held out, and an evaluation needs {LEAST_HELD_OUT} "
            "that no model has seen; give a collection of 50 pictures or more"
        )
    if works < LEAST_HELD_OUT:
        raise SfumatoError(f"{counted(works, 'work')}, and an evaluation needs {LEAST_HELD_OUT} or more")
    return min(works, len(dataset.held_out))


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
    """Every figure of the works and its floor.

    against: the collection's name, for people; model: whose losses are measured, if it is a diffusion model; run: whose
    curves are shown. Raises SfumatoError where there are too few works or held-out pictures, or where the works are of
    another size than the dataset.
    """
    if works.images.shape[2] != dataset.size:
        raise SfumatoError(
            f"{dataset.path}: its pictures are {dataset.size} px and the works {works.images.shape[2]}; "
            "give the collection itself, which is then prepared at that size"
        )
    count = compared_count(len(works.images), dataset)
    made = extracted(features, works.images)
    held_out = looked_at(spread(dataset.held_out, count), dataset, features)
    reference = looked_at(spread(dataset.train, min(MOST_REFERENCE, len(dataset.train))), dataset, features)
    training = torch.cat([reduced(dataset.images(part)) for part in torch.split(dataset.train, AT_A_TIME)])
    groups = dataset.groups[dataset.train]
    nearest, floor = (nearest_pictures(images, training, groups) for images in (works.images, held_out.images))
    few = spread(torch.arange(len(works.images)), count)
    asked = _labels(works.classes, dataset.classes)
    width = made.shape[1]
    shrunk = {"Frechet distance": f"of shrunk covariances, for there are {width:,} features"} if count <= width else {}
    figures = [
        *_distances(works.images[few], made[few], held_out, reference),
        *_neighbourhoods(made[few], held_out.rows, reference.rows),
        _copies(nearest, floor, len(training)),
        Figure("diversity", diversity(made[few]), diversity(held_out.rows), count, count, 0),
    ]
    return Evaluation(
        name=works.name,
        against=against,
        size=dataset.size,
        seed=seed,
        features=features.name,
        figures=figures,
        appearance=(appearance(works.images), appearance(held_out.images), appearance(reference.images)),
        classes=_classes(asked, made, dataset, held_out, reference),
        class_figures=class_figures(works.images, made, asked, dataset, features, held_out, reference),
        noise_levels=_noise_levels(model, dataset) if model else None,
        curves=_curves(run) if run else [],
        nearest=nearest,
        pictures=to_pictures(works.images),
        neighbours=[
            (dataset.picture(int(dataset.train[one])), dataset.picture(int(dataset.train[two])))
            for one, two in nearest.indices.tolist()
        ],
        neighbour_files=[
            (dataset.files[int(dataset.train[one])], dataset.files[int(dataset.train[two])])
            for one, two in nearest.indices.tolist()
        ],
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


def _distances(images: Tensor, made: Tensor, held_out: Pictures, reference: Pictures) -> list[Figure]:
    count, size = len(images), len(reference.rows)
    sliced = [sliced_wasserstein(some, reference.images).mean for some in (images, held_out.images)]
    kernel = [kernel_distance(some, reference.rows) for some in (made, held_out.rows)]
    frechet = [frechet_distance(some, reference.rows).distance for some in (made, held_out.rows)]
    return [
        Figure("sliced_wasserstein", sliced[0], sliced[1], count, count, size),
        Figure("kid", kernel[0].mean, kernel[1].mean, count, count, size, kernel[0].error, kernel[1].error),
        Figure("frechet", frechet[0], frechet[1], count, count, size),
    ]


def _neighbourhoods(made: Tensor, real: Tensor, known: Tensor) -> list[Figure]:
    """Against as many training pictures: how far a ball reaches depends on how many there are.

    Density and coverage are left out where there are too few pictures for their neighbours.
    """
    count = len(made)
    few = known[spread(torch.arange(len(known)), min(count, len(known)))]
    measures: dict[tuple[FigureName, FigureName], Callable[[Tensor, Tensor], tuple[float, float]]]
    measures = {("precision", "recall"): precision_recall}
    if len(few) > DENSITY_NEIGHBOURS:
        measures["density", "coverage"] = density_coverage
    figures = []
    for names, measure in measures.items():
        ours, floor = (measure(few, some) for some in (made, real))
        figures += [
            Figure(name, work, real_one, count, count, len(few))
            for name, work, real_one in zip(names, ours, floor, strict=True)
        ]
    return figures


def _copies(works: Nearest, floor: Nearest, training: int) -> Figure:
    shares, counts = (works.share, floor.share), (len(works.indices), len(floor.indices))
    errors = [(share * (1 - share) / count) ** 0.5 for share, count in zip(shares, counts, strict=True)]
    return Figure("copies", *shares, *counts, training, *errors)


def _classes(
    asked: Tensor, made: Tensor, dataset: Dataset, held_out: Pictures, reference: Pictures
) -> list[ClassShare]:
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
    return class_shares(
        dataset.classes,
        training=training[training != NO_LABEL],
        asked=asked,
        seen=seen,
        held_out=known_held_out[sure_held_out],
        held_out_seen=held_out_seen,
    )


def _noise_levels(model: Model, dataset: Dataset) -> NoiseLevels | None:
    if model.config.objective != "denoising":
        return None
    count = min(MOST_DENOISED, len(dataset.held_out), len(dataset.train))
    losses = []
    for side in (dataset.train, dataset.held_out):
        places = spread(side, count)
        names = [_named(dataset.classes, label) for label in dataset.labels[places].tolist()]
        labels = _labels(names, model.config.classes)
        losses.append(denoising_losses(model.denoiser, dataset.images(places), labels))
    return NoiseLevels(SIGMAS, losses[0], losses[1], count)


def _named(classes: Sequence[str], label: int) -> str | None:
    return classes[label] if 0 <= label < len(classes) else None


def _labels(names: Sequence[str | None], classes: Sequence[str]) -> Tensor:
    """[N]: the places of the names among the classes, -1 for those that are none of them."""
    places = {readable(name): place for place, name in enumerate(classes)}
    return torch.tensor([-1 if name is None else places.get(readable(name), -1) for name in names])


def _curves(run: Run) -> list[Curve]:
    return curves(_KINDS[run.record.settings.objective], run.path / "log.jsonl")
