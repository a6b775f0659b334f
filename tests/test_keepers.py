"""What a person would keep is counted as it was ticked, with how much so few works can say."""

import csv
import sys
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from keepers import FIELDS, interval, page_of, read, said, write


def test_the_interval_is_wilsons():
    assert interval(0, 64) == pytest.approx((0.0, 0.0566), abs=1e-4)
    assert interval(64, 64) == pytest.approx((1 - 0.0566, 1.0), abs=1e-4)
    assert interval(32, 64) == pytest.approx((0.3808, 0.6192), abs=1e-3)
    with pytest.raises(ValueError, match="no share"):
        interval(3, 2)


def test_a_table_is_read_as_the_page_writes_it(tmp_path):
    path = tmp_path / "keepers.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([FIELDS, *((number, int(number % 4 == 0)) for number in range(1, 65))])
    assert read(path) == (16, 64)
    assert said(path).endswith("16 of 64 kept, 25% (95 %: 16% to 37%)")
    path.write_text("number,keep\n1,yes\n")
    with pytest.raises(ValueError, match="which is 0 or 1"):
        read(path)


def test_a_folder_of_pictures_becomes_a_page_that_can_be_ticked(tmp_path):
    art = tmp_path / "art"
    art.mkdir()
    for number in range(5):
        Image.new("RGB", (40, 30), (number * 40, 80, 80)).save(art / f"{number}.png")
    write(str(art), 3, 0, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert page.count("<img ") == page.count('type="checkbox"') == 3
    assert 'width="320" height="240"' in page
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "01.png",
        "02.png",
        "03.png",
        "index.html",
        "sheet.png",
    ]


def test_names_cannot_leave_the_page():
    assert '"><script>' not in page_of(['"><script>.png'], [(8, 8)])
