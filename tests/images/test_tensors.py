"""8 bits and -1..1 are the same pictures, whichever way they go."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.images.tensors import (
    MEAN,
    STD,
    as_canvas,
    as_tensor,
    denormalised,
    from_levels,
    normalised,
    picture_digest,
    to_float,
    to_levels,
    to_pictures,
)

EVERY_LEVEL = torch.arange(256)


@pytest.mark.parametrize("kind", [torch.uint8, torch.int64, torch.float32, torch.float64])
def test_every_level_comes_back(kind: torch.dtype) -> None:
    images = from_levels(EVERY_LEVEL.to(kind))
    assert images.dtype == (kind if kind.is_floating_point else torch.float32)
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.equal(to_levels(images), EVERY_LEVEL.to(images.dtype))


def test_what_lies_between_levels_is_rounded_and_what_is_beyond_is_clipped() -> None:
    between = torch.tensor([-1.5, -1 + 0.9 / 255, -1 + 1.1 / 255, 1.004, 2.0])
    assert to_levels(between).tolist() == [0, 0, 1, 255, 255]


def test_a_picture_and_its_tensor_are_the_same(paint) -> None:
    picture = paint(1, (20, 12))
    canvas = as_canvas(picture)
    assert canvas.shape == (3, 12, 20)
    assert np.array_equal(to_pictures(canvas[None])[0], picture)
    assert torch.equal(to_float(torch.from_numpy(np.array(picture))[None])[0], canvas)
    assert picture_digest(canvas) == hashlib.sha256(np.asarray(picture).tobytes()).hexdigest()


def test_a_picture_is_seen_at_the_models_size_from_its_middle() -> None:
    picture = Image.new("RGB", (40, 20), "white")
    picture.paste((0, 0, 0), (0, 0, 4, 20))
    assert as_tensor(picture, 10).eq(1).all()


def test_levels_become_minus_one_to_one():
    images = torch.tensor([0, 255, 51], dtype=torch.uint8).view(1, 1, 1, 3)
    result = to_float(images)
    assert result.shape == (1, 3, 1, 1)
    assert result.is_contiguous()
    assert torch.allclose(result.flatten(), torch.tensor([-1.0, 1.0, -0.6]))


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
