"""The tables of `figures.py`, in Markdown, from what it has recorded."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from figures_record import Record

from sfumato.text import counted

Entry = dict[str, Any]
CELLS = ("dense", "middle", "sparse")
CHILD = "... "
KINDS = ("works", "held_out")
NEAR = [
    *("model", "seeds", "works", "KID at its own size", "KID, the files at the size named", "equal numbers"),
    *("FD at its own size", "FD, the files at the size named", "precision", "recall", "density", "coverage"),
    "all but empty, %",
]


def table(record: Record) -> str:
    """Everything that has been measured: medians over the seeds, with the lowest and the highest."""
    groups: dict[str, list[Entry]] = {}
    for (cell, step), entry in sorted(record.steps.items()):
        if step == "measured":
            whole = entry | {"training": record.get(cell, "trained"), "making": record.get(cell, "made")}
            groups.setdefault(_kind(entry), []).append(whole)
    if not groups:
        return "Nothing has been measured yet."
    ordered = sorted(groups.values(), key=_order)
    return "\n\n".join([_near(ordered), _by_heart(ordered), _circumstances(ordered)])


def _kind(entry: Entry) -> str:
    names = ("collection", "size", "two_commands", "minutes", "pictures", "machine", "code")
    return repr([entry[name] for name in names])


def _order(group: Sequence[Entry]) -> tuple[Any, ...]:
    one = group[0]
    names = ("collection", "size", "minutes", "pictures", "two_commands", "code")
    return (*(one[name] for name in names), one["machine"] != "quiet")


def _model(one: Entry) -> str:
    length = f"{one['minutes']:g} min" if one["minutes"] else f"{one['pictures']:,} pictures, by steps"
    machine = {"quiet": "quiet", "busy": "one core busy", "any": "not by time"}[one["machine"]]
    two = ", base and upscaler" if one["two_commands"] else ""
    return f"{one['collection']}, {one['size']} px{two}, {length}, {machine}, {one['code']}"


def _spread(values: Iterable[float | None], digits: int = 0, percent: bool = False) -> str:
    """'median (lowest to highest)'; the median alone of one seed."""
    known = [value * (100 if percent else 1) for value in values if value is not None]
    if not known:
        return "-"
    said = [f"{value:,.{digits}f}" for value in (statistics.median(known), min(known), max(known))]
    return said[0] if len(known) == 1 else f"{said[0]} ({said[1]} to {said[2]})"


def _of(group: Sequence[Entry], *path: str | int) -> list[Any]:
    """One figure of every seed; None where it could not be measured."""
    found = []
    for entry in group:
        value: Any = entry["figures"]
        for name in path:
            value = None if value is None else value[name]
        found.append(value)
    return found


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _kid(group: Sequence[Entry], *path: str) -> str:
    """With the error of the median seed's own estimate, where there is but one seed."""
    said = _spread(_of(group, *path, "mean"))
    return said if len(group) > 1 else f"{said} +- {_spread(_of(group, *path, 'error'))}"


def _near(groups: Sequence[Sequence[Entry]]) -> str:
    """How near works come; after the models of a collection and size, the floors of its real pictures."""
    rows: list[list[str]] = []
    for _, alike in itertools.groupby(groups, key=lambda group: (group[0]["collection"], group[0]["size"])):
        models = list(alike)
        for group in models:
            named = _named(group)
            works = f"{group[0]['figures']['numbers']['works']:,}"
            about = [f"**{_model(group[0])}**", str(len(group)), works, f"**{_kid(group, 'own', 'kid')}**"]
            empty = _spread(_of(group, "empty", "works", "share"), 1, percent=True)
            far = _spread(_of(group, "named", "frechet", "distance"))
            kid = f"**{named}{_kid(group, 'named', 'kid')}**"
            rows.append([*about, kid, *_equal(group, "works_by_halves", far), empty])
            few = [f"{CHILD}as many works as are held out", "", "", "", "", *_equal(group, "works_by_held_out", ""), ""]
            rows.append(few)
        real = [entry for group in models for entry in group]
        named = _named(real)
        far = _spread(_of(real, "named", "frechet_halves", "distance"))
        about = ["real pictures: halves of the collection", "", "", _kid(real, "own", "kid_halves")]
        empty = _spread(_of(real, "empty", "collection"), 1, percent=True)
        kid = named + _kid(real, "named", "kid_halves")
        rows.append([*about, kid, *_equal(real, "real_by_halves", far), empty])
        about = ["real pictures: held out", "", "", _kid(real, "own", "kid_held_out"), ""]
        empty = _spread(_of(real, "empty", "held_out", "share"), 1, percent=True)
        rows.append([*about, *_equal(real, "real_by_held_out", ""), empty])
        kid = named + _kid(real, "named", "kid_of_the_size")
        rows.append(["real pictures: all, reduced to the model's size", "", "", "", kid, *[""] * (len(NEAR) - 5)])
    return _rows(NEAR, rows)


def _named(group: Sequence[Entry]) -> str:
    return f"{group[0]['figures']['named']['size']} px: "


def _equal(group: Sequence[Entry], block: str, far: str) -> list[str]:
    """What is measured at equal numbers, and these; far: the Frechet distance at the named size."""
    numbers = _spread(_of(group, "own", block, "n"))
    distance = _spread(_of(group, "own", block, "frechet", "distance"))
    shares = (_spread(_of(group, "own", block, name), 2) for name in ("precision", "recall", "density", "coverage"))
    return [numbers, distance, far, *shares]


def _by_heart(groups: Sequence[Sequence[Entry]]) -> str:
    """What of the training pictures comes back: shares of works beside those of held-out pictures, and C_T."""
    head = ["model", "copies by ratio, %", "held out", *(f"{cell}, works and held out" for cell in CELLS)]
    head += [
        "correlated over 0.95, %",
        "held out",
        "C_T in features",
        *CELLS,
        "of real pictures",
        "C_T in pixels",
        *CELLS,
    ]
    rows = []
    for group in groups:

        def shares(*path: str | int, group: Sequence[Entry] = group) -> str:
            return _spread(_of(group, *path, "share"), 1, percent=True)

        known = all(entry["figures"]["copies"]["ratio_by_cell"] for entry in group)
        by_cell = [
            ", ".join(shares("copies", "ratio_by_cell", cell, kind) for kind in KINDS) if known else "-"
            for cell in range(len(CELLS))
        ]

        def tested(*path: str, group: Sequence[Entry] = group) -> list[str]:
            cells = [_spread(_of(group, *path, "cells", cell, "z"), 1) for cell in range(len(CELLS))]
            return [_spread(_of(group, *path, "score"), 1), *cells]

        copied, alike = ([shares("copies", test, kind) for kind in KINDS] for test in ("ratio", "correlated"))
        seen, real = tested("data_copying", "features"), tested("data_copying", "halves")[0]
        rows.append([_model(group[0]), *copied, *by_cell, *alike, *seen, real, *tested("copies", "data_copying")])
    return _rows(head, rows)


def _circumstances(groups: Sequence[Sequence[Entry]]) -> str:
    """What was shown in which time, on what machine, and what was typed."""
    head = ["model", "network", "pictures shown", "minutes, as the runs say", "threads", "cores others kept busy"]
    head += ["seconds for the works", "commits"]
    rows = []
    for group in groups:
        training = [entry["training"] for entry in group]

        def stages(said: Callable[[Entry], str], training: Sequence[Entry] = training) -> str:
            return "; ".join(dict.fromkeys(" + ".join(said(stage) for stage in one["stages"]) for one in training))

        pictures = [sum(stage["pictures"] for stage in one["stages"]) for one in training]
        minutes = [sum(stage["seconds"] or 0 for stage in one["stages"]) / 60 for one in training]
        network = stages(lambda stage: stage["plan"].partition(":")[0])
        threads = stages(lambda stage: " to ".join(map(str, stage["threads"])) or "-")
        others = _spread([one["others"] for one in training], 2)
        seconds = _spread([entry["making"]["seconds"] for entry in group])
        commits = ", ".join(dict.fromkeys(one["commit"] or "-" for one in training))
        shown = [_spread(pictures), _spread(minutes, 2)]
        rows.append([_model(group[0]), network, *shown, threads, others, seconds, commits])
    seen = [entry["training"]["machine"] for group in groups for entry in group]
    machines = dict.fromkeys(f"{one['cpu']}, {counted(one['cores'], 'core')}" for one in seen)
    loads = [one["load"] for one in seen]
    commands = [
        f"# {_model(one)}\n" + "\n".join([*one["training"]["commands"], *one["making"]["commands"]])
        for one in (group[0] for group in groups)
    ]
    said = f"Machine: {'; '.join(machines)}. Load before the trainings: {_spread(loads, 2)}."
    return "\n\n".join([_rows(head, rows), said, "```\n" + "\n".join(commands) + "\n```"])
