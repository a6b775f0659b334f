"""What may be said of works beside the collection that was learned from: every sentence follows from the measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sfumato.evaluation.collection_report import Compared, WorksBeside
from sfumato.evaluation.resampling import LEVEL
from sfumato.evaluation.shift import Shift
from sfumato.evaluation.traits import TraitName
from sfumato.text import counted

SLIGHT, STRONG = 0.2, 0.8  # standard deviations of single pictures (Cohen 1988, section 2.2)
FEW_RIGHT = 0.6  # of the collection's pictures of a class, below which it is said that the classifier is often wrong
HARDER = 0.15  # by how much fewer works than pictures of the collection are seen as what they are
FINE = 0.03  # a difference that two digits do not show
MOST_SENTENCES: Final = 8


@dataclass(frozen=True)
class Words:
    """title: of the measure; more, less: what works are or have whose number is higher or lower; says: what it is;
    is_share: whether it is a fraction, which is shown in per cent."""

    title: str
    more: str
    less: str
    says: str
    is_share: bool = False


WORDS: Final[dict[TraitName, Words]] = {
    "lightness": Words("Lightness", "are lighter", "are darker", "The mean, from 0 for black to 1 for white."),
    "contrast": Words(
        "Contrast", "have more contrast", "have less contrast", "How much light and dark vary within a picture."
    ),
    "darks": Words("Darks", "have more darks", "have fewer darks", "How much of a picture is nearly black.", True),
    "lights": Words("Lights", "have more lights", "have fewer lights", "How much of it is nearly white.", True),
    "chroma": Words("Colourfulness", "are more colourful", "are less colourful", "How far colours are from grey."),
    "greys": Words(
        "Greys", "have more grey", "have less grey", "How much of a picture has no colour to speak of.", True
    ),
    "reds": Words("Reds", "have more red", "have less red", "How much of it is red or pink.", True),
    "oranges": Words("Oranges, browns", "have more orange and brown", "have less orange and brown", "", True),
    "yellows": Words("Yellows", "have more yellow", "have less yellow", "Ochre and olive among them.", True),
    "greens": Words("Greens", "have more green", "have less green", "", True),
    "blues": Words("Blues", "have more blue", "have less blue", "Turquoise among them.", True),
    "purples": Words("Purples", "have more purple", "have less purple", "", True),
    "symmetry": Words(
        "Symmetry",
        "are more symmetrical",
        "are less symmetrical",
        "How like its mirror image a picture is: 1 for the same, 0 for no likeness.",
    ),
    "weight_across": Words(
        "Weight, across",
        "have their weight further to the right",
        "have their weight further to the left",
        "Where the middle of what stands out from the ground is: 0 at the left, 1 at the right.",
    ),
    "weight_down": Words(
        "Weight, down",
        "have their weight lower down",
        "have their weight higher up",
        "The same from 0 at the top to 1 at the bottom.",
    ),
    "spread": Words(
        "Spread",
        "spread their weight more widely",
        "gather their weight more closely",
        "How far what stands out lies from its middle, in sides of the picture.",
    ),
    "edges": Words("Edges", "have more edges", "have fewer edges", "How much of a picture lies on an edge.", True),
    "empty": Words(
        "Empty ground", "have more empty ground", "have less empty ground", "How much of it has no edge at all.", True
    ),
    "uprights": Words(
        "Uprights", "have more vertical lines", "have fewer vertical lines", "Their part of all that is edge.", True
    ),
    "levels": Words(
        "Levels", "have more horizontal lines", "have fewer horizontal lines", "Their part of all that is edge.", True
    ),
}


def title(shift: Shift) -> str:
    return shift.name if shift.kind == "class" else WORDS[shift.name].title  # type: ignore[index]


def is_share(shift: Shift) -> bool:
    return shift.kind == "class" or WORDS[shift.name].is_share  # type: ignore[index]


def says(shift: Shift) -> str:
    """What a measure is, in a sentence; of a class how often it is found."""
    if shift.kind != "class":
        return WORDS[shift.name].says  # type: ignore[index]
    return "" if shift.found is None else f"{shift.found:.0%} of the collection's own are found."


def shown(shift: Shift, value: float) -> str:
    """A measure's number for people."""
    if is_share(shift):
        return percent(value)
    digits = 3 if abs(shift.difference) < FINE else 2
    return f"{value:.{digits}f}".replace("-", "−")  # a true minus sign


def percent(share: float) -> str:
    """'51%', and with a digit more where that alone would be 0."""
    return f"{share:.1%}" if 0 < abs(share) < 0.0095 else f"{share:.0%}"


def ranged(shift: Shift, interval: tuple[float, float]) -> str:
    """'46% to 55%'."""
    return " to ".join(shown(shift, end) for end in interval)


def signed(shift: Shift, interval: tuple[float, float]) -> str:
    """Of a difference: '+2 to +9 points', '−0.04 to +0.01'."""
    if is_share(shift):
        low, high = (f"{100 * end:+.1f}" if abs(end) < 0.0095 else f"{100 * end:+.0f}" for end in interval)
        return f"{low} to {high} points".replace("-", "−")
    return " to ".join(f"{end:+.3f}" if abs(end) < 0.0095 else f"{end:+.2f}" for end in interval).replace("-", "−")


def effect(shift: Shift) -> float:
    """The difference in standard deviations of single pictures; 0 where they do not vary."""
    return shift.difference / shift.deviation if shift.deviation > 0 else 0.0


def reading(shift: Shift) -> str:
    """What is said beside a measure in a table."""
    if not shift.is_told:
        return "not to be told apart"
    degree = "slightly " if abs(effect(shift)) < SLIGHT else "far " if abs(effect(shift)) >= STRONG else ""
    if shift.kind == "class":
        return f"{degree}{'more' if shift.difference > 0 else 'fewer'}"
    word = WORDS[shift.name]  # type: ignore[index]
    return f"{degree}{(word.more if shift.difference > 0 else word.less).split(' ', 1)[1]}"


def sentence(shift: Shift) -> str:
    """The sentence that may be said of a measure by which works are to be told from the collection."""
    numbers = (
        f"{shown(shift, shift.works)} ({ranged(shift, shift.works_interval)}) against "
        f"{shown(shift, shift.collection)} of the collection"
    )
    if shift.kind == "class":
        verb = "exaggerates" if shift.difference > 0 else "drops"
        asked = "" if shift.asked is None else f"; {percent(shift.asked)} were made as it"
        return f"The model {verb} ‘{shift.name}’: {numbers}{asked}."
    word = WORDS[shift.name]  # type: ignore[index]
    said = word.more if shift.difference > 0 else word.less
    verb, rest = said.split(" ", 1)
    degree = "slightly " if abs(effect(shift)) < SLIGHT else "far " if abs(effect(shift)) >= STRONG else ""
    if verb in ("spread", "gather"):
        return f"The works {said}: {numbers}."
    return f"The works {verb} {degree}{rest}: {numbers}."


def sentences(works: WorksBeside) -> list[str]:
    """What may be said of all works of this kind, the strongest first; the last sentence says what may not."""
    told = sorted(works.told, key=lambda shift: -abs(effect(shift)))
    others = len(works.shifts) - len(told)
    said = [sentence(shift) for shift in told[:MOST_SENTENCES]]
    if len(told) > MOST_SENTENCES:
        rest = ", ".join(title(shift).lower() for shift in told[MOST_SENTENCES:])
        said.append(f"They differ as surely, and less, in {rest}.")
    if not told:
        said.append(
            f"By none of {counted(len(works.shifts), 'measure')} can the works be told from the collection at the "
            f"{LEVEL:.0%} level. That does not say that they are alike: more works would show smaller differences."
        )
    elif others:
        said.append(f"By the other {counted(others, 'measure')} they cannot be told from it.")
    return said


def headline(works: WorksBeside) -> str:
    """'Told from the collection by 9 of 24 measures'."""
    return (
        f"{counted(works.count, 'work')}, told from the collection by {len(works.told)} of "
        f"{counted(len(works.shifts), 'measure')}"
    )


def classifier_sentence(compared: Compared) -> str:
    """How far the classifier can be trusted."""
    each = ", ".join(f"{found:.0%} of ‘{name}’" for name, found in zip(compared.classes, compared.found, strict=True))
    poor = [name for name, found in zip(compared.classes, compared.found, strict=True) if found < FEW_RIGHT]
    warning = f" It is often wrong of {' and '.join(f'‘{name}’' for name in poor)}." if poor else ""
    return (
        "Which class a work seems to be of is told by a classifier that is fitted to the collection’s own pictures. Of "
        f"those that it has not seen it finds {each}.{warning} The shares below are corrected for its errors, and "
        "their intervals allow for what is not known of these."
    )


def agreement_sentence(works: WorksBeside, compared: Compared) -> str:
    """Whether works are as easy to tell as real pictures, which the correction takes for granted; '' for unknown."""
    if works.agreement is None:
        return ""
    weights = [shift.asked or 0.0 for shift in works.shifts if shift.kind == "class"]
    expected = sum(weight * found for weight, found in zip(weights, compared.found, strict=True)) / sum(weights)
    said = (
        f"Of the works that the program made as one class, {works.agreement:.0%} are seen as that; of as many of the "
        f"collection’s own it would be {expected:.0%}."
    )
    if expected - works.agreement > HARDER:
        return f"{said} The works are harder to tell, so their corrected shares may be off by more than the interval."
    return said


def disjoint_sentences(works: Sequence[WorksBeside]) -> list[str]:
    """The classes of which the first and another set of works have shares whose intervals do not meet."""
    said = []
    for other in works[1:]:
        for one in works[0].shifts:
            two = other.class_shift(one.name) if one.kind == "class" else None
            if two is None:
                continue
            apart = max(one.works_interval[0], two.works_interval[0]) > min(
                one.works_interval[1], two.works_interval[1]
            )
            if apart:
                said.append(
                    f"‘{one.name}’: {ranged(one, one.works_interval)} of the works of {works[0].name}, and "
                    f"{ranged(two, two.works_interval)} of those of {other.name}: the intervals do not meet."
                )
    return said
