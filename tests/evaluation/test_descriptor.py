"""The descriptor sees colours in their place and which way edges lie."""

import math

import pytest
import torch
from torch import Tensor

from sfumato.evaluation.descriptor import Descriptor

COLOURS, EDGES = 108, 64


def stripes(angle: float, size: int = 64) -> Tensor:
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    wave = torch.sin((math.cos(angle) * columns + math.sin(angle) * rows) * 0.8)
    return (0.5 * wave).expand(1, 3, -1, -1)


def edges(image: Tensor) -> Tensor:
    """Of each orientation, over all cells: [4]."""
    return Descriptor()(image)[0, COLOURS : COLOURS + EDGES].view(4, 16).mean(1)


def test_it_has_188_numbers_at_any_size_and_is_the_same_each_time() -> None:
    for size in (32, 64, 96):
        image = stripes(0.3, size)
        assert Descriptor()(image).shape == (1, 188)
        assert torch.equal(Descriptor()(image), Descriptor()(image))


@pytest.mark.parametrize("orientation", range(4))
def test_edges_count_for_the_orientation_of_their_gradient(orientation: int) -> None:
    angle = orientation * math.pi / 4
    found = edges(stripes(angle))
    assert int(found.argmax()) == orientation
    assert found[orientation] > 4 * found[(orientation + 2) % 4]
    assert torch.allclose(edges(-stripes(angle)), found, atol=0.3)  # an edge has no direction


def test_a_flat_picture_has_no_edges_and_its_colour_everywhere() -> None:
    rows = Descriptor()(torch.tensor([1.0, -1.0, -1.0]).view(1, 3, 1, 1).expand(1, 3, 32, 32))[0]
    assert rows[COLOURS:].abs().max() == 0
    lightness, green_red, blue_yellow = rows[:COLOURS].view(3, 36)
    assert lightness.tolist() == pytest.approx([4 * 0.128] * 36, abs=0.01)
    assert green_red.tolist() == pytest.approx([8 * 0.2249] * 36, abs=0.01)
    assert blue_yellow.tolist() == pytest.approx([8 * 0.1258] * 36, abs=0.01)


def test_a_colour_is_seen_where_it_is() -> None:
    image = -torch.ones(1, 3, 36, 36)
    image[:, :, :6, 30:] = 1
    lightness = Descriptor()(image)[0, :36].view(6, 6)
    assert lightness[0, 5].item() == pytest.approx(2.0, abs=0.01)
    assert lightness.flatten().sort().values[:-1].tolist() == pytest.approx([-2.0] * 35, abs=0.01)


def test_grain_is_seen_where_it_is() -> None:
    """A chessboard's second differences are 2 along both axes: their energy's root is 8^(1/2)."""
    image = torch.zeros(1, 3, 32, 32)
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    image[:, :, :16, :16] = 2.0 * ((rows + columns) % 2) - 1
    grain = Descriptor()(image)[0, COLOURS + EDGES :].view(4, 4)
    assert grain[0, 0].item() == pytest.approx(4 * 8**0.5, rel=0.15)
    assert grain[3:, 3:].abs().max() < 1e-5
