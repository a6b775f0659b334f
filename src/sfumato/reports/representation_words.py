"""What a report on a collection says of who and what is in it: every sentence follows from what was counted."""

from __future__ import annotations

import shlex
from typing import Final

from sfumato.collection.period import century_name
from sfumato.evaluation.collection_report import CollectionReport
from sfumato.evaluation.representation import Representation
from sfumato.provenance.licences import short_name
from sfumato.text import counted
from sfumato.works.labels import written_name

LARGE, HALF = 0.25, 0.5  # the share of one name, from which it is called large, and most
FEW = 50  # pictures
EVEN = 0.9  # the effective number of classes over their number, from which they are called even
_MISSING: Final = {
    "creator": "no creator is named",
    "year": "no century is known",
    "title": "no title is known",
    "source": "no source is known",
    "licence": "no licence is known",
    "class": "no class is known",
}


def headline(representation: Representation) -> str:
    """The first thing to know: what dominates, if anything does."""
    creators, classes = representation.creators.concentration, representation.class_concentration
    said = []
    if classes.names > 1 and classes.largest_share >= HALF:
        said.append(f"{classes.largest_share:.0%} of what has a class is ‘{classes.largest}’")
    if creators.names > 1 and creators.largest_share >= LARGE:
        said.append(f"{creators.largest_share:.0%} of what is credited is by {creators.largest}")
    if not said:
        pictures = counted(representation.pictures, "picture")
        if creators.names > 1:
            return f"{pictures} by {counted(creators.names, 'creator')}, none of whom dominates"
        return f"{pictures}, and {'one creator' if creators.names else 'no creator'} is named"
    return ", and ".join(said)


def creators_said(representation: Representation) -> list[str]:
    creators = representation.creators
    found, pictures = creators.concentration, representation.pictures
    said = []
    if not found.names:
        said.append(
            f"Of none of {counted(pictures, 'picture')} a creator is named, so nothing can be said of who is in it."
        )
    elif found.names == 1:
        said.append(f"One creator is named, {found.largest}, of {counted(found.pictures, 'picture')}.")
    else:
        said.append(
            f"{counted(found.names, 'creator')} are named, of {found.pictures:,} of {counted(pictures, 'picture')}. "
            f"The pictures are as unevenly shared out as if there were {found.effective:.1f} of equal weight: the "
            f"largest, {found.largest}, has {found.largest_share:.0%} of them, and "
            f"{'it alone holds' if found.half == 1 else f'the {found.half} largest hold'} half."
        )
    if creators.collective:
        names = ", ".join(f"‘{name}’" for name in list(creators.collective)[:3])
        total = sum(creators.collective.values())
        said.append(f"{counted(total, 'picture')} more go under names that stand for nobody in particular: {names}.")
    if creators.unknown and found.names:
        said.append(f"Of {counted(creators.unknown, 'picture')} nobody says who made them.")
    if representation.generated:
        said.append(f"Of {counted(representation.generated, 'picture')} the files say that a model made them.")
    return said


def periods_said(representation: Representation) -> list[str]:
    periods, pictures = representation.periods, representation.pictures
    if not periods.dated:
        said = [f"Of none of {counted(pictures, 'picture')} the century is known."]
    else:
        first, *_, last = [*periods.centuries, *periods.centuries]
        largest = max(periods.centuries, key=lambda century: periods.centuries[century])
        span = (
            f"all from the {century_name(first)}"
            if first == last
            else f"from the {century_name(first)} to the {century_name(last)}; "
            f"{periods.centuries[largest] / periods.dated:.0%} from the {century_name(largest)}"
        )
        said = [f"{periods.dated:,} of {counted(pictures, 'picture')} are dated, {span}."]
    if periods.vague:
        said.append(f"Of {counted(periods.vague, 'picture')} the dates span more than a century.")
    if periods.unread:
        examples = ", ".join(f"‘{text}’" for text in periods.unread_examples)
        said.append(
            f"Of {counted(periods.unread, 'picture')} something is stated that is no date that can be read: {examples}."
        )
    return said


def classes_said(representation: Representation) -> list[str]:
    found = representation.class_concentration
    if not found.names:
        return ["The pictures have no classes: put them into a sub-folder for each, or name them in metadata.csv."]
    if found.names == 1:
        return [f"All that have a class are of one, ‘{found.largest}’."]
    even = found.effective >= EVEN * found.names
    return [
        f"{counted(found.names, 'class')}, {'nearly even' if even else 'uneven'}: as if there were "
        f"{found.effective:.1f} of equal weight. The largest, ‘{found.largest}’, has {found.largest_share:.0%} of the "
        "pictures. A model that is shown every picture equally often sees it as often as that."
    ]


def missing_said(representation: Representation) -> list[str]:
    """Of how many pictures what is not known; a fact that is known of all is not named."""
    pictures = representation.pictures
    said = [
        f"Of {counted(count, 'picture')} ({count / pictures:.0%}) {_MISSING[name]}."
        for name, count in representation.missing.items()
        if count and not (name == "class" and not representation.class_concentration.names)
    ]
    return said or ["Creator, century, title, source, licence and class are stated of every picture."]


def shapes_said(representation: Representation) -> str:
    shapes, pictures = representation.shapes, representation.pictures
    low, middle, high = shapes.sides[1:4]
    half = "" if low == high else f", {low:,} to {high:,} for the middle half"
    return (
        f"The shorter side has {middle:,} pixels at the median{half}, and {shapes.sides[0]:,} to {shapes.sides[4]:,} "
        f"in all. {shapes.upright / pictures:.0%} of the pictures stand upright, {shapes.level / pictures:.0%} lie and "
        f"{shapes.square / pictures:.0%} are square; by default a model sees the square in the middle of each."
    )


def duplicates_said(representation: Representation) -> str:
    found = representation.duplicates
    if not found.pictures:
        return "No two pictures are near duplicates of one another."
    two = found.of_two_classes
    mixed = f" {counted(two, 'family')} lie in more than one class: see whether they belong there." if two else ""
    return (
        f"{counted(found.pictures, 'picture')} beyond the first are near duplicates, in "
        f"{counted(found.families, 'family')} of two or more; a model learns their motifs more often.{mixed}"
    )


def licences_said(representation: Representation) -> dict[str, int]:
    """The licences by their short names, and their pictures."""
    return {short_name(name): count for name, count in representation.licences.items()}


def few_said(representation: Representation) -> str:
    """What so few pictures mean for the figures; '' for enough."""
    if representation.pictures >= FEW:
        return ""
    one = 1 / representation.pictures
    return f"Of {counted(representation.pictures, 'picture')} each is {one:.0%}: shares change with every one of them."


def remedies(report: CollectionReport) -> list[tuple[str, str]]:
    """Commands, each with what it is good for."""
    found = report.representation
    steps = []
    if found.class_concentration.names > 1:
        steps.append(
            (
                "sfumato train COLLECTION --balance class",
                "shows every class equally often, however many pictures it has, and makes works without a named class "
                "in equal shares. Pictures of a small class are then seen more often each, and may be known by heart "
                "sooner: see what sfumato evaluate says of copies.",
            )
        )
        rarest, largest = (written_name(pick(found.classes, key=found.classes.__getitem__)) for pick in (min, max))
        steps.append(
            (
                f"sfumato generate RUN --class {shlex.quote(rarest)}",
                "asks for one class whatever the shares are, and "
                f"--class {shlex.quote(f'{rarest}:0.7,{largest}:0.3')} for a mixture.",
            )
        )
    if found.creators.concentration.names > 1 and found.creators.concentration.largest_share >= LARGE:
        steps.append(
            (
                "sfumato train COLLECTION --balance creator",
                "shows every named creator equally often, and all whose creator is not known as often as one of them.",
            )
        )
    if any(shift.is_told and shift.kind in ("tone", "colour") for works in report.works for shift in works.shifts):
        steps.append(
            (
                'sfumato generate RUN --palette "#1f2a44,#c9a15a"',
                "draws works towards colours that are named; it mends the works and not the model.",
            )
        )
    return steps
