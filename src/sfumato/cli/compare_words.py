"""What the page of a comparison says of its figures: every sentence follows from them, whoever came nearest."""

import math
from collections.abc import Sequence
from typing import Final

from sfumato.cli.chart import finite_points
from sfumato.evaluation import Comparison, Contender, Curve
from sfumato.evaluation.comparison import Kind
from sfumato.text import counted

NAMES: Final[dict[Kind, str]] = {
    "autoencoder": "the autoencoder",
    "gan": "the GAN",
    "diffusion": "the diffusion model",
}
TRAINING, HELD_OUT = "on training pictures", "on held-out pictures"
AS_NEAR = 1.1  # distances whose quotient is less are told apart by chance as well
BY_HEART = 1.25  # held-out error over training error


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def figure(distance: float) -> str:
    """A distance for people: no more digits than mean something."""
    if not math.isfinite(distance):
        return "not measured"
    return f"{distance:,.0f}" if distance >= 9.95 else f"{distance:.1f}"


def minutes_in_words(minutes: float) -> str:
    if minutes < 1:
        seconds = round(60 * minutes)
        return counted(seconds, "second")
    return counted(minutes, "minute")


def times_the_floor(distance: float, floor: float) -> str:
    """How far works are, in words, where real pictures that no model saw are at the floor."""
    if not math.isfinite(distance):
        return "its works could not be measured"
    if distance < AS_NEAR * floor:
        return f"its works are as near as real pictures are: {figure(distance)} against {figure(floor)}"
    if floor <= 0:
        return f"its works are at {figure(distance)}"
    times = distance / floor
    said = f"{times:.1f}" if times < 10 else f"{times:.0f}"
    return f"its works are {said} times as far as real pictures are: {figure(distance)} against {figure(floor)}"


def verdict(comparison: Comparison) -> list[str]:
    """Which works came nearest, by how much, and how near real pictures are."""
    ranked = sorted(
        (contender for contender in comparison.contenders if math.isfinite(contender.distance)),
        key=lambda contender: contender.distance,
    )
    if not ranked:
        return ["None of the works could be measured."]
    said = [_nearest(ranked), _against_the_floor(ranked[0].distance, comparison.floor)]
    unmeasured = [c for c in comparison.contenders if not math.isfinite(c.distance)]
    if unmeasured:
        said.append(f"{sentence(_all_of(unmeasured))} could not be measured.")
    level = _level_with(ranked)
    if level[0].kind == "autoencoder" and len(level) == 1:
        said.append(
            "That is the autoencoder, which makes no pictures of its own: look at what it made of noise before you "
            "believe a figure."
        )
    elif "diffusion" in {contender.kind for contender in ranked} - {contender.kind for contender in level}:
        said.append(
            "The diffusion model did not come nearest here. Whether more time would change the order is the first "
            "question to try, below."
        )
    return said


def learning(contender: Contender) -> str:
    """What the curves say: where each began and ended and, if both are there, what held-out pictures tell."""
    if contender.kind == "gan":
        return _contest(contender.curves)
    said = [_course(curve) for curve in contender.curves if finite_points(curve)]
    ends = {curve.name: points[-1][1] for curve in contender.curves if (points := finite_points(curve))}
    if TRAINING in ends and HELD_OUT in ends:
        seen, unseen = ends[TRAINING], ends[HELD_OUT]
        if unseen >= BY_HEART * seen:
            said.append(
                "At the end it does clearly better on the pictures that it learned from than on those that it never "
                "saw: some of what it knows, it knows by heart."
            )
        else:
            said.append(
                "At the end it does about as well on pictures that it never saw: what it learned is of use for new "
                "pictures too."
            )
    return " ".join(said)


def _nearest(ranked: Sequence[Contender]) -> str:
    level, first = _level_with(ranked), ranked[0]
    rest = ", ".join(f"{NAMES[c.kind]} is at {figure(c.distance)}" for c in ranked[len(level) :])
    after = f"; {rest}" if rest else ""
    if len(level) > 1:
        figures = " and ".join(figure(contender.distance) for contender in level)
        return (
            f"By this figure {_all_of(level)} came about equally near, {figures}: "
            f"another seed could change their order{after}."
        )
    return f"By this figure {NAMES[first.kind]} came nearest, {figure(first.distance)}{after}."


def _level_with(ranked: Sequence[Contender]) -> list[Contender]:
    """The nearest and those that chance alone may have put behind it."""
    return [c for c in ranked if c is ranked[0] or c.distance < AS_NEAR * ranked[0].distance]


def _against_the_floor(distance: float, floor: float) -> str:
    if distance < floor / AS_NEAR:
        return (
            f"Real pictures that were held out are at {figure(floor)}. To be nearer than they are is no merit: works "
            "that repeat the training pictures would be nearer too."
        )
    if distance < AS_NEAR * floor:
        return f"That is as near as real pictures are that were held out, {figure(floor)}: the figure can say no more."
    return f"Real pictures that were held out are at {figure(floor)}: none of the works came as near as those."


def _course(curve: Curve) -> str:
    points = finite_points(curve)
    first, last = _short(points[0][1]), _short(points[-1][1])
    if first == last:
        return f"The error {curve.name} began and ended at {last}."
    return f"The error {curve.name} {'fell' if points[-1][1] < points[0][1] else 'rose'} from {first} to {last}."


def _contest(curves: Sequence[Curve]) -> str:
    moves = [
        f"{curve.name} went from {_short(points[0][1])} to {_short(points[-1][1])}"
        for curve in curves
        if (points := finite_points(curve))
    ]
    if not moves:
        return ""
    return (
        f"{sentence(' and '.join(moves))}. Each loss is measured against the other player, who changes too: a lower "
        "one means that this player is ahead, not that the pictures are better."
    )


def _short(loss: float) -> str:
    return f"{loss:.2g}" if abs(loss) < 100 else f"{loss:,.0f}"


def _all_of(contenders: Sequence[Contender]) -> str:
    *others, last = [NAMES[contender.kind] for contender in contenders]
    return f"{', '.join(others)} and {last}" if others else last
