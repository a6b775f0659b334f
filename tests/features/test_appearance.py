"""The colours have the values that their author gives."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.collection.drawn import draw
from sfumato.features.appearance import Descriptor, appearance, diversity, oklab


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (1, 0, 0)),
        ((-1, -1, -1), (0, 0, 0)),
        ((1, -1, -1), (0.628, 0.2249, 0.1258)),
        ((-1, 1, -1), (0.8664, -0.2339, 0.1795)),
        ((-1, -1, 1), (0.452, -0.0325, -0.3115)),
    ],
)
def test_known_colours(rgb, lab):
    found = oklab(torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1)).flatten().tolist()
    assert found == pytest.approx(lab, abs=1e-3)


def test_greys_have_no_colour_and_rise_in_lightness():
    greys = torch.linspace(-1, 1, 20).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)
    found = oklab(greys)
    assert found[:, 1:].abs().max() < 1e-3
    assert (found[:, 0, 0, 0].diff() > 0).all()


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


@pytest.fixture(scope="module")
def glass() -> Tensor:
    pictures = np.stack([np.asarray(draw("glass", seed, 32)) for seed in range(6)])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1


def flat(*rgb: float) -> Tensor:
    return torch.tensor(rgb).view(1, 3, 1, 1).expand(2, 3, 8, 8)


def test_a_grey_surface_has_nothing_of_it_all() -> None:
    looks = appearance(flat(0.0, 0.0, 0.0))
    assert (looks.sharpness, looks.contrast) == (0, pytest.approx(0, abs=1e-6))
    assert looks.chroma == pytest.approx(0, abs=1e-3) and looks.chroma_spread == pytest.approx(0, abs=1e-3)


def test_a_chessboard_has_the_most_of_sharpness_and_contrast() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = (2.0 * ((rows + columns) % 2) - 1).expand(1, 3, -1, -1)
    looks = appearance(board)
    assert looks.sharpness == pytest.approx(2000, rel=1e-3)  # two squared steps of 1, times 1,000
    assert looks.contrast == pytest.approx(0.5, rel=1e-3)


def test_one_tint_is_colourful_without_spread_and_two_are_as_far_apart_as_they_are() -> None:
    red, green = flat(1.0, -1.0, -1.0), flat(-1.0, 1.0, -1.0)
    assert appearance(red).chroma == pytest.approx((0.2249**2 + 0.1258**2) ** 0.5, abs=1e-3)
    assert appearance(red).chroma_spread == pytest.approx(0, abs=1e-3)
    between = ((0.2249 + 0.2339) ** 2 + (0.1258 - 0.1795) ** 2) ** 0.5
    assert appearance(torch.cat((red, green))).chroma_spread == pytest.approx(between / 2, abs=1e-3)


def test_blur_grey_and_a_veil_are_seen(glass: Tensor) -> None:
    looks = appearance(glass)
    blurred = appearance(F.avg_pool2d(F.pad(glass, (1, 1, 1, 1), mode="replicate"), 3, 1))
    assert blurred.sharpness < 0.6 * looks.sharpness
    grey = appearance(glass.mean(1, keepdim=True).expand(-1, 3, -1, -1))
    assert grey.chroma < 0.02 * looks.chroma
    assert appearance(glass / 2).contrast < 0.7 * looks.contrast


def test_diversity_is_the_mean_distance_of_two() -> None:
    assert diversity(torch.tensor([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)
    assert diversity(torch.ones(5, 3)) == 0
