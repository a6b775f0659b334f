"""What the page of a comparison says: the ways to make pictures, explained to a beginner, and sentences that follow
from the measured distances, whichever way came nearest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.evaluation import Comparison, Contender, Curve
from sfumato.evaluation.comparison import Kind
from sfumato.reports.chart import finite_points
from sfumato.reports.page import capitalised
from sfumato.text import counted


@dataclass(frozen=True)
class Explained:
    """All of it text."""

    role: str
    what: str
    losses: str  # what its charts show
    quantity: str  # the name of their values
    again: str  # of the held-out pictures made again; nothing where it cannot
    works: str  # of what it makes of noise
    can: str
    cannot: str
    evolution: str
    lesson: str


EXPLAINED: Final[dict[Kind, Explained]] = {
    "autoencoder": Explained(
        role="an ordinary network that copies",
        what="It is shown a picture, squeezes it into fewer and coarser places, and builds it up again. It is told how "
        "far its copy is from what it was shown, and changes a little so that the next copy is nearer. The layers are "
        "those of a well-known web article on making art with diffusion models; but nothing in it is ever noised, and "
        "what it learns is to copy.",
        losses="The error is how far its copies are from the pictures.",
        quantity="error",
        again="Above, pictures that it never saw in training; below, its copies.",
        works="It is not a generative model: it answers a picture with a picture and makes none of its own. Shown "
        "noise, it does with it what it does with everything. This is what came out.",
        can="Copy a picture it has never seen, in one pass, and so serve to shrink, clean or compress pictures.",
        cannot="Invent one. It never learned which pictures are likely, only how to repeat what is in front of it.",
        evolution="The same pictures copied again and again while it was trained; time runs from left to right.",
        lesson="To copy well is not to create. A network can have a small error and still have nothing to say when "
        "there is nothing to copy.",
    ),
    "gan": Explained(
        role="a forger and a judge",
        what="Two networks play against each other (a generative adversarial network, Goodfellow and others, 2014). "
        "The forger turns a handful of random numbers into a picture and never sees a real one. The judge sees real "
        "and forged ones and says which is which. The forger learns from the judge what gives it away; the judge "
        "learns from the forger’s mistakes.",
        losses="There is no error to go down here: each player has a loss that depends on the other.",
        quantity="loss",
        again="",
        works="Random numbers, turned into pictures in a single pass.",
        can="Make a picture at once, in one pass, and a sharp one if the contest goes well.",
        cannot="Take up a picture of yours: there is no way in. And it may settle on a few pictures that please the "
        "judge and make those over and over (mode collapse): look whether its works resemble each other.",
        evolution="The same random numbers turned into pictures while it was trained; time runs from left to right.",
        lesson="A contest can teach without anyone saying what a good picture is. It is also hard to keep in balance, "
        "and its losses do not tell how good the pictures are.",
    ),
    "diffusion": Explained(
        role="from noise, step by step",
        what="It is shown pictures under noise, from a light veil to nothing but noise, and learns to guess the clean "
        "picture behind it. To make a new one it begins with pure noise, guesses, takes away a part of the noise, and "
        "looks again. After some tens of such steps nothing is left but a picture.",
        losses="The error is how far its guesses are from the clean pictures, over all strengths of noise: even a "
        "perfect guesser would have some, since noise hides things for good.",
        quantity="error",
        again="Above, pictures that it never saw in training; below, the same, noised until little but the large forms "
        "was left, and refined back. They are meant to differ: it kept what was to be seen, and made up the rest.",
        works="Pure noise, refined into pictures in steps.",
        can="Invent pictures, take up one of yours and change it as much or as little as you wish.",
        cannot="Make one in a single pass: every work takes many. It knows nothing but the pictures that it learned "
        "from, and it does not know what they mean.",
        evolution="The same noise refined by the model as it was then; time runs from left to right.",
        lesson="To remove a little noise is a task that can be learned from any picture, and repeated it becomes the "
        "making of new ones.",
    ),
}

NAMES: Final[dict[Kind, str]] = {
    "autoencoder": "the autoencoder",
    "gan": "the GAN",
    "diffusion": "the diffusion model",
}
TRAINING, HELD_OUT = "on training pictures", "on held-out pictures"
AS_NEAR = 1.1  # distances with a smaller quotient may differ by chance
BY_HEART = 1.25  # held-out error over training error


def rounded(distance: float) -> str:
    """A distance for people: no more digits than mean something."""
    if not math.isfinite(distance):
        return "not measured"
    return f"{distance:,.0f}" if distance >= 9.95 else f"{distance:.1f}"


def minutes_in_words(minutes: float) -> str:
    return counted(round(60 * minutes), "second") if minutes < 1 else counted(minutes, "minute")


def times_the_baseline(distance: float, baseline: float) -> str:
    """How far works are, in words, where real pictures that no model saw are at the baseline."""
    if not math.isfinite(distance):
        return "its works could not be measured"
    if distance < AS_NEAR * baseline:
        return f"its works are as near as real pictures are: {rounded(distance)} against {rounded(baseline)}"
    if baseline <= 0:
        return f"its works are at {rounded(distance)}"
    times = distance / baseline
    said = f"{times:.1f}" if times < 10 else f"{times:.0f}"
    return f"its works are {said} times as far as real pictures are: {rounded(distance)} against {rounded(baseline)}"


def verdict(comparison: Comparison) -> list[str]:
    """Which works came nearest, by how much, and how near real pictures are."""
    ranked = sorted(
        (contender for contender in comparison.contenders if math.isfinite(contender.distance)),
        key=lambda contender: contender.distance,
    )
    if not ranked:
        return ["None of the works could be measured."]
    said = [_nearest(ranked), _against_the_baseline(ranked[0].distance, comparison.baseline)]
    unmeasured = [c for c in comparison.contenders if not math.isfinite(c.distance)]
    if unmeasured:
        said.append(f"{capitalised(_all_of(unmeasured))} could not be measured.")
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
    rest = ", ".join(f"{NAMES[c.kind]} is at {rounded(c.distance)}" for c in ranked[len(level) :])
    after = f"; {rest}" if rest else ""
    if len(level) > 1:
        figures = " and ".join(rounded(contender.distance) for contender in level)
        return (
            f"By this figure {_all_of(level)} came about equally near, {figures}: "
            f"another seed could change their order{after}."
        )
    return f"By this figure {NAMES[first.kind]} came nearest, {rounded(first.distance)}{after}."


def _level_with(ranked: Sequence[Contender]) -> list[Contender]:
    """The nearest and those that chance alone may have put behind it."""
    return [c for c in ranked if c is ranked[0] or c.distance < AS_NEAR * ranked[0].distance]


def _against_the_baseline(distance: float, baseline: float) -> str:
    if distance < baseline / AS_NEAR:
        return (
            f"Real pictures that were held out are at {rounded(baseline)}. To be nearer than they are is not better: "
            "works that repeat the training pictures would be nearer too."
        )
    if distance < AS_NEAR * baseline:
        return (
            f"That is as near as real pictures are that were held out, {rounded(baseline)}: the figure can say no more."
        )
    return f"Real pictures that were held out are at {rounded(baseline)}: none of the works came as near as those."


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
        f"{capitalised(' and '.join(moves))}. Each loss is measured against the other player, who changes too: a lower "
        "one means that this player is ahead, not that the pictures are better."
    )


def _short(loss: float) -> str:
    return f"{loss:.2g}" if abs(loss) < 100 else f"{loss:,.0f}"


def _all_of(contenders: Sequence[Contender]) -> str:
    *others, last = [NAMES[contender.kind] for contender in contenders]
    return f"{', '.join(others)} and {last}" if others else last
