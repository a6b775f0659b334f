"""Pictures are altered as copies are: they stay what they were, and no two in the same way."""

import pytest
import torch

from sfumato.likeness.alterations import _compressed, altered


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("shape", [(32, 32), (30, 41)])
def test_they_stay_in_range_and_alike(patches, number, shape):
    pictures = 0.7 * patches(6, size=48)[:, :, : shape[0], : shape[1]]
    changed = altered(pictures, torch.Generator().manual_seed(0), number)
    assert changed.shape == pictures.shape
    assert changed.abs().max() <= 1
    for one, other in zip(pictures, changed, strict=True):
        assert torch.corrcoef(torch.stack((one.flatten(), other.flatten())))[0, 1] > 0.5
    again = altered(pictures, torch.Generator().manual_seed(0), number)
    assert torch.equal(changed, again)
    twice = altered(pictures[:1].expand(2, -1, -1, -1), torch.Generator().manual_seed(0), number)
    assert (twice[0] - twice[1]).abs().mean() > 0.02


def test_compression_takes_fine_detail_and_leaves_the_rest(patches):
    smooth, fine = 0.8 * patches(1), torch.zeros(1, 3, 32, 32)
    fine[..., ::2, ::2] = fine[..., 1::2, 1::2] = 0.1
    assert (_compressed(smooth) - smooth).abs().mean() < 0.04
    assert _compressed(fine).std() < 0.1 * fine.std()
