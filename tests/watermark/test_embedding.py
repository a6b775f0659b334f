import io
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sfumato.collection.drawn import CLASSES, draw
from sfumato.watermark import Marked, NotMarked, embed, read
from sfumato.watermark.canonical import luma
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


@cache
def poster() -> Image.Image:
    """A disc on a ground of one colour."""
    image = Image.new("RGB", (256, 256), (170, 120, 80))
    ImageDraw.Draw(image).ellipse((20, 20, 100, 100), fill=(30, 40, 60))
    return image


@cache
def marked_poster() -> Marked:
    return marked(poster())


def change(image: Image.Image, before: Image.Image) -> np.ndarray:
    return np.asarray(image, np.int16) - np.asarray(before)


@pytest.mark.parametrize("number", range(2))
def test_a_mark_lasts_is_hardly_there_and_is_the_same_again(number: int) -> None:
    first = marked(drawn(number))
    assert first.lasting
    assert first.psnr >= 40
    if number == 0:
        assert first.image.tobytes() == marked(drawn(number)).image.tobytes()
    difference = np.abs(change(first.image, drawn(number)))
    assert difference.max() <= 20
    assert np.percentile(difference, 99) <= 5


def test_on_flat_ground_a_mark_is_tone_of_two_levels_at_the_most() -> None:
    far = change(marked_poster().image, poster())[128:, 128:]
    assert 0 < np.abs(far).max() <= 2
    assert_tone(luma(far))


def test_on_a_gradient_too() -> None:
    rows, columns = np.mgrid[:256, :256] / 255
    pixels = np.stack([90 + 120 * columns, 110 + 60 * columns, 190 - 80 * rows], axis=-1)
    gradient = Image.fromarray(np.rint(pixels).astype(np.uint8))
    assert_tone(luma(change(marked(gradient).image, gradient)))


def assert_tone(values: np.ndarray) -> None:
    """Nothing above 36 cycles a side of 256 pixels, and less than a level of the rest."""
    assert 0.2 < values.std() < 0.9
    power = np.abs(np.fft.fft2(values - values.mean())) ** 2
    cycles = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(len(values), 1 / 256)], indexing="ij"))
    assert power[(cycles > 36) & (cycles < 64)].sum() < 0.1 * power[cycles < 32].sum()


def test_no_tint_is_seen_where_a_mark_is_less_than_a_level() -> None:
    """Channels take turns within four pixels: their means over squares of these differ by less than half a level."""
    far = change(marked_poster().image, poster())[128:, 128:]
    means = far.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
    assert np.abs(means - means.mean(axis=2, keepdims=True)).mean() < 0.15


def test_beside_an_edge_nothing_is_seen() -> None:
    assert np.abs(change(marked_poster().image, poster())).max() <= 9


def test_a_mark_on_flat_ground_lasts() -> None:
    assert marked_poster().lasting
    file = io.BytesIO()
    marked_poster().image.save(file, "WEBP", quality=80)
    found = read(Image.open(file))
    assert found is not None
    assert found.identity == IDENTITY


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


def test_a_long_one_of_192_a_side_is_marked() -> None:
    found = read(marked(drawn(0, 480).crop((0, 0, 480, SMALLEST_MARKED))).image)
    assert found is not None
    assert found.identity == IDENTITY


def test_grey_stays_grey() -> None:
    grey = drawn(1).convert("L")
    result = marked(grey)
    assert result.image.mode == "L"
    found = read(result.image)
    assert found is not None
    assert found.identity == IDENTITY
    assert marked(grey.convert("RGB")).image.tobytes() == result.image.convert("RGB").tobytes()


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
