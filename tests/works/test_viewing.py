"""Small pictures are enlarged by whole numbers, and every pixel stays a square of its own colour."""

import numpy as np
import pytest
from PIL import Image

from sfumato.works.viewing import drawable, enlarged, evenly_spaced, viewing_scale


@pytest.mark.parametrize(
    ("size", "scale"), [((32, 32), 4), ((64, 20), 2), ((100, 100), 1), ((128, 1), 1), ((500, 900), 1)]
)
def test_the_scale_is_the_largest_whole_number_that_fits(size: tuple[int, int], scale: int) -> None:
    assert viewing_scale(size, 128) == scale


def test_an_enlarged_picture_repeats_each_pixel() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    shown = np.asarray(enlarged(Image.fromarray(pixels), 3))
    assert np.array_equal(shown, pixels.repeat(3, 0).repeat(3, 1))
    with pytest.raises(ValueError, match="1 or more"):
        enlarged(Image.new("RGB", (2, 2)), 0)


def test_what_the_font_cannot_write_is_written_without_its_accents() -> None:
    assert drawable("Édouard Čapek, naïve") == "Edouard Capek, naive"
    assert drawable("planes 3") == "planes 3"


@pytest.mark.parametrize("most", [2, 3, 12, 240])
def test_at_most_so_many_numbers_are_evenly_spaced_and_none_comes_twice(most: int) -> None:
    for count in range(1, 500):
        chosen = list(evenly_spaced(count, most))
        assert chosen == sorted(set(chosen)) and len(chosen) == min(count, most)
        assert (chosen[0], chosen[-1]) == (0, count - 1)
