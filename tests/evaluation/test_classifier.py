"""Classes are told by classifiers that have not seen the picture, and shares are corrected for their errors."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.evaluation.classifier import FOLDS, Judges, LinearDiscriminant, mixture_shares


def clouds(count: int, apart: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two normal clouds in four dimensions, their middles ``apart`` deviations from each other. -> rows, labels"""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    rows = torch.randn(count, 4, generator=generator, dtype=torch.float64)
    rows[:, 0] += apart * labels
    return rows, labels


def test_two_normal_clouds_are_told_as_well_as_they_can_be() -> None:
    rows, labels = clouds(4000, 2.0)
    fitted = LinearDiscriminant.fit(rows, labels, 2)
    others, truth = clouds(20000, 2.0, seed=1)
    best = torch.special.ndtr(torch.tensor(1.0)).item()  # the middle between them is one deviation from each
    assert (fitted.seen(others) == truth).double().mean().item() == pytest.approx(best, abs=0.01)


def test_a_common_class_is_not_seen_for_that_reason() -> None:
    rows, labels = clouds(2000, 1.0)
    few = (labels == 0) | (torch.arange(2000) < 100)
    fitted = LinearDiscriminant.fit(rows[few], labels[few], 2)
    others, truth = clouds(20000, 1.0, seed=1)
    rights = [(fitted.seen(others) == truth)[truth == label].double().mean().item() for label in (0, 1)]
    assert rights[0] == pytest.approx(rights[1], abs=0.1)


def test_features_that_do_not_vary_or_are_many_do_no_harm() -> None:
    rows, labels = clouds(60, 4.0)
    wide = torch.cat([rows, torch.zeros(60, 3), torch.randn(60, 100, generator=torch.Generator().manual_seed(1))], 1)
    judges = Judges.fit(wide.double(), labels, torch.arange(60), 2, seed=0)
    assert (judges.seen(wide.double()) == labels).double().mean() > 0.8


def test_near_duplicates_are_judged_by_none_that_saw_one_of_them() -> None:
    rows, labels = clouds(90, 1.0)
    families = torch.arange(90) // 3
    judges = Judges.fit(rows, labels, families, 2, seed=5)
    assert all(len(set(judges.folds[families == family].tolist())) == 1 for family in range(30))
    assert set(judges.folds.tolist()) == set(range(FOLDS))


def test_a_label_by_chance_is_found_as_often_as_chance_has_it() -> None:
    """Were pictures judged by what had seen them, more than half would be right."""
    rows, labels = clouds(400, 0.0, seed=3)
    wide = torch.cat([rows, torch.randn(400, 100, generator=torch.Generator().manual_seed(4), dtype=torch.float64)], 1)
    judges = Judges.fit(wide, labels, torch.arange(400), 2, seed=0)
    assert 0.4 < (judges.seen(wide) == labels).double().mean() < 0.6


def test_a_picture_of_no_class_teaches_nothing_and_is_judged() -> None:
    rows, labels = clouds(80, 6.0)
    rows[0] += 1000
    unlabelled = labels.clone()
    unlabelled[0] = -1
    judges = Judges.fit(rows, unlabelled, torch.arange(80), 2, seed=0)
    assert (judges.seen(rows) == labels)[1:].all() and judges.seen(rows)[0] in (0, 1)
    assert len(judges.seen_in_works(rows[:7])) == 7


@settings(max_examples=30)
@given(st.lists(st.floats(0.05, 1), min_size=2, max_size=4), st.floats(0.0, 0.3), st.integers(0, 1000))
def test_shares_come_back_from_what_a_classifier_of_known_errors_sees(
    parts: list[float], wrong: float, seed: int
) -> None:
    truth = torch.tensor(parts, dtype=torch.float64)
    truth, count = truth / truth.sum(), len(parts)
    noise = torch.rand(count, count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    rates = (1 - wrong) * torch.eye(count, dtype=torch.float64) + wrong * noise / noise.sum(1, keepdim=True)
    found = mixture_shares(truth @ rates, rates)
    assert torch.allclose(found, truth, atol=0.01)


def test_a_share_is_never_below_none_and_many_are_corrected_at_once() -> None:
    rates = torch.tensor([[0.8, 0.2], [0.3, 0.7]], dtype=torch.float64)
    seen = torch.tensor([[1.0, 0.0], [0.8, 0.2], [0.55, 0.45], [0.0, 1.0]], dtype=torch.float64)
    found = mixture_shares(100 * seen, rates.expand(4, 2, 2))
    assert torch.allclose(found[:, 0], torch.tensor([1.0, 1.0, 0.5, 0.0], dtype=torch.float64), atol=5e-3)
    assert torch.allclose(found.sum(1), torch.ones(4, dtype=torch.float64))
