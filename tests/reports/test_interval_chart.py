"""Intervals lie where their numbers are, and are said in words too."""

import re
from collections.abc import Callable
from typing import Any

from sfumato.reports.interval_chart import LEFT, RIGHT, Interval, IntervalRow, interval_chart

EVIL = '<b>&"x"'


def chart(rows: list[IntervalRow], key: list[str]) -> str:
    return str(interval_chart(rows, key, reference="the collection", along="share", label="{:.0%}".format))


def test_an_interval_is_drawn_from_end_to_end(read_page: Callable[[str], Any]) -> None:
    svg = chart(
        [IntervalRow(EVIL, 0.4, [Interval(0.2, 0.3, 0.6), Interval(0.0, 0.1, 1.0, is_told=False)])], ["one", EVIL]
    )
    read_page(svg)
    assert EVIL not in svg
    ranges = re.findall(r'class="range m(\d)( open)?" d="M([\d.]+) [\d.]+H([\d.]+)"', svg)
    width = RIGHT - LEFT
    assert [(kind, bool(is_open)) for kind, is_open, _, _ in ranges] == [("0", False), ("1", True)]
    assert [round((float(end) - LEFT) / width, 2) for end in ranges[0][2:]] == [0.2, 0.6]
    assert [round((float(end) - LEFT) / width, 2) for end in ranges[1][2:]] == [0.0, 1.0]
    assert "one 30% (20% to 60%)" in svg


def test_no_rows_are_no_picture_and_rows_without_a_reference_have_no_stroke() -> None:
    assert chart([], ["one"]) == ""
    svg = chart([IntervalRow("a", None, [Interval(-1, 0, 1)])], ["one"])
    assert svg.count('class="reference"') == 1  # in the key
