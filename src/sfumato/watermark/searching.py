"""Where a mark could lie in a picture: the views and places at which the synchronising frequencies agree best."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from sfumato.watermark.hearing import WHOLE, Heard, Place, View, grid_from, heard, heard_both, synchronising
from sfumato.watermark.key import SIDE, Floats, key

_STEP: Final = 0.012  # from one view to the next: half of it moves the finest wave at the border by a fifth
_FEWEST: Final = -19  # steps: four fifths of a side
_MOST: Final = 8  # a border of a tenth
_UNEVEN: Final = 6  # steps that height and width may differ by
_BETWEEN: Final = 3  # finer positions a step, when a candidate is looked at closely
_HALVES: Final = 2  # places a sample, when all are tried
_QUARTERS: Final = 4  # and when one is looked at closely

_EVEN_VIEWS: Final = [View(math.exp(_STEP * steps), math.exp(_STEP * steps)) for steps in range(_FEWEST, _MOST + 1)]
_UNEVEN_VIEWS: Final = [
    View(math.exp(_STEP * down), math.exp(_STEP * across))
    for down in range(_FEWEST, _MOST + 1)
    for across in range(_FEWEST, _MOST + 1)
    if 0 < abs(down - across) <= _UNEVEN
]
# All that a search can come to, each as good as another where there is no mark.
POSITIONS: Final = (len(_EVEN_VIEWS) + len(_UNEVEN_VIEWS)) * _BETWEEN**2 * 2 * (_QUARTERS * SIDE) ** 2

_FEW: Final = 2  # candidates in a whole picture, mirrored or not
_MANY: Final = 16  # among views


class Candidate(NamedTuple):
    """score: of the synchronising frequencies alone, in deviations of chance."""

    score: float
    view: View
    mirrored: bool
    place: Place


def on_the_whole(flat: Floats) -> list[Candidate]:
    """The likeliest places in a flattened grid [128, 128] that shows the whole picture, mirrored or not."""
    return [
        candidate
        for mirrored, all_heard in enumerate(heard_both(flat, WHOLE))
        for candidate in _peaks(all_heard, WHOLE, bool(mirrored), _FEW)
    ]


def everywhere(flat: Floats) -> Iterator[list[Candidate]]:
    """The likeliest positions among all views, looked at closely: first among the even ones, then among the others."""
    for views in (_EVEN_VIEWS, _UNEVEN_VIEWS):
        yield [_closer(flat, candidate) for candidate in heapq.nlargest(_MANY, _peaks_of(flat, views))]


def _peaks_of(flat: Floats, views: Iterable[View]) -> Iterator[Candidate]:
    for view in views:
        for mirrored, all_heard in enumerate(heard_both(flat, view)):
            yield from _peaks(all_heard, view, bool(mirrored), 1)


def _peaks(all_heard: Heard, view: View, mirrored: bool, most: int) -> list[Candidate]:
    """The places of one view with the highest scores."""
    sync = synchronising()
    values = np.zeros_like(all_heard.responses)
    values[sync] = all_heard.responses[sync] * np.conj(key().waves[sync])
    surface = grid_from(values, _HALVES * SIDE).ravel()
    highest = [int(surface.argmax())] if most == 1 else np.argpartition(surface, -most)[-most:].tolist()
    loudness = all_heard.loudness(sync)
    return [
        Candidate(float(surface[at]) / loudness, view, mirrored, Place(*np.divide(divmod(at, _HALVES * SIDE), _HALVES)))
        for at in highest
    ]


def _closer(flat: Floats, candidate: Candidate) -> Candidate:
    """The best of the finer positions about a candidate, itself included."""
    finer = [math.exp(_STEP * part / _BETWEEN) for part in range(-(_BETWEEN // 2), _BETWEEN // 2 + 1)]
    found = [
        _closer_place(heard(flat, view, mirrored=candidate.mirrored), candidate._replace(view=view))
        for down in finer
        for across in finer
        for view in [View(candidate.view.down * down, candidate.view.across * across)]
    ]
    return max(found)


def _closer_place(all_heard: Heard, candidate: Candidate) -> Candidate:
    sync = synchronising()
    offsets = np.arange(-1, 2) / _QUARTERS
    values = all_heard.responses[sync] * np.conj(key().waves[sync])
    turn = 2j * np.pi / SIDE
    down = np.exp(turn * np.outer(candidate.place.down + offsets, key().rows[sync]))
    across = np.exp(turn * np.outer(candidate.place.across + offsets, key().columns[sync]))
    scores = ((down * values) @ across.T).real / all_heard.loudness(sync)
    row, column = divmod(int(scores.argmax()), len(offsets))
    place = Place(candidate.place.down + float(offsets[row]), candidate.place.across + float(offsets[column]))
    return candidate._replace(score=float(scores[row, column]), place=place)
