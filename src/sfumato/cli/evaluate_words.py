"""What the report of an evaluation says of its figures: every sentence follows from them."""

import math
from dataclasses import dataclass
from typing import Final

from sfumato.cli.compare_words import AS_NEAR, figure, sentence
from sfumato.evaluation import Evaluation, Figure
from sfumato.evaluation.class_figures import FEWEST, ClassDistance, ClassFigures
from sfumato.evaluation.evaluation import FigureName
from sfumato.text import class_name, counted

FEW = 50  # pictures, below which a distance is mostly chance
ERRORS_APART = 2.0
COPIES_BEYOND = 0.02  # held-out pictures' share of copies, at which a report cries out
NEAR, FAR = 3.0, 8.0  # times as far as real pictures
ALIKE = 0.8  # the works' diversity over real pictures'


@dataclass(frozen=True)
class Words:
    """title; better: which way; says, says_not: a sentence each."""

    title: str
    better: str
    says: str
    says_not: str


WORDS: Final[dict[FigureName, Words]] = {
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
        "Above 1 it is no merit: works that avoid all that is rare have more.",
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
    "diversity": Words(
        "Diversity",
        "best as real pictures have it",
        "The mean distance between two works, in features.",
        "It is no quality: noise of all colours is diverse too.",
    ),
}
_SHARES: Final = {"precision", "recall", "coverage", "copies", "correlated"}
_COPIES: Final[tuple[FigureName, ...]] = ("copies", "correlated")


def shown(
    name: FigureName, value: float | None, error: float | None = None, interval: tuple[float, float] | None = None
) -> str:
    """A figure for people, no more digits than mean something, and the interval in which others would lie."""
    if value is None:
        return "cannot tell"
    if interval is not None:
        low, high = (shown(name, end) for end in interval)
        return f"{shown(name, value, error)} ({low} to {high})"
    if not math.isfinite(value):
        return "not measured"
    if name in _SHARES:
        return f"{value:.1%}" if name in _COPIES else f"{value:.0%}"
    if name in ("density", "diversity"):
        return f"{value:.2f}"
    if name == "kid" and error is not None:
        digits = 1 if max(abs(value), error) < 100 else 0
        return f"{value:,.{digits}f} ± {error:,.{digits}f}".replace("-", "−")  # a true minus sign
    return figure(value) if value >= 1 else f"{value:.2g}"


def cries_copies(evaluation: Evaluation) -> bool:
    """Whether more works are near copies, by either test, than chance and twins in the collection explain."""
    return any(_beyond_chance(evaluation.figure(name)) for name in _COPIES if evaluation.has(name))


def _beyond_chance(figure: Figure) -> bool:
    chance = math.hypot(figure.works_error or 0.0, figure.floor_error or 0.0)
    return figure.works - (figure.floor or 0.0) > max(COPIES_BEYOND, ERRORS_APART * chance)


def headline(evaluation: Evaluation) -> str:
    """The first thing to know."""
    if cries_copies(evaluation):
        found = [evaluation.figure(name) for name in _COPIES if evaluation.has(name)]
        copies = max(filter(_beyond_chance, found), key=lambda figure: figure.works)
        return (
            f"COPIES: {copies.works:.0%} of these {counted(copies.n, 'work')} are near copies of pictures that were "
            f"learned from; of real pictures that were held out it is {shown(copies.name, copies.floor)}"
        )
    distance = evaluation.figure("sliced_wasserstein")
    if cannot_tell(distance):
        return "Too few pictures to tell how near the works come to the collection"
    times = _times(distance)
    apart = evaluation.has("kid") and _is_apart(evaluation.figure("kid"))
    if times < AS_NEAR and not apart:
        return "As near to the collection as real pictures are"
    if times < NEAR:
        return "Near to the collection in colours and textures, yet to be told from it"
    if times < FAR:
        return "Of the collection's kind from afar, and far from it in its colours and textures"
    return "Nothing like the collection"


def cannot_tell(distance: Figure) -> bool:
    """Whether sets of as few works lie where sets of as few real pictures lie as well, or nobody knows where."""
    works, real = distance.works_interval, distance.floor_interval
    if works is None or real is None:
        return distance.floor is None
    return works[0] <= real[1]


def verdict(evaluation: Evaluation) -> list[str]:
    """What stands below the headline."""
    distance = evaluation.figure("sliced_wasserstein")
    kid = [evaluation.figure("kid")] if evaluation.has("kid") else []
    said = [f"{sentence(reading(figure))}." for figure in (distance, *kid)]
    if not cries_copies(evaluation):
        said += [f"{sentence(reading(evaluation.figure(name)))}." for name in _COPIES if evaluation.has(name)]
    if evaluation.has("diversity"):
        diversity = evaluation.figure("diversity")
        if diversity.floor is not None and diversity.works < ALIKE * diversity.floor:
            said.append(f"The works resemble each other: {reading(diversity)}.")
    if distance.n < FEW:
        said.append(
            f"Only {counted(distance.n, 'work')} and {counted(distance.n_floor, 'held-out picture')} were compared: "
            "at such numbers the figures are rough, and another seed may turn them round."
        )
    return said


def reading(figure: Figure) -> str:
    """What one figure comes to beside its floor."""
    ours, real = (shown(figure.name, value) for value in (figure.works, figure.floor))
    if figure.name == "kid":
        if cannot_tell(figure):
            return "from so few pictures the kernel distance tells nothing"
        if not _is_apart(figure):
            return "by the kernel distance the works cannot be told from real pictures"
        beside_real = "" if figure.floor is None else f", and real pictures {_kid(figure, figure.floor)}"
        return f"by the kernel distance they are {_kid(figure, figure.works)} away{beside_real}"
    if figure.name == "sliced_wasserstein":
        if cannot_tell(figure):
            return f"whether the works are as near as real pictures are cannot be told{_ranges(figure)}"
        times = _times(figure)
        if times < AS_NEAR:
            return f"in colours and textures the works are as near as real pictures are: {ours} against {real}"
        said = f"{times:.1f}" if times < 10 else f"{times:.0f}"
        return f"in colours and textures the works are {said} times as far as real pictures are: {ours} against {real}"
    if figure.name in _COPIES:
        kind = "are near copies of" if figure.name == "copies" else "correlate by more than 0.95, at 16 pixels, with"
        chance = ""
        if figure.works_interval is not None and figure.n < FEW:
            low, high = (f"{end:.0%}" for end in figure.works_interval)
            chance = f" (of more works it may be {low} to {high})"
        beside_real = "" if figure.floor is None else f", and {real} of real pictures that were held out"
        return f"{ours} of the works {kind} a training picture{chance}{beside_real}"
    return f"{WORDS[figure.name].title.lower()} is {ours}, and {real} for real pictures"


def _ranges(figure: Figure) -> str:
    if figure.works_interval is None or figure.floor_interval is None:
        return " from so few"
    works, real = (
        " to ".join(shown(figure.name, end) for end in ends) for ends in (figure.works_interval, figure.floor_interval)
    )
    if figure.n == 1:
        return f": single works lie at {works}, and single real pictures at {real}"
    return f": sets of {counted(figure.n, 'work')} lie at {works}, and sets of as many real pictures at {real}"


def numbers(figure: Figure) -> str:
    """How many pictures a figure is over."""
    works = counted(figure.n, "work")
    held_out = f"{figure.n_floor:,} held out"
    return f"{works}, {held_out}" + (f", against {figure.reference:,}" if figure.reference else "")


def too_few(figures: ClassFigures) -> str:
    """Why a class has no figures; '' where it has them."""
    if figures.kid is not None:
        return ""
    kind, count = ("work", figures.works) if figures.works < FEWEST else ("training picture", figures.training)
    return f"too few: {counted(count, kind)}, and {FEWEST} are needed"


def farthest_class(evaluation: Evaluation) -> str:
    """Which class's works are farthest from its own pictures; '' where no class has a figure."""
    measured = [(figures.name, figures.kid) for figures in evaluation.class_figures if figures.kid is not None]
    if not measured:
        return ""
    name, kid = max(measured, key=lambda entry: entry[1].works)
    chance = "" if _is_apart(kid) else ", so it may be chance"
    real = "how far its real pictures are is unknown"
    if kid.floor is not None:
        real = f"its real pictures {shown('kid', kid.floor, kid.floor_error)}"
    return (
        f"Of the classes, '{class_name(name)}' is farthest from its own pictures: by the kernel distance its works are "
        f"{shown('kid', kid.works, kid.works_error)} away, and {real}{chance}."
    )


def beside(ours: float, collection: float) -> str:
    """Two looks as a share: 'as the collection', '31% less', '2.1 times as much'."""
    if collection <= 0:
        return "the collection has none"
    share = ours / collection
    if 0.95 <= share <= 1.05:
        return "as the collection"
    if share < 1:
        return f"{1 - share:.0%} less"
    return f"{share - 1:.0%} more" if share < 2 else f"{share:.1f} times as much"


def _kid(figure: Figure, value: float) -> str:
    return shown("kid", value, figure.works_error if value == figure.works else figure.floor_error)


def _times(figure: Figure) -> float:
    """As far as real pictures; inf where those are at no distance."""
    if figure.floor:
        return figure.works / figure.floor
    return math.inf if figure.works > 0 else 1.0


def _is_apart(figure: Figure | ClassDistance) -> bool:
    """From the floor or, where that is unknown, from 0: about what KID is for real pictures."""
    error = math.hypot(figure.works_error or 0.0, figure.floor_error or 0.0)
    return figure.works - (figure.floor or 0.0) > ERRORS_APART * error
