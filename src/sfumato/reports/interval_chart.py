"""Intervals side by side as SVG inside a page: one row a measure, one mark a set, readable without colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from sfumato.reports.chart import linear_ticks
from sfumato.reports.page import TEMPLATES

WIDTH, LEFT, RIGHT = 640, 150, 610  # of all, and of the plot within, in pixels
ROW, BETWEEN, KEY, BELOW = 15, 11, 20, 30  # heights: of an interval, between rows, of a name in the key, below
MARKS: Final = 4  # kinds of marks, which come again where there are more sets


@dataclass(frozen=True)
class Interval:
    """low <= value <= high, where they are finite; is_told: whether it is drawn as what can be told apart."""

    low: float
    value: float
    high: float
    is_told: bool = True


@dataclass(frozen=True)
class IntervalRow:
    """One measure. reference: what the intervals are read against, None for none; intervals: of each set, in the order
    of the key."""

    name: str
    reference: float | None
    intervals: Sequence[Interval]


def interval_chart(
    rows: Sequence[IntervalRow], key: Sequence[str], *, reference: str, along: str, label: Callable[[float], str]
) -> Markup:
    """The rows as one SVG picture; empty where there are none.

    key: what the sets are called; reference: what the upright strokes are; along: what the numbers are; label: of a
    tick.
    """
    if not rows:
        return Markup("")
    numbers = [end for row in rows for each in row.intervals for end in (each.low, each.high)]
    numbers += [row.reference for row in rows if row.reference is not None]
    ticks = linear_ticks(min(0.0, *numbers), max(0.0, *numbers))
    low, high = ticks[0], ticks[-1]

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (min(max(value, low), high) - low) / (high - low)

    top = KEY * (len(key) + 1) + 14
    drawn, height = [], float(top)
    for row in rows:
        tall = ROW * max(1, len(row.intervals))
        marks = [
            {
                "low": x(each.low),
                "value": x(each.value),
                "high": x(each.high),
                "y": height + ROW * (number + 0.5),
                "kind": number % MARKS,
                "told": each.is_told,
            }
            for number, each in enumerate(row.intervals)
        ]
        stroke = None if row.reference is None else x(row.reference)
        drawn.append({"name": row.name, "y": height, "tall": tall, "reference": stroke, "marks": marks})
        height += tall + BETWEEN
    described = "; ".join(
        f"{row.name}: " + ", ".join(
            f"{name} {label(each.value)} ({label(each.low)} to {label(each.high)})"
            for name, each in zip(key, row.intervals, strict=True)
        )
        for row in rows
    )  # fmt: skip
    svg = TEMPLATES.get_template("intervals.svg").render(
        width=WIDTH,
        height=math.ceil(height + BELOW),
        left=LEFT,
        right=RIGHT,
        top=top,
        bottom=height - BETWEEN / 2,
        keys=[{"name": name, "y": KEY * (number + 2) - 6, "kind": number % MARKS} for number, name in enumerate(key)],
        reference=reference,
        along=along,
        ticks=[(x(tick), label(tick)) for tick in ticks],
        rows=drawn,
        description=f"Intervals of {along}. {described}",
    )
    return Markup(svg)
