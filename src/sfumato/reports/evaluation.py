"""The report that `sfumato evaluate` leaves behind: works, metrics and baselines on one page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import torch
from markupsafe import Markup
from PIL import Image

from sfumato.evaluation import Curve, Evaluation, Metric
from sfumato.evaluation.classes import FEWEST, ClassFractions, ClassMetrics
from sfumato.evaluation.metrics import MetricName
from sfumato.reports.chart import line_chart
from sfumato.reports.evaluation_words import (
    FEW,
    WORDS,
    cries_copies,
    headline,
    numbers,
    shown,
    times_the_collection,
    too_few,
    verdict,
)
from sfumato.reports.page import Row, render
from sfumato.text import class_name, counted

FIRST, MOST = 12, 96  # works that are hung: at once, and in all
NEIGHBOUR_SIZE = 64

_LOOKS = {
    "Sharpness": ("sharpness", "Energy of edges and grain, times 1,000. Blur lowers it, noise raises it."),
    "Colour": ("chroma", "How far colours are from grey."),
    "Spread of colour": ("chroma_spread", "How unlike the colours of the whole set are; one tint for all is 0."),
    "Contrast": ("contrast", "How much light and dark vary within a picture."),
}


@dataclass(frozen=True)
class _Triple:
    """A work and the training pictures that are nearest to it, each with its file."""

    index: int
    picture: Image.Image
    neighbours: Sequence[tuple[Image.Image, str]]
    is_copy: bool
    said: str


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole report as HTML: styles, charts and pictures inside, no script, nothing fetched, light and dark."""
    triples = _triples(evaluation)
    return render(
        "evaluation.html",
        evaluation=evaluation,
        headline=headline(evaluation),
        cries=cries_copies(evaluation),
        verdict=" ".join(verdict(evaluation)),
        first=triples[:FIRST],
        rest=triples[FIRST:],
        neighbour_size=NEIGHBOUR_SIZE,
        few=FEW,
        fewest=FEWEST,
        metrics=_metrics(evaluation),
        looks=_looks(evaluation),
        class_fractions=[_class_fractions(fractions) for fractions in evaluation.classes],
        class_metrics=[_class_row(metrics) for metrics in evaluation.class_metrics],
        noise_chart=_noise_chart(evaluation),
        loss_chart=line_chart(evaluation.curves, "loss"),
        conditions=_conditions(evaluation),
    )


def _triples(evaluation: Evaluation) -> list[_Triple]:
    """The works that are most like a copy first."""
    ratios = evaluation.nearest.ratios
    likeness = -torch.tensor(evaluation.correlations) if ratios.isnan().all() else ratios
    triples = []
    for index in likeness.argsort(stable=True).tolist()[:MOST]:
        ratio, alike = ratios[index].item(), f"correlation {evaluation.correlations[index]:.2f}"
        neighbours = list(zip(evaluation.neighbours[index], evaluation.neighbour_files[index], strict=True))
        said = alike if math.isnan(ratio) else f"{ratio:.0%}, {alike}"  # without another motif there is no ratio
        is_copy = bool(evaluation.nearest.are_copies[index])
        triples.append(_Triple(index, evaluation.pictures[index], neighbours, is_copy, said))
    return triples


def _metrics(evaluation: Evaluation) -> list[Row]:
    return [
        Row(
            WORDS[metric.name].title,
            [
                shown(metric.name, metric.works, metric.works_error, metric.works_interval),
                shown(metric.name, metric.baseline, metric.baseline_error, metric.baseline_interval),
            ],
            note=f"{WORDS[metric.name].better}; {numbers(metric)}",
            said=f"{WORDS[metric.name].says} {WORDS[metric.name].says_not}",
        )
        for metric in evaluation.metrics
    ]


def _looks(evaluation: Evaluation) -> list[Row]:
    rows = []
    for title, (name, text) in _LOOKS.items():
        values = [getattr(looks, name) for looks in evaluation.appearance]  # of works, held-out, training pictures
        cells = [*(f"{value:.3g}" for value in values), times_the_collection(values[0], values[2])]
        rows.append(Row(title, cells, said=text))
    return rows


def _class_fractions(fractions: ClassFractions) -> Row:
    shown_ones = attrgetter("training", "asked", "seen", "right", "held_out_right")(fractions)
    return Row(class_name(fractions.name), ["–" if value is None else f"{value:.0%}" for value in shown_ones])


def _class_row(metrics: ClassMetrics) -> Row:
    counts = f"{counted(metrics.works, 'work')}, {metrics.held_out:,} held out, against {metrics.training:,}"
    if (kid := metrics.kid) is not None:
        held_out = kid.n_baseline or metrics.held_out
        counts = f"{counted(kid.n, 'work')}, {held_out:,} held out, against {kid.reference:,}"
    cells = [*_beside_baseline("kid", kid), *_beside_baseline("sliced_wasserstein", metrics.sliced_wasserstein)]
    return Row(class_name(metrics.name), cells, note=counts, said=too_few(metrics))


def _beside_baseline(name: MetricName, found: Metric | None) -> list[str]:
    """[] where it was not measured."""
    if found is None:
        return []
    baseline = "unknown" if found.baseline is None else shown(name, found.baseline, found.baseline_error)
    return [shown(name, found.works, found.works_error), baseline]


def _noise_chart(evaluation: Evaluation) -> Markup:
    levels = evaluation.noise_levels
    if levels is None:
        return Markup("")
    lines = [
        Curve(f"on {kind} pictures", list(zip(levels.sigmas, losses, strict=True)))
        for kind, losses in (("training", levels.training), ("held-out", levels.held_out))
    ]
    return line_chart(lines, "error", along="noise level (sigma)", logarithmic_along=True)


def _conditions(evaluation: Evaluation) -> dict[str, str]:
    counts = evaluation.counts
    return {
        "Against": f"{evaluation.against}: {counted(counts['training'], 'training picture')}, "
        f"{counts['held_out']:,} held out",
        "Compared": f"{counts['compared']:,} works and as many held-out pictures, each with {counts['reference']:,} "
        f"training pictures; copies were looked for among all {counts['training']:,}",
        "Size": f"{evaluation.size} pixels",
        "Features": evaluation.features,
        **evaluation.facts,
        **{f"SHA-256, {name}": digest for name, digest in evaluation.digests.items()},
    }
