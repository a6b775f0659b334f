"""The report that `sfumato evaluate` leaves behind: works, figures and floors on one page."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import torch

from sfumato.cli.chart import CHART_STYLE, line_chart
from sfumato.cli.evaluate_words import (
    FEW,
    WORDS,
    beside,
    cries_copies,
    headline,
    numbers,
    shown,
    too_few,
    verdict,
)
from sfumato.cli.page import document, facts_list, hung, room
from sfumato.evaluation import Curve, Evaluation
from sfumato.evaluation.class_figures import FEWEST, ClassDistance, ClassFigures
from sfumato.evaluation.class_shares import ClassShare
from sfumato.evaluation.evaluation import FigureName
from sfumato.text import class_name, counted

FIRST, MOST = 12, 96  # works that are hung: at once, and in all
NEIGHBOUR_SIZE = 64

_STYLE: Final = f"""{CHART_STYLE}
.cry {{ display: inline-block; margin: 0 0 1rem; padding: .5rem 1.1rem; max-width: none;
  border: 3px solid var(--accent); color: var(--accent);
  font-size: clamp(1.3rem, 3.4vw, 2rem); line-height: 1.3; font-weight: 700; }}
.triples {{ display: flex; flex-wrap: wrap; gap: 1.4rem; }}
.triples figure {{ margin: 0; display: grid; grid-template-columns: auto 1fr; gap: .4rem; align-items: start; }}
.triples div {{ display: grid; gap: .4rem; }}
.triples figcaption {{ grid-column: 1 / -1; color: var(--quiet); font-size: .83rem; line-height: 1.35; }}
.triples .copy figcaption {{ color: var(--accent); font-weight: 700; }}
.triples .copy {{ outline: 3px solid var(--accent); outline-offset: .35rem; }}
details {{ margin-top: 1.8rem; }} summary {{ cursor: pointer; margin-bottom: 1.4rem; }}
.scroll {{ overflow-x: auto; margin: 1.8rem 0; }}
table {{ width: 100%; border-collapse: collapse; font-size: .97rem; line-height: 1.4; }}
th, td {{ padding: .55rem 1rem .55rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  font-weight: 400; font-variant-numeric: tabular-nums; }}
thead th {{ font-style: italic; color: var(--quiet); }}
td {{ white-space: nowrap; }}
.said {{ white-space: normal; min-width: 18rem; color: var(--quiet); font-size: .93rem; }}
small {{ display: block; color: var(--quiet); font-size: .83rem; white-space: nowrap; }}
@media (max-width: 44rem) {{ th:has(small) {{ min-width: 8.5rem; }}
  small {{ white-space: normal; line-height: 1.35; }} }}
@media print {{ .scroll {{ overflow: visible; }} figure, tr, svg {{ break-inside: avoid; }}
  img {{ box-shadow: none; }} }}
"""

_WORKS_TEXT: Final = """\
Each work with the training picture that is nearest to it, mirrored or not, and the nearest one of another motif. The
percentage is how far the first is, beside the second; a work below a third is called a near copy. Beside it stands the
highest correlation with a training picture at 16 x 16 pixels. Those that are most like a copy come first."""

_FIGURES_TEXT: Final = """\
Each figure stands beside its floor: the same measured on as many real pictures that were held out. A figure means
something beside its floor alone, and beside figures of as many pictures. Features: {features}."""

_LOOKS_TEXT: Final = """\
Means over the pictures, in a colour space in which black and white are 1 apart and equal distances look equally
large."""

_CLASSES_TEXT: Final = """\
To which class a picture seems to belong: that of the training picture nearest to it in features. How far that can be
trusted is in the last column: the share of real held-out pictures whose class it finds."""

_CLASS_FIGURES_TEXT: Final = f"""\
How far the works that were asked to be of a class are from that class’s own training pictures. KID is over the pictures
whose numbers stand below the class; sliced Wasserstein distance is over as many works as held-out pictures, and means
something beside theirs alone. With fewer than {FEWEST} held-out pictures the floor is unknown."""

_NOISE_TEXT: Final = """\
How much error the model leaves when it takes away noise of each strength, over that of the best guess from each pixel
alone; fixed noise, {pictures} pictures of each kind. Where the line of held-out pictures lies well above the other one,
the model knows training pictures by heart at that strength."""

_TRAINING_TEXT: Final = "How the losses went while it was trained."

_CONDITIONS_TEXT: Final = "All that the figures depend on."

_FOOTER: Final = """\
<p class="quiet">Figures hold for this collection, this size, these numbers of pictures and these features.
<code>evaluation.json</code>, beside this page, has all of them.</p>
"""


def evaluation_page(evaluation: Evaluation) -> str:
    """The whole report as HTML: styles, charts and pictures inside, no script, nothing fetched, light and dark."""
    rooms = [
        ("The works", _WORKS_TEXT, _works(evaluation)),
        ("The figures", _FIGURES_TEXT.format(features=escape(evaluation.features)), _figures(evaluation)),
        ("Beside the collection", _LOOKS_TEXT, _looks(evaluation)),
    ]
    if evaluation.classes:
        own = _class_figures(evaluation.class_figures)
        rooms.append(("The classes", _CLASSES_TEXT, _classes(evaluation.classes) + own))
    if levels := evaluation.noise_levels:
        lines = [
            Curve(f"on {kind} pictures", list(zip(levels.sigmas, losses, strict=True)))
            for kind, losses in (("training", levels.training), ("held-out", levels.held_out))
        ]
        chart = line_chart(lines, "error", along="noise level (sigma)", logarithmic_along=True)
        rooms.append(("Noise by noise", _NOISE_TEXT.format(pictures=f"{levels.pictures:,}"), chart))
    if chart := line_chart(evaluation.curves, "loss"):
        rooms.append(("While it was trained", _TRAINING_TEXT, chart))
    rooms.append(("How this report was made", _CONDITIONS_TEXT, facts_list(_conditions(evaluation))))
    return document(
        f"{evaluation.name}: an evaluation",
        header=_header(evaluation),
        rooms=[room(number, *parts) for number, parts in enumerate(rooms, 1)],
        footer=_FOOTER,
        style=_STYLE,
    )


def _header(evaluation: Evaluation) -> str:
    first = escape(headline(evaluation))
    kind = "cry" if cries_copies(evaluation) else "lede"
    said = " ".join(verdict(evaluation))
    against = f"{counted(evaluation.counts['training'], 'picture')} of “{escape(evaluation.against)}”"
    return (
        f"<h1>{escape(evaluation.name)}</h1>\n"
        f'<p class="{kind}">{first}{"" if kind == "cry" else "."}</p>\n<p>{escape(said)}</p>\n'
        f'<p class="quiet">{counted(evaluation.counts["works"], "work")} at {evaluation.size} pixels, beside {against} '
        f"that were learned from and {evaluation.counts['held_out']:,} that were held out.</p>"
    )


def _works(evaluation: Evaluation) -> str:
    ratios = evaluation.nearest.ratios
    likeness = -torch.tensor(evaluation.correlations) if ratios.isnan().all() else ratios
    order = likeness.argsort(stable=True).tolist()[:MOST]
    first = _triples(evaluation, order[:FIRST])
    if len(order) <= FIRST:
        return first
    rest = _triples(evaluation, order[FIRST:])
    return f"{first}\n<details><summary>The next {len(order) - FIRST}, in this order</summary>\n{rest}</details>"


def _triples(evaluation: Evaluation, order: Iterable[int]) -> str:
    figures = []
    for index in order:
        files, ratio = evaluation.neighbour_files[index], evaluation.nearest.ratios[index].item()
        is_copy = bool(evaluation.nearest.are_copies[index])
        alike = f"correlation {evaluation.correlations[index]:.2f}"
        said = alike if math.isnan(ratio) else f"{ratio:.0%}, {alike}"  # without another motif there is no ratio
        neighbours = "".join(
            hung(picture, f"Learned from: {file}", NEIGHBOUR_SIZE)
            for picture, file in zip(evaluation.neighbours[index], files, strict=True)
        )
        kind, called = (' class="copy"', "Near copy: ") if is_copy else ("", "")
        figures.append(
            f"<figure{kind}>{hung(evaluation.pictures[index], f'Work {index}')}"
            f"<div>{neighbours}</div><figcaption>{called}work {index}: {said}"
            f"</figcaption></figure>"
        )
    return f'<div class="triples">{"".join(figures)}</div>'


def _figures(evaluation: Evaluation) -> str:
    rows = [
        (
            f"{WORDS[figure.name].title}<small>{WORDS[figure.name].better}; {numbers(figure)}</small>",
            [
                shown(figure.name, figure.works, figure.works_error, figure.works_interval),
                shown(figure.name, figure.floor, figure.floor_error, figure.floor_interval),
            ],
            f"{WORDS[figure.name].says} {WORDS[figure.name].says_not}",
        )
        for figure in evaluation.figures
    ]
    few = (
        f'<p class="quiet">Below {FEW} pictures of each, distances are mostly chance.</p>'
        if evaluation.counts["compared"] < FEW
        else ""
    )
    return _table(("These works", "Real, held out", "What it says, and what it does not"), rows) + few


def _looks(evaluation: Evaluation) -> str:
    works, held_out, training = evaluation.appearance
    kinds = {
        "Sharpness": ("sharpness", "Energy of edges and grain, times 1,000. Blur lowers it, noise raises it."),
        "Colour": ("chroma", "How far colours are from grey."),
        "Spread of colour": ("chroma_spread", "How unlike the colours of the whole set are; one tint for all is 0."),
        "Contrast": ("contrast", "How much light and dark vary within a picture."),
    }
    rows = []
    for title, (name, text) in kinds.items():
        values = [getattr(looks, name) for looks in (works, held_out, training)]
        rows.append((title, [*(f"{value:.3g}" for value in values), beside(values[0], values[2])], text))
    return _table(("These works", "Real, held out", "Training", "Works are", "What it is"), rows)


def _classes(classes: Sequence[ClassShare]) -> str:
    rows = [
        (
            escape(class_name(share.name)),
            [
                _percent(share.training),
                _percent(share.asked),
                _percent(share.seen),
                _percent(share.right),
                _percent(share.held_out_right),
            ],
            "",
        )
        for share in classes
    ]
    heads = ("Of training pictures", "Asked for", "Seen in the works", "Asked and seen", "Found, held out")
    return _table(heads, rows)


def _class_figures(classes: Sequence[ClassFigures]) -> str:
    if not classes:
        return ""
    heads = ("KID, these works", "KID, real, held out", "Sliced Wasserstein, these works", "The same, real, held out")
    rows = []
    for figures in classes:
        counts = f"{counted(figures.works, 'work')}, {figures.held_out:,} held out, against {figures.training:,}"
        if (kid := figures.kid) is not None:
            counts = (
                f"{counted(kid.n, 'work')}, {kid.n_floor or figures.held_out:,} held out, against {kid.reference:,}"
            )
        values = [*_beside_floor("kid", kid), *_beside_floor("sliced_wasserstein", figures.sliced_wasserstein)]
        rows.append((f"{escape(class_name(figures.name))}<small>{counts}</small>", values, too_few(figures)))
    return f"<p>{_CLASS_FIGURES_TEXT}</p>\n{_table(heads, rows)}"


def _beside_floor(name: FigureName, found: ClassDistance | None) -> list[str]:
    """[] where there is no figure."""
    if found is None:
        return []
    floor = "unknown" if found.floor is None else shown(name, found.floor, found.floor_error)
    return [shown(name, found.works, found.works_error), floor]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str], str]]) -> str:
    """rows: a name (HTML), values and, if it is not '', what is said of them, over all columns that have no value."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{escape(value)}</td>" for value in values)}'
        + (f'<td class="said" colspan="{len(heads) - len(values)}">{escape(text, quote=False)}</td>' if text else "")
        + "</tr>"
        for name, values, text in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr><td></td>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def _conditions(evaluation: Evaluation) -> dict[str, str]:
    counts = evaluation.counts
    return {
        "Against": f"{evaluation.against}: {counted(counts['training'], 'training picture')}, "
        f"{counts['held_out']:,} held out",
        "Compared": f"{counts['compared']:,} works and as many held-out pictures, each with {counts['reference']:,} "
        f"training pictures; copies were looked for among all {counts['training']:,}",
        "Size": f"{evaluation.size} pixels",
        "Features": evaluation.features,
        **evaluation.facts,
        **{f"SHA-256, {name}": digest for name, digest in evaluation.digests.items()},
    }
