"""Croissant's fields for responsible AI, filled from the records alone.

RAI 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html): a text or several, by field. Where nothing
is recorded that stands in the field, as a missing one would look like an oversight; what cannot be known here at all,
such as who the annotators were, is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sfumato.cards.subject import Subject
from sfumato.collection.holdings import Holdings, Tally
from sfumato.images import unusable
from sfumato.provenance.licences import short_name
from sfumato.text import class_name, counted, printable

_MOST_NAMED: Final = 20
# The vocabulary's own word for a data set that is made of another.
_SECONDARY: Final = "Secondary Data analysis"


def rai_fields(subject: Subject) -> dict[str, Any]:
    """'rai:dataCollection' and its like, each a text or a list of them."""
    held = subject.own
    fields: dict[str, Any] = {
        "dataCollection": "Not known." if held is None else _collection(held),
        "dataCollectionType": [_SECONDARY if held is not None and held.origin is not None else "Others"],
        "dataCollectionMissingData": "Not known." if held is None else _missing(held),
        "dataCollectionRawData": "Not known." if held is None else _raw(held),
        "dataPreprocessingProtocol": _prepared(held),
        "dataAnnotationProtocol": [_annotated(held)],
        "annotationsPerItem": "Not known." if held is None else _per_item(held),
        "machineAnnotationTools": ["None: classes and captions are those that folders, tables and files state."],
        "dataBiases": ["Not known."] if held is None else _biases(held),
        "dataLimitations": _limitations(subject),
        "personalSensitiveInformation": [
            "Not known: nobody looked whether the pictures show people, or what else is personal in them.",
            *([] if held is None else [f"Creators are named: {held.creators.names:,}."]),
        ],
        "dataUseCases": ["Training models that make pictures, and looking at what such a model learned from."],
        "dataSocialImpact": "Not known: nobody recorded an assessment.",
        "dataReleaseMaintenancePlan": _maintenance(subject),
    }
    return {f"rai:{name}": said for name, said in fields.items()}


def _collection(held: Holdings) -> str:
    fetched = ""
    if held.origin is not None:
        version = printable(held.origin.version)
        said = f"version {version}" if version else "of a version that is not known"
        fetched = f" Fetched from {printable(held.origin.reference)}, {said}."
    own = f" {printable(held.owner)} states that they are their own where nothing else is stated." if held.owner else ""
    said = "; ".join(map(printable, held.policy.sentences))
    policy = f" By its policy, {said}." if said else ""
    return (
        f"{counted(held.pictures, 'picture')} were collected with sfumato.{fetched}{own}{policy} "
        f"Left out: {_counts(held.left_out) or 'none'}. "
        "Licences, creators and marks against learning were read from tables, from files beside the pictures and from "
        "the pictures' own metadata; nobody checked them."
    )


def _missing(held: Holdings) -> str:
    years = held.pictures - (held.years.known if held.years else 0)
    missing = {
        "creator": held.creators.unknown,
        "licence": held.terms.counts.get("unknown", 0),
        "year": years,
        "source": held.hosts.unknown,
        "class": held.classes.unknown,
    }
    said = ", ".join(f"the {about} of {counted(count, 'picture')}" for about, count in missing.items() if count)
    return f"Not known: {said}." if said else "Creator, licence, year, source and class of every picture are stated."


def _raw(held: Holdings) -> str:
    creators, hosts = _tally(held.creators), _tally(held.hosts)
    return f"Pictures as files. Their stated creators: {creators}. Their stated sources: {hosts}."


def _prepared(held: Holdings | None) -> list[str]:
    if held is None:
        return ["Not known."]
    near = counted(held.near_duplicates, "near duplicate")
    left_out = held.left_out.get(unusable.NEAR_DUPLICATE, 0)
    chosen = f"; {left_out:,} more were left out by a person's choice" if left_out else ""
    return [
        "Files that cannot be decoded, exact duplicates, and pictures that are marked as not to be learned from, were "
        "left out.",
        f"Near duplicates were grouped and kept: {near} of others{chosen}.",
    ]


def _annotated(held: Holdings | None) -> str:
    if held is None:
        return "Not known."
    return (
        f"Classes ({held.classes.names:,}) and captions ({held.captions:,}) are taken from folders, tables and files; "
        "who wrote them, and by what rules, is not known."
    )


def _per_item(held: Holdings) -> str:
    classed = held.pictures - held.classes.unknown
    return f"At most one class and one caption: {classed:,} have a class, {held.captions:,} a caption."


def _biases(held: Holdings) -> list[str]:
    """What dominates, in figures."""
    said = []
    if held.classes.names > 1:
        largest, count = next(iter(held.classes.named.items()))
        share = count / held.pictures
        said.append(f"The largest class, {printable(class_name(largest))}, has {share:.0%} of the pictures.")
    if held.creators.names:
        first, count = next(iter(held.creators.named.items()))
        share = count / held.pictures
        said.append(f"The creator of the most pictures, {printable(first)}, made {share:.0%} of them.")
    if held.years is not None:
        said.append(f"The stated years are {held.years.earliest} to {held.years.latest}.")
    return [*said, "Other biases are not known: nobody recorded an assessment."]


def _limitations(subject: Subject) -> list[str]:
    terms = subject.terms
    unknown = [] if not subject.unrecorded else ["The licences of a collection are not known."]
    generated = subject.own.generated if subject.own is not None else 0
    made = [f"{counted(generated, 'picture')} {'says' if generated == 1 else 'say'} that a model made them."]
    said = [*terms.sentences, *subject.base_sentences]
    return [*map(printable, said), *unknown, *(made if generated else [])] or ["Not known."]


def _maintenance(subject: Subject) -> str:
    gone = f" Since a model was trained on it {_counts(subject.gone)} left it." if subject.gone else ""
    return (
        "No plan is recorded. Who asks to be taken out can be: the pictures leave the collection, and a later "
        f"collecting does not bring them back.{gone}"
    )


def _tally(tally: Tally) -> str:
    """'3: Ana (2), Bo (1) and 1 more; not stated of 4'."""
    missing = f"; not stated of {tally.unknown:,}" if tally.unknown else ""
    return f"{tally.names:,}{': ' if tally.names else ''}{_counts(tally.named, tally.beyond)}{missing}"


def _counts(counts: Mapping[str, int], beyond: int = 0) -> str:
    shown = [f"{printable(short_name(name))} ({count:,})" for name, count in list(counts.items())[:_MOST_NAMED]]
    more = len(counts) - len(shown) + beyond
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
