"""What a picture is known by does not change with its brightness and contrast, and does with what is in it."""

import torch
import torch.nn.functional as F

from sfumato.likeness.descriptors import NUMBERS, described


def test_brightness_and_contrast_hardly_count(patches):
    picture = 0.8 * patches(1)
    rows = F.normalize(described(torch.cat((picture, 0.6 * picture + 0.1, patches(1, seed=1)))), dim=1)
    assert rows.shape == (3, NUMBERS)
    assert rows[0] @ rows[1] > 0.97
    assert rows[0] @ rows[2] < 0.8


def test_a_slope_has_a_direction():
    slope = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32)
    edges = described(torch.cat((slope, slope.flip(-1), slope.transpose(2, 3))))[:, -512:].view(3, 8, 64).sum(2)
    assert edges.argmax(1).tolist() == [0, 4, 2]


def test_grain_in_one_colour_counts_for_little(patches):
    grain = 0.01 * torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert described(grain).norm() < 0.5 * described(patches(1)).norm()
