import numpy as np
import pytest
from PIL import Image

from sfumato.images.scaling import cropped_to, enlarged, enlarged_size, reduced_to, scaled, scaled_size


def test_a_picture_of_the_right_size_keeps_every_pixel(paint):
    picture = paint(1, (32, 32))
    result = scaled(picture, 32, "centre", width=32, height=32)
    assert (np.asarray(result) == np.asarray(picture)).all()


@pytest.mark.parametrize(("width", "height"), [(300, 200), (200, 300), (64, 64), (65, 64), (1000, 64), (131, 97)])
def test_sizes_are_as_announced(width, height):
    image = Image.new("RGB", (width, height))
    assert scaled(image, 64, "centre", width=width, height=height).size == (64, 64)
    result = scaled(image, 64, "random", width=width, height=height)
    assert result.size == scaled_size(width, height, 64, "random")
    assert min(result.size) == 64
    assert max(result.size) <= 128


def test_the_crop_is_around_the_centre():
    image = Image.new("RGB", (192, 64), "black")
    image.paste("white", (64, 0, 128, 64))
    assert np.asarray(scaled(image, 64, "centre", width=192, height=64)).min() > 250


@pytest.mark.parametrize(("width", "height"), [(300, 200), (96, 64), (200, 300), (40, 30)])
def test_a_picture_fills_a_shape_and_loses_as_much_on_either_side(width, height):
    image = Image.new("RGB", (width, height), "white")
    result = cropped_to(image, (96, 64), width=width, height=height)
    assert result.size == (96, 64)
    assert np.asarray(result).min() == 255
    image.paste("black", (0, 0, 1, height))
    image.paste("black", (width - 1, 0, width, height))
    pixels = np.asarray(cropped_to(image, (96, 64), width=width, height=height)).astype(int)
    assert np.abs(pixels - pixels[:, ::-1]).max() <= 1


def test_fine_stripes_become_grey_and_not_a_pattern():
    stripes = np.zeros((512, 512, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    result = np.asarray(scaled(Image.fromarray(stripes), 32, "centre", width=512, height=512)).astype(int)
    assert np.abs(result - 127.5).max() < 5


@pytest.mark.parametrize(("side", "factor"), [(16, 2), (24, 2), (10, 4), (32, 1), (48, 1), (31, 2), (1, 32)])
def test_pixel_art_is_enlarged_by_the_smallest_whole_number(side, factor):
    pixels = np.random.default_rng(0).integers(0, 256, (side, side + 3, 3), dtype=np.uint8)
    result = np.asarray(enlarged(Image.fromarray(pixels), 32))
    assert result.shape[1::-1] == enlarged_size(side + 3, side, 32) == ((side + 3) * factor, side * factor)
    assert (result == pixels.repeat(factor, axis=0).repeat(factor, axis=1)).all()


@pytest.mark.parametrize(
    ("size", "wanted"), [((300, 200), (100, 100)), ((1376, 1024), (788, 591)), ((31, 77), (30, 30))]
)
def test_a_picture_is_made_smaller_to_the_pixel_around_its_centre(size, wanted):
    ramp = np.broadcast_to(np.linspace(0, 255, size[0])[None, :, None], (size[1], size[0], 3)).round().astype(np.uint8)
    result = np.asarray(reduced_to(Image.fromarray(ramp), *wanted)).astype(float)
    assert result.shape == (wanted[1], wanted[0], 3)
    scale = min(size[0] / wanted[0], size[1] / wanted[1])
    middles = size[0] / 2 + (np.arange(wanted[0]) + 0.5 - wanted[0] / 2) * scale
    expected = (middles - 0.5) / (size[0] - 1) * 255
    assert np.abs(result[0, 3:-3, 0] - expected[3:-3]).max() < 2


def test_what_is_nearly_as_large_loses_its_edges_and_no_sharpness():
    pixels = np.random.default_rng(0).integers(0, 256, (404, 403, 3), dtype=np.uint8)
    result = np.asarray(reduced_to(Image.fromarray(pixels), 401, 400))
    assert (result == pixels[2:402, 1:402]).all()
    with pytest.raises(ValueError, match="cannot be made smaller"):
        reduced_to(Image.fromarray(pixels), 404, 400)
