"""What the report of an evaluation says of its metrics: every sentence follows from them."""

import math
from dataclasses import dataclass
from typing import Final

from sfumato.evaluation import Evaluation, Metric
from sfumato.evaluation.classes import FEWEST, ClassMetrics
from sfumato.evaluation.metrics import MetricName
from sfumato.reports.comparison_words import AS_NEAR, rounded
from sfumato.reports.page import capitalised
from sfumato.text import class_name, counted

FEW = 50  # pictures, below which a distance is mostly chance
ERRORS_APART = 2.0
COPIES_BEYOND = 0.02  # held-out pictures' share of copies, at which a report cries out
NEAR, FAR = 3.0, 8.0  # times as far as real pictures
COPYING = -3.0  # C_T, below which chance does not explain it
ALIKE = 0.8  # the works' diversity over real pictures'


@dataclass(frozen=True)
class Words:
    """title; better: which way; says, says_not: a sentence each."""

    title: str
    better: str
    says: str
    says_not: str


WORDS: Final[dict[MetricName, Words]] = {
    "sliced_wasserstein": Words(
        "Sliced Wasserstein distance",
        "lower is better",
        "How far colours and textures are from the training pictures', from fine grain to large forms.",
        "It does not see meaning, nor tell a new picture from a copied one.",
    ),
    "kid": Words(
        "Kernel distance (KID)",
        "lower is better",
        "How far the works' features are from the training pictures', as sets; real pictures give about 0.",
        "It says nothing of a single work, and holds for these features alone.",
    ),
    "frechet": Words(
        "Frechet distance",
        "lower is better",
        "The same, with each set of features taken for a Gaussian.",
        "It is never near 0 for few pictures, real ones neither: read it beside theirs alone.",
    ),
    "precision": Words(
        "Precision",
        "higher is better",
        "The share of works that lie where training pictures lie.",
        "One good picture made over and over has all of it; so may noise, in plain features.",
    ),
    "recall": Words(
        "Recall",
        "higher is better",
        "The share of training pictures that lie where works lie: variety.",
        "A few outliers among the works raise it.",
    ),
    "density": Words(
        "Density",
        "higher is better",
        "How thickly training pictures lie about the works; about 1 for real pictures.",
        "Above 1 is not better: works that avoid everything rare have more.",
    ),
    "coverage": Words(
        "Coverage",
        "higher is better",
        "The share of training pictures that have a work beside them.",
        "It does not say whether the other works are good.",
    ),
    "copies": Words(
        "Near copies",
        "lower is better",
        "The share of works that are far nearer to one training picture, mirrored or not, than to any other.",
        "It does not find a copy that was shifted or cropped, and some real pictures have a twin by nature.",
    ),
    "correlated": Words(
        "Alike at 16 pixels",
        "lower is better",
        "The share of works whose correlation with a training picture, mirrored or not, is over 0.95 at 16 x 16 px.",
        "It finds blurred copies; where real pictures are alike too, as flat tiles are, read it beside theirs alone.",
    ),
    "data_copying": Words(
        "Data-copying test (C_T)",
        "0 is best",
        "Whether works are nearer to training pictures than held-out ones (below -3), as near, or farther (above 3).",
        "It sees what the features see, and grows with the number of works: compare it at equal numbers alone.",
    ),
    "diversity": Words(
        "Diversity",
        "best as real pictures have it",
        "The mean distance between two works, in features.",
        "It does not measure quality: noise of all colours is diverse too.",
    ),
}
_FRACTIONS: Final = {"precision", "recall", "coverage", "copies", "correlated"}
_COPIES: Final[tuple[MetricName, ...]] = ("copies", "correlated")


def shown(
    name: MetricName, value: float | None, error: float | None = None, interval: tuple[float, float] | None = None
) -> str:
    """A metric for people, no more digits than mean something, and the interval in which others would lie."""
    if value is None:
        return "cannot tell"
    if interval is not None:
        low, high = (shown(name, end) for end in interval)
        return f"{shown(name, value, error)} ({low} to {high})"
    if not math.isfinite(value):
        return "not measured"
    if name in _FRACTIONS:
        return f"{value:.1%}" if name in _COPIES else f"{value:.0%}"
    if name in ("density", "diversity"):
        return f"{value:.2f}"
    if name == "data_copying":
        return f"{value:+.1f}".replace("-", "−")  # a true minus sign
    if name == "kid" and error is not None:
        digits = 1 if max(abs(value), error) < 100 else 0
        return f"{value:,.{digits}f} ± {error:,.{digits}f}".replace("-", "−")  # a true minus sign
    return rounded(value) if value >= 1 else f"{value:.2g}"


def cries_copies(evaluation: Evaluation) -> bool:
    """Whether more works are near copies, by either test, than chance and twins in the collection explain."""
    return any(_is_apart(evaluation.metric(name), COPIES_BEYOND) for name in _COPIES if evaluation.has(name))


def headline(evaluation: Evaluation) -> str:
    """The first thing to know."""
    if cries_copies(evaluation):
        found = [evaluation.metric(name) for name in _COPIES if evaluation.has(name)]
        copies = max((one for one in found if _is_apart(one, COPIES_BEYOND)), key=lambda metric: metric.works)
        return (
            f"COPIES: {copies.works:.0%} of these {counted(copies.n, 'work')} are near copies of pictures that were "
            f"learned from; of real pictures that were held out it is {shown(copies.name, copies.baseline)}"
        )
    distance = evaluation.metric("sliced_wasserstein")
    if cannot_tell(distance):
        return "Too few pictures to tell how near the works come to the collection"
    times = _times(distance)
    apart = evaluation.has("kid") and _is_apart(evaluation.metric("kid"))
    if times < AS_NEAR and not apart:
        return "As near to the collection as real pictures are"
    if times < NEAR:
        return "Near to the collection in colours and textures, yet to be told from it"
    if times < FAR:
        return "Of the collection's kind from afar, and far from it in its colours and textures"
    return "Nothing like the collection"


def cannot_tell(distance: Metric) -> bool:
    """Whether so few works lie where as few real pictures lie too, or where those lie is unknown."""
    works, real = distance.works_interval, distance.baseline_interval
    if works is None or real is None:
        return distance.baseline is None
    return works[0] <= real[1]


def verdict(evaluation: Evaluation) -> list[str]:
    """What stands below the headline."""
    distance = evaluation.metric("sliced_wasserstein")
    kid = [evaluation.metric("kid")] if evaluation.has("kid") else []
    said = [f"{capitalised(reading(metric))}." for metric in (distance, *kid)]
    if not cries_copies(evaluation):
        said += [f"{capitalised(reading(evaluation.metric(name)))}." for name in _COPIES if evaluation.has(name)]
    if evaluation.has("data_copying") and evaluation.metric("data_copying").works < COPYING:
        said.append(f"{capitalised(reading(evaluation.metric('data_copying')))}.")
    if evaluation.has("diversity"):
        diversity = evaluation.metric("diversity")
        if diversity.baseline is not None and diversity.works < ALIKE * diversity.baseline:
            said.append(f"The works resemble each other: {reading(diversity)}.")
    if distance.n < FEW:
        said.append(
            f"Only {counted(distance.n, 'work')} and {counted(distance.n_baseline, 'held-out picture')} were compared: "
            "at such numbers the figures are rough, and another seed may turn them round."
        )
    return said


def reading(metric: Metric) -> str:
    """What one metric comes to beside its baseline."""
    ours, real = (shown(metric.name, value) for value in (metric.works, metric.baseline))
    if metric.name == "kid":
        if cannot_tell(metric):
            return "from so few pictures the kernel distance says nothing"
        if not _is_apart(metric):
            return "by the kernel distance the works cannot be told from real pictures"
        ours, real = (
            shown("kid", metric.works, metric.works_error),
            shown("kid", metric.baseline, metric.baseline_error),
        )
        beside_real = "" if metric.baseline is None else f", and real pictures {real}"
        return f"by the kernel distance they are {ours} away{beside_real}"
    if metric.name == "sliced_wasserstein":
        if cannot_tell(metric):
            return f"whether the works are as near as real pictures are cannot be told{_ranges(metric)}"
        times = _times(metric)
        if times < AS_NEAR:
            return f"in colours and textures the works are as near as real pictures are: {ours} against {real}"
        said = f"{times:.1f}" if times < 10 else f"{times:.0f}"
        return f"in colours and textures the works are {said} times as far as real pictures are: {ours} against {real}"
    if metric.name in _COPIES:
        kind = "are near copies of" if metric.name == "copies" else "correlate by more than 0.95, at 16 pixels, with"
        chance = ""
        if metric.works_interval is not None and metric.n < FEW:
            low, high = (f"{end:.0%}" for end in metric.works_interval)
            chance = f" (of more works it may be {low} to {high})"
        beside_real = "" if metric.baseline is None else f", and {real} of real pictures that were held out"
        return f"{ours} of the works {kind} a training picture{chance}{beside_real}"
    if metric.name == "data_copying":
        nearer = "nearer to training pictures than held-out pictures are, which copies would be"
        said = nearer if metric.works < COPYING else "no nearer to training pictures than held-out pictures are"
        return f"by the data-copying test the works are {said}: C_T is {ours}"
    return f"{WORDS[metric.name].title.lower()} is {ours}, and {real} for real pictures"


def _ranges(metric: Metric) -> str:
    if metric.works_interval is None or metric.baseline_interval is None:
        return " from so few"
    works, real = (
        " to ".join(shown(metric.name, end) for end in ends)
        for ends in (metric.works_interval, metric.baseline_interval)
    )
    if metric.n == 1:
        return f": single works lie at {works}, and single real pictures at {real}"
    return f": sets of {counted(metric.n, 'work')} lie at {works}, and sets of as many real pictures at {real}"


def numbers(metric: Metric) -> str:
    """How many pictures a metric is over."""
    works = counted(metric.n, "work")
    held_out = f"{metric.n_baseline:,} held out"
    return f"{works}, {held_out}" + (f", against {metric.reference:,}" if metric.reference else "")


def too_few(metrics: ClassMetrics) -> str:
    """Why a class has no metrics; '' where it has them."""
    if metrics.kid is not None:
        return ""
    kind, count = ("work", metrics.works) if metrics.works < FEWEST else ("training picture", metrics.training)
    return f"too few: {counted(count, kind)}, and {FEWEST} are needed"


def farthest_class(evaluation: Evaluation) -> str:
    """Which class's works are farthest from its own pictures; '' where no class has a metric."""
    measured = [(metrics.name, metrics.kid) for metrics in evaluation.class_metrics if metrics.kid is not None]
    if not measured:
        return ""
    name, kid = max(measured, key=lambda entry: entry[1].works)
    chance = "" if _is_apart(kid) else ", so it may be chance"
    real = "how far its real pictures are is unknown"
    if kid.baseline is not None:
        real = f"its real pictures {shown('kid', kid.baseline, kid.baseline_error)}"
    return (
        f"Of the classes, '{class_name(name)}' is farthest from its own pictures: by the kernel distance its works are "
        f"{shown('kid', kid.works, kid.works_error)} away, and {real}{chance}."
    )


def times_the_collection(ours: float, collection: float) -> str:
    """Two looks as a ratio: 'as the collection', '31% less', '2.1 times as much'."""
    if collection <= 0:
        return "the collection has none"
    ratio = ours / collection
    if 0.95 <= ratio <= 1.05:
        return "as the collection"
    if ratio < 1:
        return f"{1 - ratio:.0%} less"
    return f"{ratio - 1:.0%} more" if ratio < 2 else f"{ratio:.1f} times as much"


def _times(metric: Metric) -> float:
    """As far as real pictures; inf where those are at no distance."""
    if metric.baseline:
        return metric.works / metric.baseline
    return math.inf if metric.works > 0 else 1.0


def _is_apart(metric: Metric, least: float = 0.0) -> bool:
    """By more than chance and ``least``, from the baseline or, where that is unknown, from 0: about what KID is for
    real pictures."""
    error = math.hypot(metric.works_error or 0.0, metric.baseline_error or 0.0)
    return metric.works - (metric.baseline or 0.0) > max(least, ERRORS_APART * error)
