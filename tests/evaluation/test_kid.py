"""The kernel distance is unbiased, and its error is what it says."""

import pytest
import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation import kernel_distance


def drawn(count: int, seed: int, width: int = 8, mean: float = 0.0) -> Tensor:
    return mean + torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_it_is_the_sum_over_pairs_of_the_paper() -> None:
    a, b = drawn(5, 0), drawn(7, 1, mean=0.5)

    def kernel(x: Tensor, y: Tensor) -> float:
        return float((x @ y / 8 + 1) ** 3)

    within = [
        sum(kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) / len(s) / (len(s) - 1)
        for s in (a, b)
    ]
    across = sum(kernel(x, y) for x in a for y in b) / 35
    assert kernel_distance(a, b).mean == pytest.approx(1000 * (sum(within) - 2 * across))


def test_over_many_draws_of_one_gaussian_it_is_zero() -> None:
    found = torch.tensor([kernel_distance(drawn(20, 2 * n), drawn(30, 2 * n + 1), rounds=2).mean for n in range(400)])
    assert abs(found.mean()) < 3 * found.std() / 20  # a biased one would be above by its diagonal, 1000 x 8 / 20
    assert (found < 0).double().mean() > 0.3


def test_a_shift_has_the_value_that_the_moments_give() -> None:
    """In one dimension (x y + 1)^3 = 1 + 3 x y + 3 x^2 y^2 + x^3 y^3, so each moment has its share."""
    mean = 1.0
    second, third = mean**2 + 1, mean**3 + 3 * mean
    exact = 3 * mean**2 + 3 * (second - 1) ** 2 + third**2  # the other Gaussian's moments are 0, 1 and 0
    found = kernel_distance(drawn(4000, 0, 1, mean), drawn(4000, 1, 1))
    assert found.mean == pytest.approx(1000 * exact, abs=3 * found.error)


def test_the_error_is_the_deviation_between_draws() -> None:
    found = [kernel_distance(drawn(60, 2 * n, mean=0.5), drawn(200, 2 * n + 1)) for n in range(60)]
    truth = torch.tensor([one.mean for one in found]).std()
    assert sum(one.error for one in found) / len(found) == pytest.approx(truth.item(), rel=0.35)


def test_it_depends_on_the_seed_in_its_error_alone() -> None:
    a, b = drawn(20, 0), drawn(20, 1)
    assert kernel_distance(a, b) == kernel_distance(a, b)
    assert kernel_distance(a, b, seed=1).mean == kernel_distance(a, b).mean
    assert kernel_distance(a, b, seed=1).error != kernel_distance(a, b).error


def test_too_few_pictures_and_two_widths_are_said() -> None:
    with pytest.raises(SfumatoError, match="KID: 3 pictures, and 4 or more are needed"):
        kernel_distance(drawn(3, 0), drawn(9, 1))
    with pytest.raises(SfumatoError, match="8 and 4 numbers"):
        kernel_distance(drawn(9, 0), drawn(9, 1, 4))
