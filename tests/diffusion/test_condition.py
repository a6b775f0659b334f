"""Conditions are cut, repeated and dropped as the pictures that they belong to are."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from sfumato.diffusion import ClassCondition, Condition, Mixture, PictureCondition
from sfumato.diffusion.condition import joined


@dataclass(frozen=True, eq=False)
class TwoParts(Condition):
    tokens: Tensor
    pooled: Tensor


def two_parts(count: int = 3) -> TwoParts:
    tokens = torch.arange(1.0, count * 8 + 1).view(count, 2, 4)
    return TwoParts(tokens, tokens.mean((1, 2))[:, None])


def picture(count: int = 2) -> PictureCondition:
    return PictureCondition(torch.arange(count * 60.0).view(count, 3, 4, 5))


@pytest.mark.parametrize(
    "condition", [ClassCondition.of([2, -1, 0]), PictureCondition(torch.rand(3, 3, 4, 4)), two_parts()]
)
def test_every_condition_can_be_indexed_repeated_and_joined(condition: Condition) -> None:
    assert len(condition) == 3
    for index in (slice(1, 3), torch.tensor([1, 2]), torch.tensor([False, True, True])):
        assert torch.equal(condition[index].inputs, condition.inputs[1:])
    assert len(condition.repeat(2)) == 6
    assert torch.equal(condition.repeat(2).inputs, torch.cat((condition.inputs, condition.inputs)))
    both = joined([condition[:1], condition[1:]])
    assert type(both) is type(condition)
    assert torch.equal(both.inputs, condition.inputs)
    assert condition.to("meta").inputs.device.type == "meta"


def test_minus_one_is_no_class_which_has_the_first_row() -> None:
    condition = ClassCondition.of(torch.tensor([2, -1, 0]))
    assert condition.inputs.tolist() == [3, 0, 1]
    assert condition.inputs.dtype == torch.int64
    assert condition.drop().inputs.tolist() == [0, 0, 0]
    assert condition.drop(torch.tensor([True, False, False])).inputs.tolist() == [0, 0, 1]
    assert condition.inputs.tolist() == [3, 0, 1]


def test_all_parts_of_a_dropped_condition_are_nothing() -> None:
    condition = two_parts()
    some = condition.drop(torch.tensor([False, True, False]))
    for before, after in ((condition.tokens, some.tokens), (condition.pooled, some.pooled)):
        assert torch.equal(after[[0, 2]], before[[0, 2]])
        assert not after[1].any()
    assert not condition.drop().tokens.any() and not condition.drop().pooled.any()


def test_a_reference_is_never_dropped() -> None:
    assert picture().drop().picture.equal(picture().picture)
    assert picture().drop(torch.tensor([True, False])).picture.equal(picture().picture)


def test_only_what_has_places_differs_between_windows() -> None:
    positions = [(torch.tensor([0, 1]), torch.tensor([3, 4])), (torch.tensor([3, 0]), torch.tensor([4, 0]))]
    whole = picture()
    cut = whole.windows(positions).picture
    assert torch.equal(cut[:2], whole.picture[:, :, 0:2, 3:5])
    assert torch.equal(cut[2:, :, 0, 0], whole.picture[:, :, 3, 4])  # and over the edges of a torus
    assert torch.equal(cut[2:, :, 1, 1], whole.picture[:, :, 0, 0])
    assert ClassCondition.of([4, 7]).windows(positions).inputs.tolist() == [5, 8, 5, 8]


def test_a_mixture_of_fewer_conditions_than_another_has_its_first_again_with_weight_0() -> None:
    mixture = Mixture.joined(
        [ClassCondition.mixture({2: 0.25, 0: 0.75}), ClassCondition.mixture({1: 1.0}), ClassCondition.mixture({})]
    )
    assert [condition.inputs.tolist() for condition in mixture.conditions] == [[3, 2, 0], [1, 2, 0]]
    assert mixture.weights.tolist() == [[0.25, 1.0, 1.0], [0.75, 0.0, 0.0]]
    part = mixture[1:]
    assert [condition.inputs.tolist() for condition in part.conditions] == [[2, 0], [2, 0]]
    assert part.weights.tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_a_mixture_is_cut_into_windows_with_its_weights() -> None:
    place = (torch.arange(2), torch.arange(2))
    mixture = Mixture.joined([ClassCondition.mixture({2: 0.25, 0: 0.75}), ClassCondition.mixture({1: 1.0})])
    cut = mixture.windows([place] * 3)
    assert [condition.inputs.tolist() for condition in cut.conditions] == [[3, 2] * 3, [1, 2] * 3]
    assert cut.weights.tolist() == [[0.25, 1.0] * 3, [0.75, 0.0] * 3]


def test_pictures_that_are_asked_for_nothing_have_no_condition() -> None:
    mixture = Mixture.joined([Mixture(), ClassCondition.mixture({})])
    assert mixture.conditions == ()
    assert mixture.windows([(torch.arange(2), torch.arange(2))] * 3).weights.shape == (0, 6)
    assert Mixture.of(ClassCondition.of([1, 2])).weights.tolist() == [[1.0, 1.0]]
