"""Fitting a model's critic, by the works that its calibration has made."""

from __future__ import annotations

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.models.critic import Critic, measures_of
from sfumato.training.statistics import Statistics

FEWEST_WORKS: Final = 64
# Of the squared weights, in measures of unit variance. Found beside distances in a network's features, see
# benchmarks/log.md: a third or three times as much makes no difference.
PENALTY: Final = 0.01
_LEAST_DEVIATION: Final = 1e-3


def fitted_critic(pictures: Statistics, works: Statistics) -> Critic | None:
    """What tells these sets apart; None of fewer than FEWEST_WORKS works."""
    if len(works) < FEWEST_WORKS:
        return None
    real, made = (measures_of(each.descriptors, each.energies) for each in (pictures, works))
    deviation = real.std(0) + _LEAST_DEVIATION
    shown = (torch.cat((real, made)) - real.mean(0)) / deviation
    is_real = torch.cat((torch.ones(len(real)), torch.zeros(len(made)))).double()
    # Both sets count alike, however many there are of each.
    share = torch.where(is_real > 0, 0.5 / len(real), 0.5 / len(made))
    weights = torch.zeros(shown.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        error = F.binary_cross_entropy_with_logits(shown @ weights + bias, is_real, weight=share, reduction="sum")
        total = error + PENALTY * weights.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    with torch.enable_grad():
        optimiser.step(loss)  # type: ignore[no-untyped-call]
    return Critic(weights=tuple((weights.detach() / deviation).tolist()))
