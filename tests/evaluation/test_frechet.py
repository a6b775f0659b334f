"""The Frechet distance has the closed form of two Gaussians, and stays sensible where there are few pictures."""

import pytest
import torch
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation import frechet_distance
from sfumato.evaluation.frechet import shrunk_covariance


def drawn(count: int, width: int, seed: int) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_moments(mean: Tensor, root: Tensor, count: int = 64) -> Tensor:
    """Points whose mean is exactly that, and whose covariance is exactly root root'."""
    points = drawn(count, len(mean), 0)
    points = points - points.mean(0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(points.T.cov()), points.T, upper=False).T
    return white @ root.T + mean


def test_two_gaussians_have_their_closed_form() -> None:
    """Covariances with the same axes: |m - m'|^2 + sum (s - s')^2."""
    turn = torch.linalg.qr(drawn(4, 4, 3)).Q
    one, other = torch.tensor([1.0, 2.0, 0.5, 3.0]).double(), torch.tensor([2.0, 2.0, 1.0, 0.0]).double()
    mean = torch.tensor([1.0, 0.0, -2.0, 0.5]).double()
    found = frechet_distance(with_moments(mean, turn * one), with_moments(0 * mean, turn * other))
    assert found.distance == pytest.approx(5.25 + 1 + 0 + 0.25 + 9)
    assert found.shrunk == (0.0, 0.0)


def test_covariances_of_other_axes_have_the_root_of_their_product() -> None:
    first, second = drawn(3, 3, 4), drawn(3, 3, 5)
    values = torch.linalg.eigvals(first @ first.T @ second @ second.T).real.clamp_min(0)
    exact = first.square().sum() + second.square().sum() - 2 * values.sqrt().sum()
    zero = torch.zeros(3).double()
    found = frechet_distance(with_moments(zero, first), with_moments(zero, second))
    assert found.distance == pytest.approx(exact.item())


def test_a_set_is_no_distance_from_itself() -> None:
    for count in (5, 100):
        points = drawn(count, 20, 1)
        assert frechet_distance(points, points).distance == pytest.approx(0, abs=1e-6)


def test_few_pictures_are_nearer_to_the_truth_for_being_shrunk() -> None:
    a, b = drawn(40, 60, 1), drawn(40, 60, 2)
    found = frechet_distance(a, b)
    assert found.shrunk[0] > 0.5 and found.shrunk[1] > 0.5
    mean_part = (a.mean(0) - b.mean(0)).square().sum().item()
    assert found.distance < mean_part + 3  # the truth is 0; without shrinking the covariances add about 40
    assert frechet_distance(a, b + 1).distance - found.distance == pytest.approx(
        60 + 2 * (b.mean(0) - a.mean(0)).sum().item(), rel=1e-6
    )


def test_the_share_of_the_identity_falls_with_the_number_of_pictures() -> None:
    stretched = [drawn(count, 10, 1) * torch.arange(1, 11) for count in (12, 100, 5000)]
    shares = [shrunk_covariance(points)[1] for points in stretched]
    assert 1 > shares[0] > shares[1] > shares[2] > 0
    covariance = shrunk_covariance(stretched[2])[0]
    assert torch.allclose(covariance.diagonal(), torch.arange(1, 11).double().square(), rtol=0.1, atol=0.5)
    assert shrunk_covariance(torch.ones(5, 3).double())[1] == 0.0


def test_too_few_pictures_and_two_widths_are_said() -> None:
    with pytest.raises(SfumatoError, match="1 picture, and 2 or more are needed"):
        frechet_distance(drawn(1, 3, 0), drawn(9, 3, 1))
    with pytest.raises(SfumatoError, match="3 and 4 numbers"):
        frechet_distance(drawn(9, 3, 0), drawn(9, 4, 1))
