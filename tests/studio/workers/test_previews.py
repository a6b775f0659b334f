import io
from collections.abc import Callable

import pytest
from PIL import Image

from sfumato.studio.workers.previews import joined, layout, small


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (2, (2, 1)), (4, (2, 2)), (5, (3, 2)), (16, (4, 4))])
def test_a_sheet_is_nearly_square_and_has_room_for_all(count: int, shape: tuple[int, int]) -> None:
    assert layout(count) == shape


def test_pictures_lie_edge_to_edge_in_reading_order() -> None:
    colours = ["#ff0000", "#00ff00", "#0000ff"]
    sheet = Image.open(io.BytesIO(joined([Image.new("RGB", (32, 16), colour) for colour in colours])))
    assert sheet.size == (64, 32)
    for place, number in (((10, 8), 0), ((40, 8), 1), ((10, 24), 2)):
        shown = sheet.getpixel(place)
        assert isinstance(shown, tuple)
        assert shown[number] > 240


def test_a_large_one_is_made_small(paint: Callable[..., Image.Image]) -> None:
    picture = paint(1, (2000, 1000))
    assert Image.open(io.BytesIO(small(picture))).size == (512, 256)
    assert picture.size == (2000, 1000)
    assert len(small(paint(2, (32, 32)))) < 5000
