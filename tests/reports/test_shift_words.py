"""Of works nothing is said that was not measured, and nothing that was is left unsaid."""

from dataclasses import replace
from typing import Any

import pytest

from sfumato.evaluation.collection_report import Compared, WorksBeside
from sfumato.evaluation.shift import Shift
from sfumato.evaluation.traits import TRAITS
from sfumato.reports import shift_words
from sfumato.reports.shift_words import WORDS

CLASS = Shift(
    "engraving", "class", 0.5, 0.7, (0.6, 0.8), 0.2, (0.08, 0.32), 0.5, 0.001, seen=0.66, asked=0.72, found=0.85
)
TONE = Shift("lightness", "tone", 0.6, 0.7, (0.68, 0.72), 0.1, (0.06, 0.14), 0.15, 0.0005)


def unsure(shift: Shift) -> Shift:
    return replace(shift, p=0.2)


def works(*shifts: Shift, **fields: Any) -> WorksBeside:
    given: dict[str, Any] = {"name": "run", "count": 512, "agreement": 0.8, "palette": [], "pictures": [], "notes": []}
    return WorksBeside(shifts=shifts, facts={}, digests={}, **(given | fields))


COMPARED = Compared(32, 725, ["engraving"], [0.85], [[1.0]], [])


def test_every_trait_has_its_words() -> None:
    assert list(WORDS) == list(TRAITS)


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        (
            CLASS,
            "The model exaggerates ‘engraving’: 70% (60% to 80%) against 50% of the collection; 72% were made as it.",
        ),
        (
            replace(CLASS, works=0.3, works_interval=(0.2, 0.4), difference=-0.2, asked=None),
            "The model drops ‘engraving’: 30% (20% to 40%) against 50% of the collection.",
        ),
        (TONE, "The works are lighter: 0.70 (0.68 to 0.72) against 0.60 of the collection."),
        (
            replace(TONE, works=0.61, works_interval=(0.605, 0.615), difference=0.01),
            "The works are slightly lighter: 0.610 (0.605 to 0.615) against 0.600 of the collection.",
        ),
        (
            replace(TONE, deviation=0.1),
            "The works are far lighter: 0.70 (0.68 to 0.72) against 0.60 of the collection.",
        ),
    ],
)
def test_what_is_told_apart_is_a_sentence_with_its_numbers(shift: Shift, said: str) -> None:
    assert shift_words.sentence(shift) == said


def test_what_is_not_told_apart_is_not_denied() -> None:
    (said,) = shift_words.sentences(works(unsure(CLASS), unsure(TONE)))
    assert said.startswith("By none of 2 measures can the works be told") and "does not say that they are alike" in said
    assert (
        shift_words.sentences(works(CLASS, unsure(TONE)))[-1] == "By the other 1 measure they cannot be told from it."
    )
    assert shift_words.reading(unsure(CLASS)) == "not to be told apart"


def test_an_interval_that_holds_nothing_raises_no_word() -> None:
    assert not replace(CLASS, interval=(-0.01, 0.4)).is_told and not replace(CLASS, p=0.06).is_told


def test_many_differences_are_named_without_their_numbers_after_the_first() -> None:
    many = [replace(TONE, name=name, deviation=0.1 + number) for number, name in enumerate(TRAITS)]
    said = shift_words.sentences(works(*many))
    assert len(said) == shift_words.MOST_SENTENCES + 1 and "they differ as surely" in said[-1].lower()
    assert "lighter" in said[0] and said[-1].endswith("levels.")


def test_works_that_are_harder_to_tell_are_said_to_be() -> None:
    assert "may be off" not in shift_words.agreement_sentence(works(CLASS), COMPARED)
    assert "may be off" in shift_words.agreement_sentence(works(CLASS, agreement=0.5), COMPARED)
    assert shift_words.agreement_sentence(works(CLASS, agreement=None), COMPARED) == ""


def test_a_classifier_that_is_often_wrong_is_said_to_be() -> None:
    assert "85% of ‘engraving’" in shift_words.classifier_sentence(COMPARED)
    assert "often wrong of ‘engraving’" in shift_words.classifier_sentence(replace(COMPARED, found=[0.4]))
    assert "often wrong" not in shift_words.classifier_sentence(COMPARED)


def test_intervals_that_do_not_meet_are_named_for_two_sets() -> None:
    other = works(replace(CLASS, works=0.3, works_interval=(0.2, 0.4)), TONE, name="balanced")
    (said,) = shift_words.disjoint_sentences([works(CLASS, TONE), other])
    assert said.startswith("‘engraving’: 60% to 80% of the works of run, and 20% to 40% of those of balanced")
    near = works(replace(CLASS, works_interval=(0.2, 0.65)))
    assert shift_words.disjoint_sentences([works(CLASS), near]) == shift_words.disjoint_sentences([]) == []
    assert shift_words.disjoint_sentences([works(CLASS), works(TONE)]) == []


def test_numbers_have_as_many_digits_as_mean_something() -> None:
    assert (
        shift_words.percent(0.004) == "0.4%" and shift_words.percent(0) == "0%" and shift_words.percent(0.514) == "51%"
    )
    assert shift_words.signed(CLASS, (0.08, 0.32)) == "+8 to +32 points"
    assert shift_words.signed(TONE, (-0.004, 0.14)) == "−0.004 to +0.14"
