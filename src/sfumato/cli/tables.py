"""What was collected, and what was measured, as tables."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sfumato.collection import Finished, Origin
from sfumato.pipeline.events import Evaluated
from sfumato.provenance.licences import short_name
from sfumato.reports.evaluation_words import WORDS, shown
from sfumato.text import class_name, printable

MOST_LICENCES = 6


def collection_table(finished: Finished) -> Table:
    summary, origin = finished.summary, finished.origin
    table = Table(title=_cell(f"Collection {finished.path}"), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    sides = f"{summary.smallest_side} to {summary.largest_side}, median {summary.median_side}"
    licences = [(short_name(licence), count) for licence, count in summary.licences.items()]
    rest = sum(count for _, count in licences[MOST_LICENCES:])
    sections: list[list[tuple[str, str | int]]] = [
        _origin_rows(origin) if origin is not None else [],
        [] if list(summary.classes) == [""] else [(class_name(name), count) for name, count in summary.classes.items()],
        [(f"split {name}", count) for name, count in summary.splits.items()],
        [
            ("pictures", summary.pictures),
            ("near duplicates of another", summary.near_duplicates),
            ("short side, pixels", sides),
            *([("known creators", summary.creators)] if summary.creators else []),
            *([("captions", summary.captions)] if summary.captions else []),
        ],
        [
            *((f"licence {licence}", count) for licence, count in licences[:MOST_LICENCES]),
            *([("other licences", rest)] if rest else []),
            *([("sources disagree", summary.conflicts)] if summary.conflicts else []),
            *([("made by a model", summary.generated)] if summary.generated else []),
        ],
        [
            *([("left out: exact duplicate", summary.exact_duplicates)] if summary.exact_duplicates else []),
            *((f"left out: {kind}", count) for kind, count in summary.left_out.items()),
        ],
    ]
    for section in filter(None, sections):
        for name, value in section:
            table.add_row(_cell(name), f"{value:,}" if isinstance(value, int) else _cell(value))
        table.add_section()
    return table


def _origin_rows(origin: Origin) -> list[tuple[str, str | int]]:
    if origin.is_of_museum:
        return [("museum", origin.reference), ("asked last", origin.version or "unknown")]
    return [
        ("data set", origin.reference),
        ("version", origin.version or "unknown"),
        ("licence that its card states", "unknown" if origin.licence is None else origin.licence or "none"),
    ]


def metrics_table(evaluated: Evaluated) -> Table:
    title = Text(f"{evaluated.size} px, {evaluated.features}")  # no markup: a directory may be called [red]
    table = Table(title=title, title_justify="left")
    for head in ("", "works", "real, held out", "N"):
        table.add_column(head, justify="left" if head in ("", "N") else "right", no_wrap=head == "")
    for metric in evaluated.metrics:
        against = f"; {metric.reference:,}" if metric.reference else ""
        table.add_row(
            WORDS[metric.name].title,
            shown(metric.name, metric.works, metric.works_error, metric.works_interval),
            shown(metric.name, metric.baseline, metric.baseline_error, metric.baseline_interval),
            f"{metric.n:,}, {metric.n_baseline:,}{against}",
        )
    return table


def _cell(text: str) -> str:
    return escape(printable(text))
