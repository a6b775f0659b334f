"""The page that `sfumato compare` leaves behind: what came of three ways to make pictures, for who begins with this."""

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from PIL import Image

from sfumato.cli.chart import CHART_STYLE, line_chart
from sfumato.cli.compare_ways import EXPLAINED
from sfumato.cli.compare_words import (
    NAMES,
    figure,
    learning,
    minutes_in_words,
    sentence,
    times_the_floor,
    verdict,
)
from sfumato.cli.page import commands_list, document, facts_list, hung, room, strip_on_plinth, wall
from sfumato.evaluation import Comparison, Contender

EXAMPLES, WORKS, TWINS = 16, 24, 8  # pictures hung at most: of the collection, from noise, made again


# A little wider than other pages, so that eight pictures hang side by side.
_STYLE: Final = f"""{CHART_STYLE}
header, main, footer {{ max-width: 76rem; }}
.wall {{ gap: .5rem; }}
.twins figure {{ margin: 0; display: grid; gap: .35rem; }}
.part {{ margin: 2.4rem 0 .6rem; }}
.can {{ display: grid; grid-template-columns: 1fr 1fr; gap: 1rem 2.2rem; margin-top: 2.2rem; }}
.can p {{ margin: .3rem 0 0; }}
.bars {{ display: grid; grid-template-columns: max-content 1fr; gap: .7rem 1rem; max-width: 41rem; margin: 1.8rem 0; }}
.bars dt, .bars dd {{ padding: 0; border: 0; }}
.bars dd {{ display: flex; align-items: center; gap: .6rem; font-variant-numeric: tabular-nums; }}
.bars i {{ flex: none; height: .9rem; background: var(--accent); print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }}
.bars .real {{ background: var(--quiet); }}
.scroll {{ overflow-x: auto; margin: 1.8rem 0; }}
table {{ width: 100%; max-width: 52rem; border-collapse: collapse; font-size: .97rem; line-height: 1.4; }}
th, td {{ padding: .55rem 1rem .55rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  font-weight: 400; font-variant-numeric: tabular-nums; }}
thead th {{ font-style: italic; }} tbody th {{ color: var(--quiet); min-width: 6rem; }}
.lessons li {{ margin-bottom: .8rem; }}
@media (max-width: 40rem) {{ .can {{ grid-template-columns: 1fr; }} .wall {{ gap: .5rem; }}
  .wall img {{ width: calc((100vw - 2.5rem - 1.5rem) / 4); height: auto; }}
  pre {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
  table {{ font-size: .87rem; }} th, td {{ padding-right: .55rem; }}
  dl:not(.bars) {{ grid-template-columns: 1fr; }} dl:not(.bars) dt {{ padding-bottom: 0; border: 0; }} }}
@media print {{ html {{ font-size: 80%; }} section {{ margin-top: 2rem; }}
  .chart {{ max-width: 28rem; }} .scroll {{ overflow: visible; }}
  h2, .room, .part {{ break-after: avoid; }} figure, img, svg, tr, li, .can, .bars {{ break-inside: avoid; }}
  img {{ box-shadow: none; }} .wall img {{ width: 76px; height: auto; }} pre {{ white-space: pre-wrap; }} }}
"""

_HEADER: Final = """\
<h1>{ways} to make a picture</h1>
<p class="lede">{ways} learned from the same {pictures} pictures, “{title}”, for the same time, {minutes} each, on the
same machine. Here you see what each of them learned, what it makes of noise, and how near that comes.</p>
<p>Nothing on this page was chosen by hand: the works are the first ones that each has made, and the sentences follow
from the figures.</p>"""

_PICTURES_TEXT: Final = """\
{pictures} pictures were learned from, at {size} pixels; here are some of them. Others were held out: no network saw
them while it learned, so that they can show whether it learned more than these pictures by heart."""

_SIDE_BY_SIDE_TEXT: Final = """\
How near do the works come to the pictures that were learned from? The bars say how far {compared} works of each are
from them, and how far {compared} real pictures are that were held out. Shorter is nearer."""

_DISTANCE_TEXT: Final = """\
<p class="quiet">The figure (the sliced Wasserstein distance, times 1,000) compares colours and textures at several
scales, from fine grain to the large forms: lower is nearer. It does not see meaning: it cannot tell a face from a
heap of the right colours, nor a new picture from a copied one. It also depends on how many pictures are compared, so it
is of use on this page alone, beside the grey bar.</p>"""

_LOSSES_TEXT: Final = """\
<p class="quiet">The losses in the charts above cannot be compared with one another: each network was asked something
else.</p>"""

_LESSONS_TEXT: Final = "What these networks are holds for any pictures; the figures hold for these alone."

_QUESTIONS_TEXT: Final = """\
<code>comparison</code> is the directory of this page, and <code>MY-ART</code> your folder of pictures. Make a guess
before you look."""

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

_CONDITIONS_TEXT: Final = "The same pictures, the same time and the same machine for each."

_FOOTER: Final = """\
<p class="quiet">The works and copies on this page were made by networks. What may be done with them depends on the
licences of the pictures that they learned from.</p>
"""


def comparison_page(comparison: Comparison) -> str:
    """The whole page as HTML: styles, charts and pictures inside, no script, nothing fetched, light and dark."""
    pictures, compared = f"{comparison.pictures:,}", f"{comparison.compared:,}"
    count = len(comparison.contenders)
    ways = {1: "One way", 2: "Two ways", 3: "Three ways"}.get(count, f"{count} ways")
    rooms = [
        (
            "The pictures",
            _PICTURES_TEXT.format(pictures=pictures, size=comparison.size),
            wall(comparison.examples[:EXAMPLES], "A picture learned from"),
        ),
        *(_contender(contender, comparison) for contender in comparison.contenders),
        ("Side by side", _SIDE_BY_SIDE_TEXT.format(compared=compared), _side_by_side(comparison)),
        ("What you should take away", _LESSONS_TEXT, _lessons(comparison)),
        ("Questions to try", _QUESTIONS_TEXT, commands_list(_questions(comparison.minutes))),
        ("How this page was made", _CONDITIONS_TEXT, facts_list(_conditions(comparison))),
    ]
    header = _HEADER.format(
        ways=ways, pictures=pictures, title=escape(comparison.title), minutes=minutes_in_words(comparison.minutes)
    )
    return document(
        f"{comparison.title}: a comparison",
        header=header,
        rooms=[room(number, *parts) for number, parts in enumerate(rooms, 1)],
        footer=_FOOTER,
        style=_STYLE,
    )


def _contender(contender: Contender, comparison: Comparison) -> tuple[str, str, str]:
    """Title, text and content of its room."""
    way, name = EXPLAINED[contender.kind], NAMES[contender.kind]
    parts = [f'<p class="quiet">Trained here: {escape(contender.plan)}.</p>']
    if chart := line_chart(contender.curves, way.quantity):
        parts += [_part("What it learned"), _said(f"{way.losses} {learning(contender)}"), chart]
    if contender.reconstructions:
        twins = _twins(comparison.held_out, contender.reconstructions, name)
        parts += [_part("Pictures made again"), _said(way.again), twins]
    if contender.works:
        distance = sentence(times_the_floor(contender.distance, comparison.floor))
        works = wall(contender.works[:WORKS], f"Made of noise by {name}")
        parts += [_part("Out of noise"), _said(f"{way.works} {distance}."), works]
    if contender.evolution is not None:
        strip = strip_on_plinth(contender.evolution, f"{sentence(name)}: {way.evolution}")
        parts += [_part("While it learned"), _said(way.evolution), strip]
    parts.append(
        f'<div class="can"><div><h3>What it can do</h3><p>{way.can}</p></div>'
        f"<div><h3>What it cannot</h3><p>{way.cannot}</p></div></div>"
    )
    return f"{sentence(name)}: {way.role}", way.what, "\n".join(parts)


def _part(title: str) -> str:
    return f'<h3 class="part">{title}</h3>'


def _said(text: str) -> str:
    return f"<p>{escape(text, quote=False)}</p>"


def _twins(originals: Sequence[Image.Image], copies: Sequence[Image.Image], name: str) -> str:
    pairs = list(zip(originals, copies, strict=False))[:TWINS]
    figures = (
        f"<figure>{hung(original, f'Held out, {number} of {len(pairs)}')}"
        f"{hung(copy, f'The same, made again by {name}')}</figure>"
        for number, (original, copy) in enumerate(pairs, 1)
    )
    return f'<div class="wall twins">{"".join(figures)}</div>'


def _side_by_side(comparison: Comparison) -> str:
    said = "\n".join(f"<p>{escape(text)}</p>" for text in verdict(comparison))
    return "\n".join((_bars(comparison), said, _DISTANCE_TEXT, _table(comparison), _LOSSES_TEXT))


def _bars(comparison: Comparison) -> str:
    rows = [("real pictures", comparison.floor, "real")]
    rows += [(NAMES[contender.kind], contender.distance, "made") for contender in comparison.contenders]
    longest = max((distance for _, distance, _ in rows if math.isfinite(distance)), default=0.0) or 1.0
    return (
        '<dl class="bars">'
        + "\n".join(
            f'<dt>{sentence(name)}</dt><dd><i class="{kind}" style="width:{_share(distance, longest):.0f}%"></i>'
            f"{figure(distance)}</dd>"
            for name, distance, kind in rows
        )
        + "</dl>"
    )


def _share(distance: float, longest: float) -> float:
    """In percent; the longest bar leaves room for its figure."""
    return 75 * distance / longest if math.isfinite(distance) else 0


def _table(comparison: Comparison) -> str:
    contenders = comparison.contenders
    rows = [
        (
            f"Distance (real pictures: {figure(comparison.floor)})",
            [figure(contender.distance) for contender in contenders],
        )
    ]
    rows += [
        (name, [contender.facts.get(name, "–") for contender in contenders])
        for name in dict.fromkeys(name for contender in contenders for name in contender.facts)
    ]
    heads = "".join(
        f'<th scope="col">{sentence(NAMES[contender.kind].removeprefix("the "))}</th>' for contender in contenders
    )
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(value)}</td>" for value in values)}</tr>'
        for name, values in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr><td></td>{heads}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _lessons(comparison: Comparison) -> str:
    lessons = [EXPLAINED[contender.kind].lesson for contender in comparison.contenders]
    lessons.append(
        "One figure is not a judgement. " + verdict(comparison)[0] + " Look at the works too, and say what you see."
    )
    return '<ul class="lessons">' + "\n".join(f"<li>{escape(text, quote=False)}</li>" for text in lessons) + "</ul>"


def _questions(minutes: float) -> list[tuple[str, str]]:
    return [(command.format(minutes=f"{minutes:g}", longer=f"{4 * minutes:g}"), note) for command, note in _QUESTIONS]


def _conditions(comparison: Comparison) -> dict[str, str]:
    return {
        "Pictures": f"{comparison.pictures:,} to learn from, {comparison.size} pixels",
        "Training": f"{minutes_in_words(comparison.minutes)} each",
        "Compared": f"{comparison.compared:,} works of each with all that were learned from",
        **comparison.facts,
    }
