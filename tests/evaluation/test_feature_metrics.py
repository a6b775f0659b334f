"""The Frechet distance has the closed form of two Gaussians, and stays sensible where there are few pictures; the
kernel distance is unbiased, and its error is what it says; precision, recall, density and coverage are 0 or 1 where it
is plain that they must be."""

import pytest
import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation import density_coverage, frechet_distance, kernel_distance, precision_recall
from sfumato.evaluation.feature_metrics import shrunk_covariance


def gaussian(count: int, width: int, seed: int) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_moments(mean: Tensor, root: Tensor, count: int = 64) -> Tensor:
    """Points whose mean is exactly that, and whose covariance is exactly root root'."""
    points = gaussian(count, len(mean), 0)
    points = points - points.mean(0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(points.T.cov()), points.T, upper=False).T
    return white @ root.T + mean


def test_two_gaussians_have_their_closed_form() -> None:
    """Covariances with the same axes: |m - m'|^2 + sum (s - s')^2."""
    turn = torch.linalg.qr(gaussian(4, 4, 3)).Q
    one, other = torch.tensor([1.0, 2.0, 0.5, 3.0]).double(), torch.tensor([2.0, 2.0, 1.0, 0.0]).double()
    mean = torch.tensor([1.0, 0.0, -2.0, 0.5]).double()
    found = frechet_distance(with_moments(mean, turn * one), with_moments(0 * mean, turn * other))
    assert found.distance == pytest.approx(5.25 + 1 + 0 + 0.25 + 9)
    assert found.shrunk == (0.0, 0.0)


def test_covariances_of_other_axes_have_the_root_of_their_product() -> None:
    first, second = gaussian(3, 3, 4), gaussian(3, 3, 5)
    values = torch.linalg.eigvals(first @ first.T @ second @ second.T).real.clamp_min(0)
    exact = first.square().sum() + second.square().sum() - 2 * values.sqrt().sum()
    zero = torch.zeros(3).double()
    found = frechet_distance(with_moments(zero, first), with_moments(zero, second))
    assert found.distance == pytest.approx(exact.item())


def test_a_set_is_no_distance_from_itself() -> None:
    for count in (5, 100):
        points = gaussian(count, 20, 1)
        assert frechet_distance(points, points).distance == pytest.approx(0, abs=1e-6)


def test_few_pictures_are_nearer_to_the_truth_for_being_shrunk() -> None:
    a, b = gaussian(40, 60, 1), gaussian(40, 60, 2)
    found = frechet_distance(a, b)
    assert found.shrunk[0] > 0.5 and found.shrunk[1] > 0.5
    mean_part = (a.mean(0) - b.mean(0)).square().sum().item()
    assert found.distance < mean_part + 3  # the truth is 0; without shrinking the covariances add about 40
    assert frechet_distance(a, b + 1).distance - found.distance == pytest.approx(
        60 + 2 * (b.mean(0) - a.mean(0)).sum().item(), rel=1e-6
    )


def test_the_share_of_the_identity_falls_with_the_number_of_pictures() -> None:
    stretched = [gaussian(count, 10, 1) * torch.arange(1, 11) for count in (12, 100, 5000)]
    shares = [shrunk_covariance(points)[1] for points in stretched]
    assert 1 > shares[0] > shares[1] > shares[2] > 0
    covariance = shrunk_covariance(stretched[2])[0]
    assert torch.allclose(covariance.diagonal(), torch.arange(1, 11).double().square(), rtol=0.1, atol=0.5)
    assert shrunk_covariance(torch.ones(5, 3).double())[1] == 0.0


def test_too_few_pictures_and_two_widths_for_the_frechet_distance_are_said() -> None:
    with pytest.raises(SfumatoError, match="1 picture, and 2 or more are needed"):
        frechet_distance(gaussian(1, 3, 0), gaussian(9, 3, 1))
    with pytest.raises(SfumatoError, match="3 and 4 numbers"):
        frechet_distance(gaussian(9, 3, 0), gaussian(9, 4, 1))


def points(count: int, seed: int, width: int = 8, mean: float = 0.0) -> Tensor:
    return mean + torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_kernel_distance_is_the_sum_over_pairs_of_the_paper() -> None:
    a, b = points(5, 0), points(7, 1, mean=0.5)

    def kernel(x: Tensor, y: Tensor) -> float:
        return float((x @ y / 8 + 1) ** 3)

    within = [
        sum(kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) / len(s) / (len(s) - 1)
        for s in (a, b)
    ]
    across = sum(kernel(x, y) for x in a for y in b) / 35
    assert kernel_distance(a, b).mean == pytest.approx(1000 * (sum(within) - 2 * across))


def test_over_many_draws_of_one_gaussian_the_kernel_distance_is_zero() -> None:
    found = torch.tensor([kernel_distance(points(20, 2 * n), points(30, 2 * n + 1), rounds=2).mean for n in range(400)])
    assert abs(found.mean()) < 3 * found.std() / 20  # a biased one would be above by its diagonal, 1000 x 8 / 20
    assert (found < 0).double().mean() > 0.3


def test_the_kernel_distance_of_a_shift_has_the_value_that_the_moments_give() -> None:
    """In one dimension (x y + 1)^3 = 1 + 3 x y + 3 x^2 y^2 + x^3 y^3, so each moment has its share."""
    mean = 1.0
    second, third = mean**2 + 1, mean**3 + 3 * mean
    exact = 3 * mean**2 + 3 * (second - 1) ** 2 + third**2  # the other Gaussian's moments are 0, 1 and 0
    found = kernel_distance(points(4000, 0, 1, mean), points(4000, 1, 1))
    assert found.mean == pytest.approx(1000 * exact, abs=3 * found.error)


def test_the_kernel_distances_error_is_the_deviation_between_draws() -> None:
    found = [kernel_distance(points(60, 2 * n, mean=0.5), points(200, 2 * n + 1)) for n in range(60)]
    truth = torch.tensor([one.mean for one in found]).std()
    assert sum(one.error for one in found) / len(found) == pytest.approx(truth.item(), rel=0.35)


def test_the_kernel_distance_depends_on_the_seed_in_its_error_alone() -> None:
    a, b = points(20, 0), points(20, 1)
    assert kernel_distance(a, b) == kernel_distance(a, b)
    assert kernel_distance(a, b, seed=1).mean == kernel_distance(a, b).mean
    assert kernel_distance(a, b, seed=1).error != kernel_distance(a, b).error


def test_too_few_pictures_and_two_widths_for_the_kernel_distance_are_said() -> None:
    with pytest.raises(SfumatoError, match="KID: 3 pictures, and 4 or more are needed"):
        kernel_distance(points(3, 0), points(9, 1))
    with pytest.raises(SfumatoError, match="8 and 4 numbers"):
        kernel_distance(points(9, 0), points(9, 1, 4))


def scattered(count: int, seed: int, mean: float = 0.0) -> Tensor:
    return mean + torch.randn(count, 4, generator=torch.Generator().manual_seed(seed))


def line(*values: float) -> Tensor:
    return torch.tensor(values).view(-1, 1)


def test_the_same_pictures_have_all_of_it() -> None:
    real = scattered(40, 0)
    assert precision_recall(real, real) == (1.0, 1.0)
    assert density_coverage(real, real)[1] == 1.0
    assert density_coverage(real, real)[0] >= 1.0


def test_pictures_elsewhere_have_nothing() -> None:
    real, made = scattered(40, 0), scattered(40, 1, mean=100)
    assert precision_recall(real, made) == (0.0, 0.0)
    assert density_coverage(real, made) == (0.0, 0.0)


def test_one_good_picture_over_and_over_is_precise_and_recalls_nothing() -> None:
    real = scattered(40, 0)
    made = real[:1].expand(40, -1)
    precision, recall = precision_recall(real, made)
    assert precision == 1.0
    assert recall == 1 / 40  # the one that is repeated lies in its balls, which have no extent
    assert density_coverage(real, made)[1] < 0.5


def test_half_of_the_motifs_are_half_of_the_recall() -> None:
    real = torch.cat((scattered(40, 0), scattered(40, 1, mean=100)))
    made = scattered(80, 2)
    precision, recall = precision_recall(real, made)
    assert precision > 0.8 and 0.4 < recall <= 0.5
    assert 0.4 < density_coverage(real, made)[1] <= 0.5


def test_balls_reach_as_far_as_the_kth_neighbour_and_no_farther() -> None:
    real = line(0, 1, 2, 3)  # with k = 1 each ball has the radius 1
    assert precision_recall(real, line(-1.0, -1.01, 10, 10.5), k=1)[0] == 0.25
    assert precision_recall(real, line(-1.0, -1.01, 10, 10.5), k=1)[1] == 0.0
    density, coverage = density_coverage(real, line(1.5, 1.5, 50, 60), k=1)
    assert density == pytest.approx((2 + 2) / 4)  # each of two works lies in the balls about 1 and 2
    assert coverage == 0.5


def test_an_outlier_among_the_real_fools_precision_and_not_density() -> None:
    real = torch.cat((scattered(60, 0), torch.full((1, 4), 50.0)))
    made = torch.full((60, 4), 30.0) + scattered(60, 1)
    assert precision_recall(real, made)[0] == 1.0
    assert density_coverage(real, made)[0] < 0.3


def test_too_few_pictures_and_two_widths_for_precision_are_said() -> None:
    with pytest.raises(SfumatoError, match="3 pictures, and 3 neighbours of each are looked for; give 4"):
        precision_recall(scattered(3, 0), scattered(9, 1))
    with pytest.raises(SfumatoError, match="5 pictures, and 5 neighbours of each"):
        density_coverage(scattered(9, 0), scattered(5, 1))
    with pytest.raises(SfumatoError, match="4 and 1 numbers"):
        precision_recall(scattered(9, 0), line(*range(9)))
