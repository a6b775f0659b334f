"""Works beside the pictures that were learned from: every figure with its floor, at equal numbers of pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from sfumato.dataset import Dataset
from sfumato.dataset.dataset import NO_LABEL
from sfumato.errors import SfumatoError
from sfumato.evaluation.class_figures import class_figures
from sfumato.evaluation.class_shares import ClassShare, class_shares, nearest_labels
from sfumato.evaluation.comparing import curves
from sfumato.evaluation.comparison import Curve, Kind
from sfumato.evaluation.copies import AT_A_TIME, reduced
from sfumato.evaluation.evaluation import Evaluation, NoiseLevels, WorksToEvaluate
from sfumato.evaluation.figures import (
    colour_figure,
    copy_figures,
    distance_figures,
    diversity_figures,
    nearest_of,
    neighbourhood_figures,
)
from sfumato.evaluation.noise_levels import SIGMAS, denoising_losses
from sfumato.evaluation.works_folder import FolderOfWorks
from sfumato.features.appearance import Appearance, appearance
from sfumato.features.features import Features, Pictures, extracted, looked_at
from sfumato.images.tensors import as_tensor, to_levels, to_pictures
from sfumato.models import Generation, Model
from sfumato.random import spread
from sfumato.text import counted, readable
from sfumato.training import Run
from sfumato.training.configuration import ObjectiveName

MOST_REFERENCE = 2048  # training pictures that sets are measured against; copies are looked for among all
MOST_DENOISED = 128
FEWEST = 2  # works, and pictures of the collection
_KINDS: Mapping[ObjectiveName, Kind] = {
    "denoising": "diffusion",
    "distillation": "diffusion",
    "reconstruction": "autoencoder",
    "adversarial": "gan",
}


def generated(model: Model, count: int, seed: int) -> WorksToEvaluate:
    """The first ``count`` works of a seed. Raises SfumatoError where the model generates none, or no numbers."""
    generation = Generation.of(model, seed=seed)
    works = list(generation.works(count))
    settings = generation.settings
    images = torch.stack([as_tensor(work.image, model.config.size) for work in works])
    return WorksToEvaluate(
        images,
        [work.recipe.request.label for work in works],
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
    levels = to_levels(read.images).byte()
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
    if len(dataset) < FEWEST or (dataset.groups == dataset.groups[0]).all():
        raise SfumatoError(
            f"{dataset.path}: an evaluation needs {FEWEST} pictures that are no near duplicates of each other; "
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
    """Every figure of the works and its floor.

    against: the collection's name, for people; model: whose losses are measured, if it is a diffusion model; run: whose
    curves are shown. Raises SfumatoError where there are too few works or pictures, or where the works are of another
    size than the dataset.

    Intervals: of shares of copies, where 95 % of such shares lie; of sliced Wasserstein distance, where fewer than 50
    are compared, between which distances other sets of as few lie, of works and of real pictures. A figure for which
    there are too few pictures is left out, and a floor that nothing tells is None.
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
    few = spread(torch.arange(len(works.images)), count)
    asked = _labels(works.classes, dataset.classes)
    width = made.shape[1]
    shrunk = {"Frechet distance": f"of shrunk covariances, for there are {width:,} features"} if count <= width else {}
    figures = [
        colour_figure(works.images, few, held_out, reference, dataset),
        *distance_figures(made, few, held_out, reference),
        *(neighbourhood_figures(made[few], held_out.rows, reference.rows) if len(held_out.rows) == count else []),
        *copy_figures(nearest, correlated, held_out.images, training, groups, dataset),
        *diversity_figures(made[few], held_out.rows),
    ]
    return Evaluation(
        name=works.name,
        against=against,
        size=dataset.size,
        seed=seed,
        features=features.name,
        figures=figures,
        appearance=_appearances(works.images, held_out, reference),
        classes=_classes(asked, made, dataset, held_out, reference),
        class_figures=class_figures(works.images, made, asked, dataset, features, held_out, reference),
        noise_levels=_noise_levels(model, dataset) if model else None,
        curves=_curves(run) if run else [],
        nearest=nearest,
        correlations=correlated.values[:, 0].tolist(),
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


def _appearances(images: Tensor, held_out: Pictures, reference: Pictures) -> tuple[Appearance, Appearance, Appearance]:
    """Where no picture is held out, those that were learned from stand for them."""
    learned = appearance(reference.images)
    return appearance(images), appearance(held_out.images) if len(held_out.images) else learned, learned


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
    if not count:
        return None
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
