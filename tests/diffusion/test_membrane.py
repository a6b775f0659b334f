"""What a VAE made is moved to meet the pixels that are kept beside it."""

import math

import torch

from sfumato.diffusion.membrane import met


def test_what_a_codec_made_meets_the_picture_where_the_mask_begins() -> None:
    """A colour that is off everywhere is off nowhere any more; a mismatch along an edge ends within the others."""
    generator = torch.Generator().manual_seed(0)
    picture, mask = torch.rand(1, 3, 32, 48, generator=generator) - 0.5, torch.zeros(1, 1, 32, 48)
    mask[..., 16:40] = 1
    torch.testing.assert_close(met(picture - 0.2, picture, mask), picture)
    rows = 0.2 * torch.sin(torch.arange(32) * math.pi / 4).view(1, 1, 32, 1)  # waves of 8 pixels
    moved = met(picture - rows, picture, mask) - (picture - rows)
    torch.testing.assert_close(moved[..., :16], rows.expand(1, 3, 32, 16))
    near, far = (float(moved[..., column].abs().mean() / rows.abs().mean()) for column in (16, 28))
    # Between two known sides a wave of wave number k dies away as exp(-k d); 0.47 a pixel of these.
    assert 0.4 < near < 0.6 and far < 0.02


def test_a_membrane_ends_at_the_picture_as_it_is() -> None:
    picture, mask = torch.zeros(1, 3, 16, 24), torch.zeros(1, 1, 16, 24)
    mask[..., 12:] = 1
    torch.testing.assert_close(met(picture - 0.2, picture, mask), picture)
