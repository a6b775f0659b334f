"""The report of `sfumato collection report`: who and what is in a collection, and beside it what a model adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from PIL import Image

from sfumato.collection.period import century_name
from sfumato.evaluation.collection_report import CollectionReport, Compared, WorksBeside
from sfumato.evaluation.palette import Swatch
from sfumato.evaluation.representation import Representation
from sfumato.evaluation.resampling import DRAWS, LEVEL
from sfumato.evaluation.shift import Shift
from sfumato.evaluation.traits import HUE_ENDS
from sfumato.reports import representation_words as words
from sfumato.reports import shift_words
from sfumato.reports.interval_chart import Interval, IntervalRow, interval_chart
from sfumato.reports.page import Row, render
from sfumato.text import class_name, counted

MOST_CLASSES = 16  # that have a bar
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class _Bar:
    """name, said: on either side of the bar; width: in per cent of the longest; is_rest: of what is not known."""

    name: str
    said: str
    width: float
    is_rest: bool = False


@dataclass(frozen=True)
class _Set:
    """One set of works as the page shows it."""

    works: WorksBeside
    headline: str
    notes: Sequence[str]
    said: Sequence[str]
    pictures: Sequence[tuple[Image.Image, str]]
    palette: Sequence[Mapping[str, Any]]
    rows: Sequence[Row]


def representation_page(report: CollectionReport) -> str:
    """The whole report as HTML: styles, charts and pictures inside, no script, nothing fetched, light and dark."""
    found, compared = report.representation, report.compared
    creators, periods = found.creators, found.periods
    of_nobody = sum(creators.collective.values())
    others = creators.concentration.pictures - sum(creators.largest.values())
    return render(
        "representation.html",
        report=report,
        headline=words.headline(found),
        ledes=_ledes(report),
        creators_said=words.creators_said(found),
        creators=_bars(
            creators.largest,
            {"all others": others, "names that stand for nobody": of_nobody, NOT_KNOWN: creators.unknown},
        )
        if creators.largest
        else [],
        largest_said=f"By {creators.concentration.largest}",
        periods_said=words.periods_said(found),
        centuries=_bars(
            {century_name(century): count for century, count in periods.centuries.items()},
            {NOT_KNOWN: found.pictures - periods.dated},
        )
        if periods.centuries
        else [],
        classes_said=words.classes_said(found),
        classes=_class_bars(found),
        shapes_said=words.shapes_said(found),
        duplicates_said=words.duplicates_said(found),
        palette=_swatches(found.palette),
        hues=_hues(found),
        licences=_bars(words.licences_said(found), {}),
        missing_said=words.missing_said(found),
        classifier_said=shift_words.classifier_sentence(compared) if compared and compared.classes else "",
        class_chart=_class_chart(report),
        disjoint_said=shift_words.disjoint_sentences(report.works),
        together=_together(report),
        together_heads=[
            "Collection",
            *(f"{works.name}, {kind}" for works in report.works for kind in ("asked", "seen")),
        ],
        trait_chart=_trait_chart(report),
        sets=[_set(works, compared) for works in report.works if compared is not None],
        compared_palette=_swatches(compared.palette) if compared else [],
        remedies=words.remedies(report),
        conditions=_conditions(report),
    )


def _ledes(report: CollectionReport) -> list[str]:
    said = [words.few_said(report.representation), *shift_words.disjoint_sentences(report.works)]
    return [sentence for sentence in said if sentence]


def _bars(counts: Mapping[str, int], rest: Mapping[str, int]) -> list[_Bar]:
    """rest: what is no name of its own, and is left out where there is none of it."""
    total = sum(counts.values()) + sum(rest.values())
    longest = max([*counts.values(), *rest.values()], default=0) or 1
    entries = [(name, count, False) for name, count in counts.items()]
    entries += [(name, count, True) for name, count in rest.items() if count]
    return [
        _Bar(name, f"{count:,} ({shift_words.percent(count / total)})", 100 * count / longest, is_rest)
        for name, count, is_rest in entries
    ]


def _class_bars(found: Representation) -> list[_Bar]:
    if not found.classes:
        return []
    ranked = dict(sorted(found.classes.items(), key=lambda item: -item[1])[:MOST_CLASSES])
    others = sum(found.classes.values()) - sum(ranked.values())
    return _bars(ranked, {"all others": others, "(unlabelled)": found.missing["class"]})


def _hues(found: Representation) -> list[_Bar]:
    shares = {shift_words.WORDS[name].title: found.looks[name] for name in ("greys", *HUE_ENDS)}
    longest = max(shares.values()) or 1.0
    return [_Bar(name, shift_words.percent(share), 100 * share / longest) for name, share in shares.items()]


def _swatches(palette: Sequence[Swatch]) -> list[Mapping[str, Any]]:
    return [
        {"hex": "#{:02x}{:02x}{:02x}".format(*swatch.colour), "share": swatch.share, "said": f"{swatch.share:.0%}"}
        for swatch in palette
    ]


def _set(works: WorksBeside, compared: Compared) -> _Set:
    agreement = shift_words.agreement_sentence(works, compared)
    return _Set(
        works=works,
        headline=shift_words.headline(works),
        notes=[*works.notes, *([agreement] if agreement else [])],
        said=shift_words.sentences(works),
        pictures=[(picture, f"Work {number} of {works.name}") for number, picture in enumerate(works.pictures, 1)],
        palette=_swatches(works.palette),
        rows=[_row(shift) for shift in works.shifts],
    )


def _row(shift: Shift) -> Row:
    return Row(
        shift_words.title(shift),
        [
            shift_words.shown(shift, shift.collection),
            f"{shift_words.shown(shift, shift.works)} ({shift_words.ranged(shift, shift.works_interval)})",
            shift_words.signed(shift, shift.interval),
            f"{shift.p:.3f}" if shift.p >= 0.0015 else f"{shift.p:.4f}",
            shift_words.reading(shift),
        ],
        said=shift_words.says(shift),
    )


def _class_names(report: CollectionReport) -> list[str]:
    """Of the classes that are told apart, where works of any set may be of them."""
    if report.compared is None or not any(shift.kind == "class" for works in report.works for shift in works.shifts):
        return []
    return list(report.compared.classes)


def _counted_by_class(report: CollectionReport) -> list[WorksBeside]:
    return [works for works in report.works if any(shift.kind == "class" for shift in works.shifts)]


def _class_chart(report: CollectionReport) -> Markup:
    sets = _counted_by_class(report)
    rows = []
    for name in _class_names(report):
        shifts = [shift for works in sets if (shift := works.class_shift(name)) is not None]
        intervals = [Interval(*_in_order(shift.works_interval, shift.works), shift.is_told) for shift in shifts]
        rows.append(IntervalRow(class_name(name), shifts[0].collection, intervals))
    return interval_chart(
        rows,
        [works.name for works in sets],
        reference="the collection",
        along="share of the works; open marks are not told from the collection",
        label="{:.0%}".format,
    )


def _trait_chart(report: CollectionReport) -> Markup:
    """Differences in standard deviations of the collection's pictures."""
    if not report.works:
        return Markup("")
    rows = []
    for place, first in enumerate(_traits(report.works[0])):
        intervals = []
        for works in report.works:
            shift = _traits(works)[place]
            scale = shift.deviation or 1.0
            ends = (shift.interval[0] / scale, shift.interval[1] / scale)
            intervals.append(Interval(*_in_order(ends, shift.difference / scale), shift.is_told))
        rows.append(IntervalRow(shift_words.title(first), 0.0, intervals))
    return interval_chart(
        rows,
        [works.name for works in report.works],
        reference="the collection",
        along="less or more, in standard deviations of the collection’s pictures; open marks are not told from it",
        label=lambda value: f"{value:+g}".replace("-", "−") if value else "0",
    )


def _traits(works: WorksBeside) -> list[Shift]:
    return [shift for shift in works.shifts if shift.kind != "class"]


def _in_order(ends: tuple[float, float], value: float) -> tuple[float, float, float]:
    return ends[0], value, ends[1]


def _together(report: CollectionReport) -> list[Row]:
    rows = []
    for name in _class_names(report):
        found = [works.class_shift(name) for works in report.works]
        share = next(shift.collection for shift in found if shift is not None)
        cells = [shift_words.percent(share)]
        for shift in found:
            cells += ["–", "–"] if shift is None else [
                "–" if shift.asked is None else shift_words.percent(shift.asked),
                f"{shift_words.percent(shift.works)} ({shift_words.ranged(shift, shift.works_interval)})",
            ]  # fmt: skip
        rows.append(Row(class_name(name), cells))
    return rows


def _conditions(report: CollectionReport) -> dict[str, str]:
    conditions = {
        "Collection": counted(report.representation.pictures, "picture"),
        "SHA-256, collection": report.digest,
    }
    if report.compared is not None:
        conditions["Compared"] = (
            f"{counted(report.compared.pictures, 'picture')} of the collection at {report.compared.size} pixels; "
            f"{DRAWS:,} permutations and as many bootstrap samples, near duplicates together; level {LEVEL:.0%}"
        )
        conditions["Seed"] = str(report.seed)
    for works in report.works:
        conditions |= {f"{works.name}: {name}": text for name, text in works.facts.items()}
        conditions |= {f"{works.name}: SHA-256, {name}": digest for name, digest in works.digests.items()}
    return conditions
