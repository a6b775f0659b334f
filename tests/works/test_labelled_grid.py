"""A grid shows every picture in its place and at its size, and every name in full."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sfumato.works.labelled_grid import BACKGROUND, labelled_grid
from sfumato.works.viewing import enlarged

LONG = "a class of Northern Renaissance altarpieces_and_other_panels_that_were_painted_in_oil"


def _noise(seed: int, size: int = 32) -> Image.Image:
    # From 0 to 99: darker than the ground, and never its colour.
    return Image.fromarray(np.random.default_rng(seed).integers(0, 100, (size, size, 3), dtype=np.uint8))


def _cells(rows: int, columns: int, count: int, size: int = 32) -> list[list[list[Image.Image]]]:
    numbers = iter(range(rows * columns * count))
    return [[[_noise(next(numbers), size) for _ in range(count)] for _ in range(columns)] for _ in range(rows)]


def _place(sheet: Image.Image, picture: Image.Image) -> tuple[int, int]:
    """Where it hangs, (top, left): in one place alone, to the pixel."""
    pixels, sought = np.asarray(sheet), np.asarray(picture)
    height, width = sought.shape[:2]
    corners = np.argwhere((pixels[: 1 - height, : 1 - width] == sought[0, 0]).all(-1))
    found = [
        (int(top), int(left))
        for top, left in corners
        if np.array_equal(pixels[top : top + height, left : left + width], sought)
    ]
    assert len(found) == 1
    return found[0]


def _ink(sheet: Image.Image) -> np.ndarray:
    return (np.asarray(sheet) != BACKGROUND).any(-1)


def test_every_picture_hangs_in_its_row_and_column_enlarged_and_sharp() -> None:
    cells = _cells(2, 3, 1)
    sheet = labelled_grid(cells, columns=["a", "b", "c"], rows=["x", "y"], title="model")
    places = [[_place(sheet, enlarged(pictures[0], 4)) for pictures in row] for row in cells]
    tops, lefts = np.array(places)[:, :, 0], np.array(places)[:, :, 1]
    assert (tops == tops[:, :1]).all() and (lefts == lefts[:1]).all()
    assert (np.diff(tops[:, 0]) > 128).all() and (np.diff(lefts[0]) > 128).all()


@pytest.mark.parametrize(("across", "spread"), [(1, (4, 1)), (2, (2, 2)), (3, (2, 3)), (9, (1, 4))])
def test_the_works_of_a_cell_stand_in_reading_order(across: int, spread: tuple[int, int]) -> None:
    cells = _cells(1, 2, 4)
    sheet = labelled_grid(cells, columns=["a", "b"], title="model", across=across)
    places = [_place(sheet, enlarged(picture, 4)) for picture in cells[0][0]]
    assert places == sorted(places)
    assert (len({top for top, _ in places}), len({left for _, left in places})) == spread
    assert max(left for _, left in places) < _place(sheet, enlarged(cells[0][1][0], 4))[1]


def test_the_works_of_a_cell_stand_nearer_to_each_other_than_to_those_of_the_next() -> None:
    cells = _cells(2, 2, 4)
    sheet = labelled_grid(cells, columns=["a", "b"], rows=["x", "y"], title="model", across=2)
    first, beside, below, _ = (_place(sheet, enlarged(picture, 4)) for picture in cells[0][0])
    within = beside[1] - first[1]
    assert below[0] - first[0] == within > 128
    assert _place(sheet, enlarged(cells[0][1][0], 4))[1] - beside[1] > within + 8
    assert _place(sheet, enlarged(cells[1][0][0], 4))[0] - below[0] > within + 8


@pytest.mark.parametrize(("size", "scale"), [(8, 16), (64, 2), (96, 1), (200, 1)])
def test_small_pictures_are_enlarged_and_large_ones_are_not(size: int, scale: int) -> None:
    picture = _noise(0, size)
    _place(labelled_grid([[[picture]]], columns=["a"], title="model"), enlarged(picture, scale))


def test_every_name_is_drawn_in_its_place() -> None:
    cells = _cells(2, 2, 1)
    given = {"columns": ["steps 8", "steps 16"], "rows": ["guidance 1", "guidance 2"], "title": "m", "subtitle": "seed"}
    sheet = labelled_grid(cells, **given)
    (top, left), (lower, right) = (_place(sheet, enlarged(cells[n][n][0], 4)) for n in (0, 1))
    ink = _ink(sheet)
    assert ink[:top, left : left + 128].any() and ink[:top, right : right + 128].any()
    assert ink[top : top + 128, :left].any() and ink[lower : lower + 128, :left].any()
    for name, changed in (
        ("columns", ["steps 8", "steps 17"]),
        ("rows", ["guidance 1", "guidance 3"]),
        ("title", "n"),
        ("subtitle", "need"),
    ):
        other = labelled_grid(cells, **(given | {name: changed}))
        assert np.asarray(other).shape != np.asarray(sheet).shape or (_ink(other) != ink).any(), name


@pytest.mark.parametrize("count", [1, 6])
def test_no_letter_is_cut_off_or_stands_on_a_picture_however_long_a_name_is(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = _cells(2, count, 1)
    given = {"columns": [LONG] * count, "rows": [LONG, "b"], "title": LONG, "subtitle": LONG * 3}
    sheet = labelled_grid(cells, **given)
    for row in cells:  # whole, so nothing was drawn over them
        for pictures in row:
            _place(sheet, enlarged(pictures[0], 4))
    ink = _ink(sheet)
    edges = np.concatenate([ink[:18].ravel(), ink[-18:].ravel(), ink[:, :18].ravel(), ink[:, -18:].ravel()])
    assert not edges.any()
    drawn: list[str] = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "text", lambda self, corner, text, **_: drawn.append(text))
    labelled_grid(cells, **given)
    assert "".join(drawn).replace(" ", "") == (LONG * (count + 5) + "b").replace(" ", "")


def test_names_of_neighbouring_columns_do_not_touch() -> None:
    cells = _cells(1, 2, 1)
    sheet = labelled_grid(cells, columns=["mmmmmmmmmmmmmmmmmmmmmmmmm"] * 2, title="m")
    (top, left), (_, right) = (_place(sheet, enlarged(pictures[0], 4)) for pictures in cells[0])
    assert right - left - 128 >= 14
    assert not _ink(sheet)[top - 30 : top, left + 128 : right].any()


def test_a_name_longer_than_a_picture_is_high_makes_its_row_higher() -> None:
    cells = _cells(2, 1, 1, size=70)
    sheet = labelled_grid(cells, columns=["a"], rows=[LONG * 3, "b"], title="m")
    (top, left), (lower, _) = (_place(sheet, row[0][0]) for row in cells)
    letters = np.flatnonzero(_ink(sheet)[top:lower, :left].any(1))
    assert lower - top > 100 and letters[-1] - letters[0] > 100


def test_letters_grow_with_the_sheet_so_that_it_can_be_printed() -> None:
    def height(size: int) -> int:
        cells = _cells(1, 3, 1, size)
        sheet = labelled_grid(cells, columns=["", "M", ""], title="m")
        top, left = _place(sheet, enlarged(cells[0][1][0], 128 // size or 1))
        letters = np.flatnonzero(_ink(sheet)[:top, left : left + 128 + size // 2].any(1))
        return int(letters[-1] - letters[0])

    assert height(500) > 1.5 * height(128)


def test_accents_are_left_out_since_the_font_has_none() -> None:
    cells = _cells(1, 1, 1)
    accented, plain = (labelled_grid(cells, columns=[name], title=name) for name in ("Édouard Čapek", "Edouard Capek"))
    assert accented.tobytes() == plain.tobytes()


def test_what_is_no_grid_is_refused() -> None:
    picture, other = _noise(0), _noise(1, 16)
    for cells, columns, rows in (
        ([], ["a"], []),
        ([[]], [], []),
        ([[[]]], ["a"], []),
        ([[[picture]]], ["a", "b"], []),
        ([[[picture]], [[picture]]], ["a"], []),
        ([[[picture]], [[picture]]], ["a"], ["x"]),
        ([[[picture], [picture, picture]]], ["a", "b"], []),
        ([[[picture], [other]]], ["a", "b"], []),
    ):
        with pytest.raises(ValueError, match="grid"):
            labelled_grid(cells, columns=columns, rows=rows, title="m")
