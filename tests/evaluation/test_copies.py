"""Copies are found, mirrored and noised ones too, and new pictures are not called copies."""

import numpy as np
import pytest
import torch
from torch import Tensor

from sfumato.collection.drawn import draw
from sfumato.errors import SfumatoError
from sfumato.evaluation import copies, nearest_pictures
from sfumato.evaluation.copies import correlated_pictures, correlation_rows


def drawn(seeds: range, size: int = 32) -> Tensor:
    pictures = np.stack([np.asarray(draw(name, seed, size)) for seed in seeds for name in ("flow", "glass")])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1


@pytest.fixture(scope="module")
def training() -> Tensor:
    return drawn(range(20))


def alone(training: Tensor) -> Tensor:
    return torch.arange(len(training))


def test_training_pictures_are_all_copies_and_of_themselves(training: Tensor) -> None:
    found = nearest_pictures(training, training, alone(training))
    assert found.fraction == 1.0
    assert found.indices[:, 0].tolist() == list(range(len(training)))
    assert found.distances[:, 0].max() < 1e-4
    assert (found.indices[:, 0] != found.indices[:, 1]).all()


def test_mirrored_and_slightly_noised_ones_are_copies(training: Tensor) -> None:
    noise = 0.05 * torch.randn(training.shape, generator=torch.Generator().manual_seed(0))
    found = nearest_pictures(training.flip(-1) + noise, training, alone(training))
    assert found.fraction == 1.0
    assert found.indices[:, 0].tolist() == list(range(len(training)))


def test_held_out_pictures_are_none(training: Tensor) -> None:
    assert nearest_pictures(drawn(range(100, 110)), training, alone(training)).fraction == 0.0


def test_a_copy_of_a_picture_that_was_there_twice_is_found_by_its_group(training: Tensor) -> None:
    twice = torch.cat((training, training + 0.01))
    work = training[3:4] + 0.005
    assert nearest_pictures(work, twice, alone(twice)).fraction == 0.0
    found = nearest_pictures(work, twice, torch.cat((alone(training), alone(training))))
    assert found.fraction == 1.0
    assert found.indices[0, 0] % len(training) == 3 and found.indices[0, 1] % len(training) != 3


def test_the_two_nearest_are_those_of_a_full_search(training: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "AT_A_TIME", 7)
    works = drawn(range(200, 206))
    groups = alone(training) // 3
    found = nearest_pictures(works, training, groups)
    for work, indices, distances in zip(works, found.indices.tolist(), found.distances.tolist(), strict=True):
        both = torch.stack([(training - work), (training.flip(-1) - work)]).double().square().sum((2, 3, 4))
        every = both.sqrt().amin(0)
        first = int(every.argmin())
        others = every.masked_fill(groups == groups[first], torch.inf)
        assert indices == [first, int(others.argmin())]
        assert distances == pytest.approx([every[first].item(), others.min().item()], abs=1e-6)


def test_larger_pictures_are_compared_at_32_pixels() -> None:
    large = drawn(range(4), 64)
    assert copies.reduced(large).shape[2:] == (32, 32)
    assert nearest_pictures(copies.reduced(large), large, alone(large)).fraction == 1.0


def test_training_pictures_of_one_motif_are_said(training: Tensor) -> None:
    with pytest.raises(SfumatoError, match="all near duplicates of each other"):
        nearest_pictures(training, training, torch.zeros(len(training)))


def blurred(images: Tensor) -> Tensor:
    """Over 3 x 3 pixels, and paler by half."""
    return torch.nn.functional.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False) / 2


def test_a_blurred_and_pale_copy_is_found_by_its_correlation_alone(training: Tensor) -> None:
    works = blurred(training).flip(-1)
    found = correlated_pictures(works, training, alone(training))
    assert found.indices[:, 0].tolist() == list(range(len(training)))
    assert found.fraction > 0.9 > 0.5 > nearest_pictures(works, training, alone(training)).fraction
    assert correlated_pictures(drawn(range(100, 110)), training, alone(training)).fraction == 0.0


def test_a_picture_correlates_with_itself_by_one_and_with_its_negative_by_minus_one() -> None:
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    both = torch.cat((picture, picture.flip(-1)))  # mirrored ones are looked at, so the negative has to be of both
    assert correlated_pictures(picture, picture, torch.zeros(1)).values[0].tolist() == pytest.approx([1, -1], abs=1e-5)
    symmetric = (picture + picture.flip(-1)) / 2
    assert correlated_pictures(-symmetric, symmetric, torch.zeros(1)).values[0, 0].item() == pytest.approx(-1, abs=1e-5)
    assert correlated_pictures(torch.zeros(1, 3, 32, 32), both, torch.arange(2)).values.abs().max() < 1e-6


@pytest.mark.parametrize("side", [16, 24, 32, 40, 100])
def test_pictures_are_averaged_over_cells_whatever_their_size(side: int) -> None:
    ramp = torch.arange(side).float().add(0.5).div(side).expand(1, 3, side, side)
    expected = ramp[0, 0, 0].repeat_interleave(16).view(16, side).mean(1)  # as if each pixel were sixteen
    rows = correlation_rows(ramp).view(3, 16, 16)
    assert torch.allclose(rows[0, 0] / rows[0, 0].std(), (expected - 0.5) / expected.std(), atol=1e-3)


def test_the_second_is_of_another_group(training: Tensor) -> None:
    twice = torch.cat((training, training))
    found = correlated_pictures(training[:5], twice, torch.cat((alone(training), alone(training))))
    assert (found.indices[:, 1] % len(training) != torch.arange(5)).all()
    assert (found.values[:, 1] < 0.99).all()
