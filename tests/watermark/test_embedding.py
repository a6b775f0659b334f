from functools import cache

import numpy as np
import pytest
from PIL import Image

from sfumato.collection.drawn import CLASSES, draw
from sfumato.watermark import Marked, NotMarked, embed, read
from sfumato.watermark.embedding import SMALLEST_MARKED

IDENTITY = 0xC0FFEE42


@cache
def drawn(number: int, size: int = 256) -> Image.Image:
    return draw(CLASSES[number % len(CLASSES)], number, size).convert("RGB")


def marked(image: Image.Image, untouchable: np.ndarray | None = None) -> Marked:
    result = embed(image, IDENTITY, untouchable)
    assert isinstance(result, Marked)
    return result


def halftone(size: int = 256) -> Image.Image:
    """A coin tossed for each pixel: nothing but black and white."""
    return Image.fromarray(255 * np.random.default_rng(0).integers(0, 2, (size, size), np.uint8)).convert("RGB")


@pytest.mark.parametrize("number", range(3))
def test_a_mark_lasts_is_hardly_there_and_is_the_same_again(number: int) -> None:
    first = marked(drawn(number))
    assert first.lasting
    assert first.psnr >= 40
    assert first.image.tobytes() == marked(drawn(number)).image.tobytes()
    difference = np.abs(np.asarray(first.image, np.int16) - np.asarray(drawn(number)))
    assert difference.max() <= 20
    assert np.percentile(difference, 99) <= 5


def test_on_flat_ground_no_pixel_is_moved_by_more_than_two_levels() -> None:
    flat = Image.new("RGB", (256, 256), (170, 120, 80))
    flat.paste(drawn(0).resize((64, 64)), (0, 0))
    far = np.abs(np.asarray(marked(flat).image, np.int16) - np.asarray(flat))[96:, 96:]
    assert 0 < far.max() <= 2


def test_pixels_that_are_kept_stay_equal_and_the_others_bear_the_mark() -> None:
    kept = np.zeros((256, 256), bool)
    kept[40:150, 60:200] = True
    result = marked(drawn(1), kept)
    difference = (np.asarray(result.image) != np.asarray(drawn(1))).any(axis=2)
    assert not difference[kept].any()
    assert difference[~kept].mean() > 0.1
    found = read(result.image)
    assert found is not None
    assert found.identity == IDENTITY


def test_the_ratio_is_kept_among_the_pixels_that_may_be_touched() -> None:
    kept = np.ones((256, 256), bool)
    kept[:160] = False
    error = np.asarray(marked(drawn(2), kept).image, np.float64) - np.asarray(drawn(2))
    assert 20 * np.log10(255 / np.sqrt(np.mean(error[:160] ** 2))) >= 40


def test_where_nothing_may_be_touched_there_is_no_mark() -> None:
    result = embed(drawn(0), IDENTITY, np.ones((256, 256), bool))
    assert isinstance(result, NotMarked)
    assert "may be touched" in result.reason


def test_noise_of_black_and_white_has_no_room() -> None:
    result = embed(halftone(), IDENTITY)
    assert isinstance(result, NotMarked)
    assert "no room" in result.reason


@pytest.mark.parametrize("size", [(SMALLEST_MARKED - 1, 400), (64, 64)])
def test_a_small_picture_gets_none_and_is_told_why(size: tuple[int, int]) -> None:
    result = embed(drawn(0).resize(size), IDENTITY)
    assert isinstance(result, NotMarked)
    assert "192 px a side" in result.reason


def test_a_small_one_of_192_and_a_long_one_are_marked() -> None:
    for image in (drawn(3, SMALLEST_MARKED), drawn(0, 640).crop((0, 0, 640, 208))):
        found = read(marked(image).image)
        assert found is not None
        assert found.identity == IDENTITY


def test_grey_stays_grey() -> None:
    result = marked(drawn(1).convert("L"))
    assert result.image.mode == "L"
    found = read(result.image)
    assert found is not None
    assert found.identity == IDENTITY


@pytest.mark.parametrize(
    ("image", "identity", "kept", "said"),
    [
        (drawn(0).convert("P"), 1, None, "RGB or L, not P"),
        (drawn(0), 2**32, None, "32 bits"),
        (drawn(0), 1, np.zeros((2, 2), bool), "the mask is"),
    ],
)
def test_what_does_not_fit_is_refused(image: Image.Image, identity: int, kept: np.ndarray | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        embed(image, identity, kept)
