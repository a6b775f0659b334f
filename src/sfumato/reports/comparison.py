"""The page that `sfumato compare` leaves behind: what came of three ways to make pictures, for beginners."""

from __future__ import annotations

import math
from typing import Final

from sfumato.evaluation import Comparison
from sfumato.reports.chart import line_chart
from sfumato.reports.comparison_words import (
    EXPLAINED,
    NAMES,
    learning,
    minutes_in_words,
    rounded,
    times_the_baseline,
    verdict,
)
from sfumato.reports.page import Row, capitalised, render

EXAMPLES, WORKS, TWINS = 16, 24, 8  # pictures hung at most: of the collection, from noise, made again
LONGEST_BAR: Final = 75  # percent, which leaves room for the number behind it

_QUESTIONS: Final = (
    (
        "sfumato compare MY-ART --minutes {longer} -o longer",
        "Four times as long. Which of them gains the most, and does their order change?",
    ),
    (
        "sfumato compare OTHER-ART --minutes {minutes} -o other",
        "Other pictures, the same time: drawings in one style, photographs of one thing, or half as many of yours. "
        "Which of them minds the most that there are few?",
    ),
    (
        "sfumato reimagine comparison/diffusion MY-PICTURE.jpg --strength 0.3 -o kept.png\n"
        "sfumato reimagine comparison/diffusion MY-PICTURE.jpg --strength 0.8 -o changed.png",
        "A picture of yours, under a little noise and under a lot. From which strength on is it no longer yours?",
    ),
    (
        "sfumato reimagine comparison/autoencoder MY-PICTURE.jpg -o copied.png",
        "Give it a picture unlike all that it has seen: a page of text, a face, a plain colour. What does it lose?",
    ),
    (
        "sfumato generate comparison/gan -n 64 -o gan-works\n"
        "sfumato generate comparison/diffusion -n 64 -o diffusion-works",
        "Sixty-four works of each, on one sheet. How many kinds of picture do you count in either? Is one of them "
        "a picture from your folder?",
    ),
)


def comparison_page(comparison: Comparison) -> str:
    """The whole page as HTML: styles, charts and pictures inside, no script, nothing fetched, light and dark."""
    count = len(comparison.contenders)
    return render(
        "comparison.html",
        comparison=comparison,
        ways={1: "One way", 2: "Two ways", 3: "Three ways"}.get(count, f"{count} ways"),
        minutes=minutes_in_words(comparison.minutes),
        examples=comparison.examples[:EXAMPLES],
        most_works=WORKS,
        most_twins=TWINS,
        explained=EXPLAINED,
        names=NAMES,
        line_chart=line_chart,
        learning=learning,
        times_the_baseline=times_the_baseline,
        bars=_bars(comparison),
        verdict=verdict(comparison),
        heads=[capitalised(NAMES[contender.kind].removeprefix("the ")) for contender in comparison.contenders],
        rows=_rows(comparison),
        questions=[
            (command.format(minutes=f"{comparison.minutes:g}", longer=f"{4 * comparison.minutes:g}"), note)
            for command, note in _QUESTIONS
        ],
        conditions={
            "Pictures": f"{comparison.pictures:,} to learn from, {comparison.size} pixels",
            "Training": f"{minutes_in_words(comparison.minutes)} each",
            "Compared": f"{comparison.compared:,} works of each with all that were learned from",
            **comparison.facts,
        },
    )


def _bars(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Name, kind, length in percent and distance of each."""
    rows = [("real pictures", "real", comparison.baseline)]
    rows += [(NAMES[contender.kind], "made", contender.distance) for contender in comparison.contenders]
    longest = max((distance for *_, distance in rows if math.isfinite(distance)), default=0.0) or 1.0
    lengths = [LONGEST_BAR * distance / longest if math.isfinite(distance) else 0.0 for *_, distance in rows]
    return [
        (capitalised(name), kind, f"{length:.0f}", rounded(distance))
        for (name, kind, distance), length in zip(rows, lengths, strict=True)
    ]


def _rows(comparison: Comparison) -> list[Row]:
    contenders = comparison.contenders
    distances = [rounded(contender.distance) for contender in contenders]
    facts = dict.fromkeys(name for contender in contenders for name in contender.facts)
    return [
        Row(f"Distance (real pictures: {rounded(comparison.baseline)})", distances),
        *(Row(name, [contender.facts.get(name, "–") for contender in contenders]) for name in facts),
    ]
