"""What works have more or less of is found, corrected for the classifier's errors, and halves of one set are alike."""

import pytest
import torch

from sfumato.evaluation.shift import OTHERS, Looks, Reference, Shift, agreement, shifts
from sfumato.evaluation.traits import TRAITS

NAMES = ["drawing", "engraving", "painting"]


def looks(labels: torch.Tensor, seed: int, apart: float = 3.0, lighter: float = 0.0) -> Looks:
    """Normal traits, and rows of three clouds that a classifier tells apart with some errors."""
    generator = torch.Generator().manual_seed(seed)
    count = len(labels)
    traits = 0.5 + 0.1 * torch.randn(count, len(TRAITS), generator=generator, dtype=torch.float64)
    traits[:, 0] += lighter
    middles = apart * torch.eye(3, 5, dtype=torch.float64)
    return Looks(traits, torch.randn(count, 5, generator=generator, dtype=torch.float64) + middles[labels])


def labels_of(*counts: int) -> torch.Tensor:
    return torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])


def reference(counts: tuple[int, ...] = (60, 120, 60), seed: int = 0) -> Reference:
    labels = labels_of(*counts)
    return Reference.of(looks(labels, seed), torch.arange(len(labels)), labels, NAMES)


def by_name(found: list[Shift]) -> dict[str, Shift]:
    return {shift.name: shift for shift in found}


def test_an_exaggerated_class_and_a_lighter_tone_are_told_and_nothing_else() -> None:
    labels = labels_of(20, 160, 20)
    found = by_name(shifts(reference(), looks(labels, 1, lighter=0.08), [NAMES[label] for label in labels], draws=399))
    assert {name for name, shift in found.items() if shift.is_told} == {*NAMES, "lightness"}
    engraving = found["engraving"]
    assert engraving.collection == 0.5 and engraving.works == pytest.approx(0.8, abs=0.06)
    assert engraving.works_interval[0] < 0.8 < engraving.works_interval[1] and engraving.asked == 0.8
    assert engraving.interval[0] < 0.3 < engraving.interval[1]
    assert found["lightness"].difference == pytest.approx(0.08, abs=0.03) and found["lightness"].asked is None
    assert list(found) == [*NAMES, *TRAITS]


def test_shares_are_corrected_where_the_classifier_is_often_wrong() -> None:
    labels, known = labels_of(90, 420, 90), labels_of(300, 300, 300)
    real = Reference.of(looks(known, 0, apart=1.2), torch.arange(900), known, NAMES)
    engraving = by_name(shifts(real, looks(labels, 5, apart=1.2), draws=199))["engraving"]
    assert engraving.found is not None and engraving.found < 0.75 and engraving.seen is not None
    assert engraving.seen < 0.6 < engraving.works and engraving.works_interval[0] < 0.7 < engraving.works_interval[1]


def test_what_no_work_is_of_may_still_be_three_in_as_many() -> None:
    real = Reference.of(looks(labels_of(60, 120, 60), 0, 60), torch.arange(240), labels_of(60, 120, 60), NAMES)
    drawing = by_name(shifts(real, looks(labels_of(0, 100, 50), 1, 60), draws=199))["drawing"]
    assert drawing.seen == 0 and drawing.works_interval[0] == 0 and 0.01 < drawing.works_interval[1] < 0.05
    assert drawing.is_told and drawing.difference == pytest.approx(-0.25, abs=0.01)


def test_halves_of_one_set_are_seldom_told_apart() -> None:
    labels = labels_of(60, 120, 60)
    every, alarms = looks(labels, 0), 0
    for seed in range(10):
        order = torch.randperm(240, generator=torch.Generator().manual_seed(seed))
        one, other = order[:120], order[120:]
        real = Reference.of(every.at(one), one, labels[one], NAMES, seed)
        alarms += any(shift.is_told for shift in shifts(real, every.at(other), seed=seed, draws=99))
    assert alarms <= 3  # of 10 at 5 per cent: more come in one of a thousand trials


def test_the_same_seed_has_the_same_figures() -> None:
    works = looks(labels_of(30, 30, 30), 1)
    assert shifts(reference(), works, seed=4, draws=99) == shifts(reference(), works, seed=4, draws=99)
    assert shifts(reference(), works, seed=4, draws=99) != shifts(reference(), works, seed=5, draws=99)


def test_rare_classes_count_together_and_too_few_pictures_not_at_all() -> None:
    labels = torch.cat([labels_of(40, 40), torch.arange(2, 12)])  # ten classes of one picture
    names = [f"class {number}" for number in range(12)]
    generator = torch.Generator().manual_seed(0)
    every = Looks(torch.zeros(90, len(TRAITS)), torch.randn(90, 5, generator=generator, dtype=torch.float64))
    found = Reference.of(every, torch.arange(90), labels, names)
    assert list(found.classes) == ["class 0", "class 1", OTHERS] and (found.labels[80:] == 2).all()
    fewer = Reference.of(every.at(torch.arange(84)), torch.arange(84), labels[:84], names)
    assert list(fewer.classes) == ["class 0", "class 1"] and (fewer.labels[80:] == -1).all()
    assert [shift.kind for shift in shifts(found, every.at(torch.arange(20)), ["class 7"] * 20, draws=9)][:3] == [
        "class"
    ] * 3
    assert by_name(shifts(found, every.at(torch.arange(20)), ["class 7"] * 20, draws=9))[OTHERS].asked == 1


@pytest.mark.parametrize("labels", [labels_of(40), torch.full((40,), -1), labels_of(37, 3)])
def test_without_two_classes_only_traits_are_compared(labels: torch.Tensor) -> None:
    every = looks(torch.zeros(40, dtype=torch.int64), 0)
    real = Reference.of(every, torch.arange(40), labels, NAMES)
    assert real.judges is None and [shift.name for shift in shifts(real, every, draws=9)] == list(TRAITS)
    assert agreement(real, every, ["drawing"] * 40) is None


def test_works_of_other_classes_are_not_counted_by_class() -> None:
    works = looks(labels_of(30, 30, 30), 1)
    assert [shift.name for shift in shifts(reference(), works, draws=9, with_classes=False)] == list(TRAITS)


def test_works_agree_with_what_they_were_asked_to_be() -> None:
    labels = labels_of(30, 30, 30)
    works, names = looks(labels, 1), [NAMES[label] for label in labels]
    assert agreement(reference(), works, names) == pytest.approx(0.93, abs=0.06)
    assert agreement(reference(), works, [None] * 90) is None
    assert agreement(reference(), works, ["painting"] * 30 + [None] * 60) == pytest.approx(0.0, abs=0.15)


def test_a_trait_that_no_picture_has_does_no_harm() -> None:
    real, works = reference(), looks(labels_of(30, 30, 30), 1)
    real.looks.traits[:, 3] = works.traits[:, 3] = 0.0
    found = by_name(shifts(real, works, draws=99))[TRAITS[3]]
    assert found.difference == 0 and found.p == 1 and not found.is_told and found.deviation == 0
