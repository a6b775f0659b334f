"""The chart draws what it is given, to scale, with axes that a reader can follow."""

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.evaluation import Curve
from sfumato.reports.chart import line_chart, linear_ticks, logarithmic_ticks
from sfumato.reports.page import TEMPLATES


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(svg).iter() if element.tag == tag]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in elements(svg, "text")]


def lines(svg: str) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in (point.split(",") for point in line.attrib["points"].split())]
        for line in elements(svg, "polyline")
    ]


def heights(svg: str) -> dict[float, float]:
    """Value -> its height, as the ticks of the upright axis say."""
    found = re.findall(r'y1="([\d.]+)" y2="\1"/><text[^>]*>([\d.e-]+)<', svg)
    return {float(value): float(y) for y, value in found}


def test_points_stand_where_the_ticks_say() -> None:
    svg = line_chart([Curve("one", [(0, 1.0), (5, 3.0), (10, 2.0)])], "error")
    (line,) = lines(svg)
    ticks = heights(svg)
    assert [y for _, y in line] == pytest.approx([ticks[1], ticks[3], ticks[2]], abs=0.1)
    assert ticks[0] > ticks[1] > ticks[2] > ticks[3]
    first, middle, last = (x for x, _ in line)
    assert middle - first == pytest.approx(last - middle, abs=0.2)


def test_a_logarithmic_axis_is_taken_for_a_long_fall_above_nought_and_says_so() -> None:
    svg = line_chart([Curve("one", [(1, 1.0), (2, 0.1), (3, 0.01)])], "error")
    assert "error, logarithmic" in texts(svg)
    (line,) = lines(svg)
    assert line[1][1] - line[0][1] == pytest.approx(line[2][1] - line[1][1], abs=0.2)
    assert "error" in texts(line_chart([Curve("one", [(1, 1.0), (2, 0.5)])], "error"))
    assert "error" in texts(line_chart([Curve("one", [(1, 1.0), (2, 0.0)])], "error"))


def test_each_line_has_its_name_and_a_stroke_of_its_own() -> None:
    svg = line_chart([Curve("the judge", [(1, 1.0), (2, 1.0)]), Curve("the forger", [(1, 1.0), (2, 1.0)])], "loss")
    names = [text for text in elements(svg, "text") if text.attrib.get("class") == "name"]
    assert [name.text for name in names] == ["the judge", "the forger"]
    assert names[0].attrib["y"] != names[1].attrib["y"]
    assert [line.attrib["class"] for line in elements(svg, "polyline")] == ["line c0", "line c1"]
    assert [key.attrib["class"] for key in elements(svg, "path")] == ["line c0", "line c1"]
    assert "stroke-dasharray" in TEMPLATES.get_template("style.css").render()  # in print, and for who sees no colours


def test_the_axes_have_names_and_who_cannot_see_it_is_told() -> None:
    svg = line_chart([Curve("on training pictures", [(0, 1.0), (4, 0.5)])], "error")
    assert {"error", "minutes of training", "0", "4"} <= set(texts(svg))
    (root,) = elements(svg, "svg")
    assert root.attrib["role"] == "img"
    assert "on training pictures: from 1 to 0.5." in root.attrib["aria-label"]


def test_everything_stays_within_the_picture() -> None:
    svg = line_chart([Curve("a", [(0.1, 9.7), (7.3, 0.3)]), Curve("b", [(0.1, 0.02), (7.3, 31.0)])], "loss")
    _, _, width, height = map(float, elements(svg, "svg")[0].attrib["viewBox"].split())
    for line in lines(svg):
        assert all(0 <= x <= width and 0 <= y <= height for x, y in line)
    for text in elements(svg, "text"):
        assert 0 <= float(text.attrib["x"]) <= width and 8 < float(text.attrib["y"]) < height


def test_values_that_are_not_finite_are_left_out() -> None:
    svg = line_chart([Curve("one", [(0, 1.0), (1, math.nan), (2, math.inf), (3, 2.0)])], "loss")
    assert len(lines(svg)[0]) == 2 and "nan" not in svg and "inf" not in svg.replace("infinite", "")


@pytest.mark.parametrize("curves", [[], [Curve("none", [])], [Curve("broken", [(1.0, math.nan)])]])
def test_without_points_there_is_no_chart(curves: list[Curve]) -> None:
    assert line_chart(curves, "loss") == ""


@pytest.mark.parametrize("point", [(0.0, 0.0), (0.0, 2.0), (3.0, -1.0)])
def test_one_point_and_a_value_that_never_changes_are_drawn(point: tuple[float, float]) -> None:
    assert len(lines(line_chart([Curve("one", [point])], "loss"))[0]) == 2
    assert lines(line_chart([Curve("one", [point, point])], "loss"))


def test_a_name_from_outside_is_only_text() -> None:
    svg = line_chart([Curve("<b>&\"'", [(0, 1.0), (1, 2.0)])], "<i>")
    assert "<b>&\"'" in texts(svg) and "<i>" in texts(svg)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_linear_ticks_are_few_even_and_hold_the_values_between_them(low: float, span: float) -> None:
    ticks = linear_ticks(low, low + span)
    assert 2 <= len(ticks) <= 8
    assert ticks[0] <= low + 1e-6 * span and ticks[-1] >= low + span - 1e-6 * span
    steps = [b - a for a, b in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-3)


@given(st.floats(1e-6, 1e3), st.floats(8, 1e9))
def test_logarithmic_ticks_are_few_round_and_within(low: float, times: float) -> None:
    ticks = logarithmic_ticks(low, low * times)
    assert 1 <= len(ticks) <= 7
    assert all(low * 0.99 <= tick <= low * times * 1.01 for tick in ticks)
    assert all(f"{tick:e}"[0] in "125" for tick in ticks)


def test_ticks_have_the_values_that_one_would_write() -> None:
    assert linear_ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert linear_ticks(0, 0.83) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert logarithmic_ticks(0.03, 1.1) == pytest.approx([0.05, 0.1, 0.2, 0.5, 1])
    assert logarithmic_ticks(0.001, 1000) == pytest.approx([0.001, 0.01, 0.1, 1, 10, 100, 1000])


def test_noise_levels_stand_at_equal_quotients() -> None:
    svg = line_chart([Curve("one", [(0.1, 1.0), (1, 3.0), (10, 2.0)])], "error", along="noise", logarithmic_along=True)
    (line,) = lines(svg)
    assert line[1][0] - line[0][0] == pytest.approx(line[2][0] - line[1][0], abs=0.2)
    assert {"noise", "0.1", "1", "10"} <= set(texts(svg))
    assert "minutes" not in svg
