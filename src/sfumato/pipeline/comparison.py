"""Three ways to make pictures, trained on the same pictures for the same time, on one page."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

import sfumato
from sfumato.collection import WHITE, Collection, Ownership, PicturePolicy, is_collection
from sfumato.dataset import Dataset
from sfumato.directory import OwnDirectory
from sfumato.disk import write_whole_text
from sfumato.errors import SfumatoError
from sfumato.evaluation import Comparison
from sfumato.evaluation.comparison import Kind, baseline, compared_pictures, contender, shown_indices
from sfumato.features.vgg_file import vgg_file
from sfumato.pipeline.events import Began, ContenderBegan, Event, PageWritten
from sfumato.pipeline.pictures import collection_of, dataset_of, short_sides
from sfumato.pipeline.training import begin_run, follow_training
from sfumato.random import spread
from sfumato.reports import comparison_page
from sfumato.training import Run, is_run, layered, preset, suitable_size, would_clear

# The article's autoencoder with the range of its output mended: the lesson is what autoencoders are, not that fault.
PRESETS: Mapping[Kind, str] = {"autoencoder": "article-fixed", "gan": "gan", "diffusion": "auto"}
PAGE = "index.html"
SHOWN, WORKS, EXAMPLES = 8, 24, 16


def compare(
    art: Path,
    place: Path,
    *,
    minutes: float = 10.0,
    size: int | None = None,
    seed: int = 0,
    pixel_art: bool = False,
    perceptual: str = "none",
    include_works: bool = False,
    ownership: Ownership | None = None,
    policy: PicturePolicy | None = None,
    resume: bool = False,
    device: torch.device | None = None,
    force: bool = False,
) -> Iterator[Event]:
    """Train an autoencoder, a GAN and a diffusion model for ``minutes`` each, and write the page at ``place``.

    `PageWritten` is the last event. size: of the pictures, in pixels, a multiple of 8; None for what suits them and the
    time. perceptual: of the autoencoder. resume: go on with a comparison that was interrupted; force: begin anew over
    one that is there. Raises SfumatoError.
    """
    _check_place(art, place, resume=resume, force=force)
    if perceptual != "none":
        vgg_file(perceptual)  # raises where it is missing, before anything is collected
    if resume and is_collection(place / "collection"):  # else its dataset would be another one
        include_works = include_works or Collection.open(place / "collection").include_works
    directory = OwnDirectory(place, "comparison")
    with directory.at_work():
        with directory.nothing_left_of_a_failure():
            collection = yield from collection_of(
                art,
                place / "collection",
                background=WHITE,
                include_works=include_works,
                ownership=ownership,
                policy=policy,
                force=force,
            )
            size = size or suitable_size(short_sides(collection), minutes, pixel_art=pixel_art)
            dataset = yield from dataset_of(
                collection, place / "dataset", size, crop="centre", pixel_art=pixel_art, force=force or resume
            )
            compared_pictures(dataset)  # raises where there are too few
        for number, (kind, name) in enumerate(PRESETS.items(), 1):
            yield ContenderBegan(number, len(PRESETS), kind, minutes)
            if resume and is_run(place / kind):
                yield from follow_training(Run.open(place / kind), device=device)
                continue
            # Pictures and log as the time allows, not as the article counts them.
            chosen = layered(preset(name))
            cadence = chosen.get("cadence", {})
            chosen["cadence"] = {key: value for key, value in cadence.items() if not key.endswith("_every")}
            if "perceptual" in chosen.get("objective", {}):
                chosen = layered(chosen, {"perceptual": perceptual})
            # None of them knows anything before: what is compared is how they learn.
            choices = layered(chosen, {"size": size, "minutes": minutes, "seed": seed, "initial": "random"})
            run, seconds = yield from begin_run(
                place / kind, dataset, choices, collection=collection, device=device, force=force
            )
            yield from follow_training(run, device=device, spent_seconds=seconds)
        yield Began("evaluating", "making works, and measuring them")
        page = comparison_page(_comparison(art, place, dataset, minutes, seed))
        write_whole_text(directory.claim(PAGE), page, force=True)
    yield PageWritten(place / PAGE)


def _check_place(art: Path, place: Path, *, resume: bool, force: bool) -> None:
    """Raises SfumatoError where the comparison would meet something that is there."""
    if art.resolve() == place.resolve():
        raise SfumatoError(f"{place}: is where the pictures are; choose another -o")
    OwnDirectory(place, "comparison").check((PAGE, "collection", "dataset", *PRESETS), force=force, beside=art)
    for kind in PRESETS:
        if force and art.exists() and would_clear(place / kind, art):
            raise SfumatoError(f"{art}: is part of the comparison in {place}, which --force would clear")
    begun = any(is_run(place / kind) for kind in PRESETS)
    if resume and not begun:
        raise SfumatoError(f"{place}: holds no comparison to go on with; leave out --resume")
    if begun and not resume and not force:
        raise SfumatoError(
            f"{place}: holds a comparison already; go on with --resume, begin anew with --force, or choose another -o"
        )


def _comparison(art: Path, place: Path, dataset: Dataset, minutes: float, seed: int) -> Comparison:
    shown = shown_indices(dataset, SHOWN)
    examples = spread(dataset.train, EXAMPLES).tolist()
    return Comparison(
        title=art.resolve().stem,
        minutes=minutes,
        pictures=len(dataset.train),
        size=dataset.size,
        examples=[dataset.picture(index) for index in examples],
        held_out=[dataset.picture(index) for index in shown],
        baseline=baseline(dataset),
        compared=len(compared_pictures(dataset)),
        contenders=[
            contender(kind, Run.open(place / kind), dataset, seed=seed, shown=shown, works=WORKS) for kind in PRESETS
        ],
        facts={
            "Machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
            "Made with": f"sfumato {sfumato.__version__}, torch {torch.__version__}",
            "Seed": str(seed),
            "First weights": "random, of all three",
            "Autoencoder": "the article's layers, with an output that reaches every colour",
        },
    )
