"""Of a copy that was shifted, cropped or mirrored one view is what was kept of the original."""

import pytest
import torch
import torch.nn.functional as F

from sfumato.likeness.views import LARGEST, SIDE, VIEWS, framed, viewed


def smooth(size: int = 64, width: int = 0) -> torch.Tensor:
    coarse = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(3)) * 2 - 1
    return F.interpolate(coarse, (size, width or size), mode="bicubic").clamp(-1, 1)


def nearest(copy: torch.Tensor, original: torch.Tensor) -> float:
    """The mean difference of the most alike view."""
    return (viewed(copy)[0] - framed(original)).abs().mean((1, 2, 3)).min().item()


def test_a_view_is_there_for_each_placement_and_its_mirror_image():
    views = viewed(smooth())
    assert views.shape == (1, VIEWS, 3, SIDE, SIDE)
    assert torch.equal(views[:, VIEWS // 2 :], views[:, : VIEWS // 2].flip(-1))
    assert torch.equal(views[:, 0], framed(smooth()))


@pytest.mark.parametrize("down", [-4, 0, 4])
@pytest.mark.parametrize("across", [-4, 0, 4])
def test_a_shift_of_a_sixteenth_is_undone_exactly(down, across):
    original = smooth()
    copy = torch.rand_like(original)  # what comes in at the edges is another thing
    copy[:, :, max(0, down) : 64 + min(0, down), max(0, across) : 64 + min(0, across)] = original[
        :, :, max(0, -down) : 64 - max(0, down), max(0, -across) : 64 - max(0, across)
    ]
    assert nearest(copy, original) < 1e-6


@pytest.mark.parametrize("corner", [(0, 0), (0, 0.05), (0.05, 0.05), (0.025, 0.025)])
def test_a_crop_of_five_percent_is_found(corner):
    original = smooth(320)
    top, left = (round(320 * place) for place in corner)
    copy = F.interpolate(original[:, :, top : top + 304, left : left + 304], (320, 320), mode="bicubic")
    assert nearest(copy, original) < 0.01 < (framed(copy) - framed(original)).abs().mean()


def test_a_long_picture_holds_a_copy_wherever_it_is():
    original = smooth(48)
    for left in (0, 31, 80):
        copy = torch.zeros(1, 3, 48, 128)
        copy[..., left : left + 48] = original
        assert nearest(copy, original) < 0.13
        assert nearest(copy.transpose(2, 3), original.transpose(2, 3)) < 0.13


@pytest.mark.parametrize("size", [(8, 8), (33, 31), (LARGEST + 9, LARGEST + 9), (500, 40)])
def test_any_size_can_be_looked_at(size):
    assert viewed(torch.zeros(2, 3, *size)).shape[2:] == (3, SIDE, SIDE)
    assert framed(torch.zeros(2, 3, *size)).shape == (2, 3, SIDE, SIDE)


def test_what_is_no_number_is_grey():
    assert viewed(torch.full((1, 3, 32, 32), torch.nan)).abs().max() == 0
