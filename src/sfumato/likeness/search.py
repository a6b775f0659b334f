"""The nearest of very many rows: the most telling numbers of all rows first, then all numbers of the best few."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE: Final = 32  # numbers that all rows are compared in
CANDIDATES: Final = 400  # rows that are compared in full
FEW: Final = 20_000  # rows up to which all are compared in full
_NORMALISED: Final = 1 << 16
AT_A_TIME: Final = 4096  # rows whose products stay in a core's memory


class Rows:
    """The rows of an index, ready to be searched.

    rows: [M, D], int8; groups: [M], equal for pictures of one family.
    """

    def __init__(self, rows: Tensor, groups: Tensor) -> None:
        self.rows, self.groups = rows, groups
        self._exact = F.normalize(rows.float(), dim=1) if len(rows) <= FEW else None
        self._coarse = None if self._exact is not None else _coarse(rows)

    def nearest(self, views: Tensor, without: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The row that is most like any view, and the most alike of another family.

        views: [N, V, D], int8, of N works; without: [N], the family that each does without, none by default. -> places,
        [N, 2], -1 where there is no such row; cosines, [N, 2], -1..1, -1 there.
        """
        if not len(views):
            return torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0, 2)
        found = [
            self._nearest(F.normalize(some.float(), dim=1), None if without is None else int(without[number]))
            for number, some in enumerate(views)
        ]
        return torch.stack([places for places, _ in found]), torch.stack([cosines for _, cosines in found])

    def _nearest(self, views: Tensor, without: int | None) -> tuple[Tensor, Tensor]:
        candidates, exact, groups = None, self._exact, self.groups
        if exact is None:
            candidates = self._candidates(views, without)
            exact, groups = F.normalize(self.rows[candidates].float(), dim=1), self.groups[candidates]
        cosines = (views @ exact.T).amax(0)
        if without is not None:
            cosines = cosines.masked_fill(groups == without, -1)
        best = cosines.argmax()
        others = cosines.masked_fill(groups == groups[best], -1)
        pair = torch.stack((best, others.argmax()))
        values = torch.stack((cosines[best], others[pair[1]]))
        places = pair if candidates is None else candidates[pair]
        return places.masked_fill(values <= -1, -1), values

    def _candidates(self, views: Tensor, without: int | None) -> Tensor:
        """[V, D] -> places of the CANDIDATES rows that are most like any view in their first numbers."""
        assert self._coarse is not None
        first, count = views[:, :COARSE].contiguous(), self._coarse.shape[1]
        scores, products = torch.empty(count), torch.empty(len(first), AT_A_TIME)
        for start in range(0, count, AT_A_TIME):
            # In one place, as new memory for each part would take longer than its products.
            best = scores[start : start + AT_A_TIME]
            part = products[:, : len(best)]
            torch.mm(first, self._coarse[:, start : start + AT_A_TIME], out=part)
            torch.amax(part, 0, out=best)
        if without is not None:
            scores = scores.masked_fill(self.groups == without, -torch.inf)
        return scores.topk(min(CANDIDATES, len(scores))).indices


def _coarse(rows: Tensor) -> Tensor:
    """[M, D], int8 -> [COARSE, M], float32, in units of the whole row's length."""
    coarse = torch.empty(min(COARSE, rows.shape[1]), len(rows))
    for start in range(0, len(rows), _NORMALISED):
        part = rows[start : start + _NORMALISED].float()
        coarse[:, start : start + _NORMALISED] = F.normalize(part, dim=1)[:, :COARSE].T
    return coarse
