import pytest
import torch

from sfumato.images.tensors import MEAN, STD, denormalised, normalised


def test_a_picture_is_normalised_as_its_definition_says() -> None:
    levels = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    ours = normalised(2 * levels - 1)
    for colour in range(3):
        expected = (levels[:, colour] - MEAN[colour]) / STD[colour]
        torch.testing.assert_close(ours[:, colour], expected)


def test_the_way_back_leads_to_the_same_picture() -> None:
    images = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(denormalised(normalised(images)), images)


def test_black_and_white_are_the_ends_of_the_range() -> None:
    ends = normalised(torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 1, 1))
    assert ends.min().item() == pytest.approx(-2.1179, abs=1e-4)
    assert ends.max().item() == pytest.approx(2.64, abs=1e-4)
