"""Sheets hang every picture where it belongs, sharp, with its caption."""

import numpy as np
import pytest
from PIL import Image

from sfumato.works.sheet import BACKGROUND, contact_sheet, for_sheet, strip


def _plain(colour: int, size: tuple[int, int] = (32, 32)) -> Image.Image:
    return Image.new("RGB", size, (colour, colour, colour))


@pytest.mark.parametrize(
    ("count", "grid"), [(1, (1, 1)), (3, (3, 1)), (4, (2, 2)), (5, (3, 2)), (8, (4, 2)), (16, (4, 4)), (20, (5, 4))]
)
def test_a_sheet_chooses_rows_that_are_full(count: int, grid: tuple[int, int]) -> None:
    sheet = contact_sheet([_plain(90)] * count, scale=1, gap=2)
    assert sheet.size == (2 + grid[0] * 34, 2 + grid[1] * 34)


def test_a_sheet_shows_the_pictures_in_reading_order_with_every_pixel_sharp() -> None:
    rng = np.random.default_rng(0)
    pictures = [Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)) for _ in range(5)]
    sheet = np.asarray(contact_sheet(pictures, columns=3, scale=2, gap=4))
    assert sheet.shape == (4 + 2 * 20, 4 + 3 * 20, 3)
    for number, picture in enumerate(pictures):
        top, left = 4 + number // 3 * 20, 4 + number % 3 * 20
        shown = sheet[top : top + 16, left : left + 16]
        assert np.array_equal(shown[::2, ::2], np.asarray(picture))
        assert np.array_equal(shown[1::2, 1::2], np.asarray(picture))
    assert (sheet[24:, 44:] == BACKGROUND).all()


def test_small_pictures_are_shown_large_and_large_series_smaller() -> None:
    assert contact_sheet([_plain(9)], gap=0).size == (128, 128)
    assert contact_sheet([_plain(9)] * 144, gap=0).size == (64 * 12, 64 * 12)
    assert contact_sheet([_plain(9, (300, 200))], gap=0).size == (300, 200)


def test_smaller_pictures_are_centred() -> None:
    sheet = np.asarray(contact_sheet([_plain(200, (4, 4)), _plain(200, (2, 4))], columns=2, scale=1, gap=0))
    assert sheet[0, :, 0].tolist() == [200] * 4 + [BACKGROUND[0], 200, 200, BACKGROUND[0]]


def test_labels_stand_below_their_picture_within_its_width() -> None:
    bare = contact_sheet([_plain(90)] * 2)
    labelled = contact_sheet([_plain(90)] * 2, labels=["planes", "a very long name of a class\nwith lines"])
    assert labelled.height > bare.height
    below = np.asarray(labelled)[10 + 128 :].max(-1) > BACKGROUND[0]
    assert below[:, 10:138].any() and below[:, 148:276].any()
    assert not below[:, :10].any() and not below[:, 138:148].any() and not below[:, 276:].any()


def test_a_strip_runs_from_left_to_right_with_a_caption_over_each_moment() -> None:
    moments = [[_plain(40 * moment + 10 * seed + 50) for seed in range(2)] for moment in range(3)]
    sheet = np.asarray(strip(moments, ["noise", "1 min", "2 min"], scale=1, gap=40))
    assert sheet.shape[1] == 40 + 3 * 72
    rows = [sheet.shape[0] - 40 - 32 - 72 + 16, sheet.shape[0] - 40 - 16]
    for seed, row in enumerate(rows):
        assert [int(sheet[row, 56 + 72 * moment, 0]) for moment in range(3)] == [
            50 + 10 * seed + 40 * m for m in range(3)
        ]
    captions = sheet[40:53]
    assert all((captions[:, 40 + 72 * moment : 72 + 72 * moment] != BACKGROUND).any() for moment in range(3))


def test_a_long_strip_still_fits_a_page() -> None:
    assert strip([[_plain(9)]] * 30, [""] * 30).width <= 1300
    assert strip([[_plain(9)]] * 5, [""] * 5).width == 10 + 5 * 138


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
    with pytest.raises(ValueError, match="1 label for 2"):
        contact_sheet([_plain(1)] * 2, labels=["a"])
    with pytest.raises(ValueError, match="at least one"):
        strip([], [])
    with pytest.raises(ValueError, match="same seeds"):
        strip([[_plain(1)], [_plain(1)] * 2], ["a", "b"])
    with pytest.raises(ValueError, match="2 labels for 1"):
        strip([[_plain(1)]], ["a", "b"])


def test_large_works_are_made_smaller_for_a_sheet_and_small_ones_are_as_they_are():
    small, large = Image.new("RGB", (256, 64), "teal"), Image.new("RGB", (2362, 1181), "teal")
    assert for_sheet(small, 256) is small
    assert for_sheet(large, 1) is large
    assert for_sheet(large, 4).size == (2048, 1024)
    assert for_sheet(large, 256).size == (256, 128)
    assert max(contact_sheet([for_sheet(large, 16)] * 16).size) < 4096 + 200
