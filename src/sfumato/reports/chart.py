"""A small line chart over minutes or noise levels, as SVG inside a page: readable without colour, in light and dark."""

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from sfumato.evaluation import Curve
from sfumato.reports.page import TEMPLATES

WIDTH, LEFT, RIGHT = 480, 46, 472  # of all, and of the plot within
PLOT, BELOW, ROW = 210, 44, 19  # heights: of the plot, of what stands below it, of a line's name above it
LOGARITHMIC_FROM: Final = 8  # the highest value over the lowest: beyond it a linear axis shows the fall alone


def line_chart(
    curves: Sequence[Curve], quantity: str, *, along: str = "minutes of training", logarithmic_along: bool = False
) -> Markup:
    """The curves as one SVG picture, each named; empty where they have no points.

    quantity: what the values are. The axis is logarithmic where all values are above 0 and the highest is many times
    the lowest. Points that are not finite are left out. along: what the points' first numbers are; logarithmic_along:
    these are above 0, and the axis begins with the lowest of them.
    """
    lines = [(curve.name, points) for curve in curves if (points := finite_points(curve))]
    if not lines:
        return Markup("")
    values = [value for _, points in lines for _, value in points]
    latest = max(minute for _, points in lines for minute, _ in points) or 1.0
    earliest = min(minute for _, points in lines for minute, _ in points)
    logarithmic = min(values) > 0 and max(values) >= LOGARITHMIC_FROM * min(values)
    ticks = logarithmic_ticks(min(values), max(values)) if logarithmic else linear_ticks(min(0.0, *values), max(values))
    low, high = min(*ticks, *values), max(*ticks, *values)

    top = ROW * len(lines) + 12
    below = logarithmic_ticks(earliest, latest) if logarithmic_along else linear_ticks(0.0, latest)

    def x(minute: float) -> float:
        fraction = math.log(minute / earliest) / math.log(latest / earliest) if logarithmic_along else minute / latest
        return LEFT + (RIGHT - LEFT) * fraction

    def y(value: float) -> float:
        fraction = math.log(value / low) / math.log(high / low) if logarithmic else (value - low) / (high - low)
        return top + PLOT * (1 - fraction)

    description = f"A line chart of {quantity} over {along}, up to {_number(latest)}. " + " ".join(
        f"{name}: from {_number(points[0][1])} to {_number(points[-1][1])}." for name, points in lines
    )
    svg = TEMPLATES.get_template("chart.svg").render(
        width=WIDTH,
        height=top + PLOT + BELOW,
        left=LEFT,
        right=RIGHT,
        top=top,
        bottom=top + PLOT,
        quantity=f"{quantity}{', logarithmic' if logarithmic else ''}",
        along=along,
        description=description,
        across=[(y(tick), _number(tick)) for tick in ticks],
        upright=[(x(tick), _number(tick)) for tick in below if tick <= latest],
        lines=[
            {
                "name": name,
                "label": ROW * number - 5,
                "points": _polyline([(x(minute), y(value)) for minute, value in points]),
            }
            for number, (name, points) in enumerate(lines, 1)
        ],
    )
    return Markup(svg)


def finite_points(curve: Curve) -> list[tuple[float, float]]:
    return [(minute, value) for minute, value in curve.points if math.isfinite(minute) and math.isfinite(value)]


def linear_ticks(low: float, high: float) -> list[float]:
    """Four to seven round numbers, evenly spaced, that hold low..high between them."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def logarithmic_ticks(low: float, high: float) -> list[float]:
    """Round numbers within low..high: 1, 2 and 5 times powers of ten, or powers of ten alone where those are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1,)):
        ticks = [factor * 10.0**power for power in powers for factor in factors]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) <= 7:
            return ticks
    return ticks[:: math.ceil(len(ticks) / 7)]


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    if len(points) == 1:  # a line of one point would not be seen
        points = [(points[0][0] - 3, points[0][1]), points[0]]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
