"""A small line chart over minutes or noise levels, as SVG inside a page: readable without colour, in light and dark."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from sfumato.evaluation import Curve

WIDTH, LEFT, RIGHT = 480, 46, 472  # of all, and of the plot within
PLOT, BELOW, ROW = 210, 44, 19  # heights: of the plot, of what stands below it, of a line's name above it
LOGARITHMIC_FROM: Final = 8  # the highest value over the lowest: beyond it a linear axis shows the fall alone

CHART_STYLE: Final = """
.chart { display: block; width: 100%; max-width: 38rem; height: auto; margin: 1.6rem 0; color: var(--ink); }
.chart text { font: 13px "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif; fill: var(--quiet); }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.chart .c0 { stroke: var(--accent); } .chart .c1 { stroke: var(--ink); stroke-dasharray: 5 4; }
.chart .c2 { stroke: var(--quiet); stroke-dasharray: 1 5; }
.chart .name { fill: var(--ink); font-style: italic; font-size: 14px; }
"""


def line_chart(
    curves: Sequence[Curve], quantity: str, *, along: str = "minutes of training", logarithmic_along: bool = False
) -> str:
    """The curves as one picture, each named; nothing where they have no points.

    quantity: what the values are. The axis is logarithmic where all values are above 0 and the highest is many times
    the lowest. Points that are not finite are left out. along: what the points' first numbers are; logarithmic_along:
    these are above 0, and the axis begins with the lowest of them.
    """
    lines = [(curve.name, points) for curve in curves if (points := finite_points(curve))]
    if not lines:
        return ""
    values = [value for _, points in lines for _, value in points]
    latest = max(minute for _, points in lines for minute, _ in points) or 1.0
    earliest = min(minute for _, points in lines for minute, _ in points)
    logarithmic = min(values) > 0 and max(values) >= LOGARITHMIC_FROM * min(values)
    ticks = logarithmic_ticks(min(values), max(values)) if logarithmic else linear_ticks(min(0.0, *values), max(values))
    low, high = min(*ticks, *values), max(*ticks, *values)

    top = ROW * len(lines) + 12
    below = logarithmic_ticks(earliest, latest) if logarithmic_along else linear_ticks(0.0, latest)

    def x(minute: float) -> float:
        share = math.log(minute / earliest) / math.log(latest / earliest) if logarithmic_along else minute / latest
        return LEFT + (RIGHT - LEFT) * share

    def y(value: float) -> float:
        share = math.log(value / low) / math.log(high / low) if logarithmic else (value - low) / (high - low)
        return top + PLOT * (1 - share)

    parts = [
        f'<text x="0" y="{top - 14}">{escape(quantity)}{", logarithmic" if logarithmic else ""}</text>',
        *(_name(name, number) for number, (name, _) in enumerate(lines)),
        *(_across(y(tick), _number(tick)) for tick in ticks),
        *(_upright(x(tick), top + PLOT, _number(tick)) for tick in below if tick <= latest),
        f'<text x="{RIGHT}" y="{top + PLOT + 38}" text-anchor="end">{escape(along)}</text>',
        *(
            _line([(x(minute), y(value)) for minute, value in points], number)
            for number, (_, points) in enumerate(lines)
        ),
    ]
    told = f"A line chart of {quantity} over {along}, up to {_number(latest)}. " + " ".join(
        f"{name}: from {_number(points[0][1])} to {_number(points[-1][1])}." for name, points in lines
    )
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {top + PLOT + BELOW}" role="img" aria-label="{escape(told)}">\n'
        + "\n".join(parts)
        + "\n</svg>"
    )


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


def _across(y: float, label: str) -> str:
    return (
        f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    )


def _upright(x: float, bottom: float, label: str) -> str:
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}"/>'
        f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{label}</text>'
    )


def _name(name: str, number: int) -> str:
    """In a row of its own above the plot, behind a piece of its line: curves cross, names must not."""
    y = ROW * (number + 1) - 5
    return (
        f'<text class="name" x="{RIGHT - 38}" y="{y}" text-anchor="end">{escape(name)}</text>'
        f'<path class="line c{number % 3}" d="M{RIGHT - 30} {y - 4}H{RIGHT}"/>'
    )


def _line(points: Sequence[tuple[float, float]], number: int) -> str:
    if len(points) == 1:  # a line of one point would not be seen
        points = [(points[0][0] - 3, points[0][1]), points[0]]
    return f'<polyline class="line c{number % 3}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'
