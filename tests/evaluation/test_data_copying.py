"""The rank sum is Mann and Whitney's; C_T finds a generator that copies, wherever it copies, and accuses none whose
works are as new as held-out pictures."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.data_copying import DataCopying, data_copying, nearest_distances, rank_sum


def scattered(count: int, seed: int, *, width: int = 4, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def copying(training: Tensor, held_out: Tensor, works: Tensor) -> DataCopying | None:
    return data_copying(*(nearest_distances(points, training) for points in (held_out, works)))


def test_the_share_of_larger_ones_counts_all_pairs() -> None:
    a, b = torch.tensor([1.0, 4.0, 4.0]), torch.tensor([0.0, 2.0, 4.0, 5.0])
    z, larger = rank_sum(a, b)
    assert larger == pytest.approx((1 + 2.5 + 2.5) / 12)
    assert z == pytest.approx(0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=4), st.lists(st.integers(0, 4), min_size=2, max_size=4))
def test_its_variance_is_that_of_all_ways_to_divide_the_numbers(a: list[int], b: list[int]) -> None:
    """Ties included: over all choices of m among them, z has a mean of 0 and a variance of 1."""
    numbers, m = a + b, len(a)
    scores = []
    for chosen in itertools.combinations(range(len(numbers)), m):
        ours = [float(numbers[index]) for index in chosen]
        theirs = [float(numbers[index]) for index in range(len(numbers)) if index not in chosen]
        scores.append(rank_sum(torch.tensor(ours), torch.tensor(theirs))[0])
    assert sum(scores) / len(scores) == pytest.approx(0, abs=1e-9)
    if len(set(numbers)) > 1:
        assert sum(score**2 for score in scores) / len(scores) == pytest.approx(1)


def test_new_works_are_not_accused() -> None:
    """Over 40 draws C_T is what it says: of mean 0, with its own error."""
    scores = []
    for seed in range(40):
        found = copying(*(scattered(count, 3 * seed + number) for number, count in enumerate((200, 90, 150))))
        assert found is not None
        scores.append(found.score / found.error)
    assert abs(sum(scores) / 40) < 3 / math.sqrt(40)
    assert 0.5 < sum(score**2 for score in scores) / 40 < 1.7


def test_a_generator_that_copies_is_found() -> None:
    training, held_out = scattered(300, 0), scattered(150, 1)
    copies = training[:200] + scattered(200, 2, scale=0.05)
    found = copying(training, held_out, copies)
    assert found is not None and found.score < -6
    assert all(cell.farther is not None and cell.farther < 0.1 for cell in found.cells)


def test_works_that_are_far_from_everything_are_above_0() -> None:
    found = copying(scattered(300, 0), scattered(150, 1), scattered(200, 2, scale=2.5))
    assert found is not None and found.score > 3


def test_rare_pictures_learned_by_heart_are_found_beside_common_ones_that_are_not() -> None:
    """A dense cloud that the generator has understood, and a sparse one of which it knows the training pictures."""

    def both(dense: int, sparse: int, seed: int) -> Tensor:
        return torch.cat((scattered(dense, seed, scale=0.1), 20 + scattered(sparse, seed + 100, scale=3.0)))

    training, held_out = both(400, 200, 0), both(100, 50, 1)
    copied = training[400:] + scattered(200, 9, scale=0.05)
    found = copying(training, held_out, torch.cat((scattered(400, 2, scale=0.1), copied)))
    assert found is not None
    dense, _, sparse = found.cells
    assert dense.z is not None and abs(dense.z) < 3
    assert sparse.z is not None and sparse.z < -6 and sparse.farther is not None and sparse.farther < 0.1


def test_a_set_is_as_near_as_itself() -> None:
    training, held_out = scattered(100, 0), scattered(60, 1)
    found = copying(training, held_out, held_out)
    assert found is not None and found.score == pytest.approx(0)
    assert [cell.works for cell in found.cells] == [cell.held_out for cell in found.cells] == [20, 20, 20]
    assert found.error == pytest.approx(1 / math.sqrt(3))


def test_where_too_few_lie_nothing_is_said() -> None:
    training = scattered(100, 0)
    assert copying(training, scattered(29, 1), scattered(9, 2)) is None
    far = copying(training, scattered(60, 1), scattered(50, 2) + 100)  # all of them in the sparsest third
    assert far is not None and [cell.z is None for cell in far.cells] == [True, True, False]
    assert far.error == 1


def test_neighbours_are_the_nearest_and_in_order() -> None:
    line = torch.arange(10.0)[:, None]
    assert nearest_distances(torch.tensor([[2.2]]), line, 3).tolist() == [pytest.approx([0.2, 0.8, 1.2])]
    with pytest.raises(SfumatoError, match="4 training pictures, and 5 are looked for"):
        nearest_distances(line, line[:4])
    with pytest.raises(SfumatoError, match="1 and 2 numbers"):
        nearest_distances(line, torch.zeros(9, 2))
