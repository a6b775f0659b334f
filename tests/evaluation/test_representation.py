"""Who and what is in a collection is counted as it is stated, and what is not stated stands as not known."""

from typing import Any

import numpy as np
import pytest

from sfumato.collection import Picture
from sfumato.evaluation.representation import Creators, Duplicates, Periods, Representation, Shapes


def picture(number: int, **said: Any) -> Picture:
    fields: dict[str, Any] = {"width": 300, "height": 400, "transparent": False, "hash": 0, "group": f"g{number}"}
    return Picture(f"{number}.png", f"{number:064x}", 1, 1, **(fields | said))


def test_creators_are_those_who_are_named_and_various_is_nobody() -> None:
    names = (
        ["Doré"] * 6 + ["Hogarth"] * 2 + ["", " ", "various (see title)", "Anonymous", "Unknown Master", "Variousky"]
    )
    found = Creators.of(names)
    assert found.largest == {"Doré": 6, "Hogarth": 2, "Variousky": 1}
    assert found.concentration.pictures == 9 and found.concentration.largest_share == 6 / 9
    assert found.collective == {"Anonymous": 1, "Unknown Master": 1, "various (see title)": 1} and found.unknown == 2


def test_periods_are_centuries_and_say_what_could_not_be_read() -> None:
    found = Periods.of(
        ["1888", "ca. 1890", "late 18th century", "1500-1900", "before 1700", "n.d.", "n.d.", "", "450 BC"]
    )
    assert found.centuries == {-5: 1, 18: 1, 19: 2} and list(found.centuries) == [-5, 18, 19]
    assert (found.dated, found.vague, found.unread, found.undated) == (4, 1, 3, 1)
    assert list(found.unread_examples) == ["n.d.", "before 1700"]


def test_shapes_are_told_by_the_longer_side() -> None:
    found = Shapes.of([(100, 200), (200, 100), (103, 100), (100, 100), (64, 640)])
    assert (found.upright, found.level, found.square) == (2, 1, 2) and found.sides == (64, 100, 100, 100, 100)
    assert Shapes.of([(30, 40)]).sides == (30, 30, 30, 30, 30)


def test_families_are_named_the_largest_first() -> None:
    groups = ["a", "a", "b", "b", "b", "c", ""]
    pictures = [picture(number, group=group, category="xy"[number == 2]) for number, group in enumerate(groups)]
    found = Duplicates.of(pictures)
    assert (found.pictures, found.families, found.of_two_classes) == (3, 2, 1)
    assert list(found.largest) == [["2.png", "3.png", "4.png"], ["0.png", "1.png"]]


def test_a_collection_is_counted_as_a_whole() -> None:
    pictures = [
        picture(0, category="b", creator="Doré", year="1866", title="Dante", licence="CC0-1.0", source="x"),
        picture(1, category="b", creator="Doré", year="1500 to 1800"),
        picture(2, category="a", creator="various"),
        picture(3, generated="trained algorithmic media"),
    ]
    thumbnails = np.zeros((4, 16, 16, 3), dtype=np.uint8)
    thumbnails[1] = 255
    found = Representation.of(pictures, thumbnails)
    assert found.classes == {"a": 1, "b": 2} and found.class_concentration.largest == "b"
    assert found.missing == {"creator": 2, "year": 3, "title": 3, "source": 3, "licence": 3, "class": 1}
    assert found.licences == {"unknown": 3, "CC0-1.0": 1} and found.generated == 1
    assert found.looks["lightness"] == pytest.approx(0.25, abs=1e-3) and found.looks["darks"] == 0.75
    assert [(swatch.colour, swatch.share) for swatch in found.palette] == [((0, 0, 0), 0.75), ((255, 255, 255), 0.25)]
