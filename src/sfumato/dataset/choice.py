"""Some of many pictures, evenly chosen."""

from __future__ import annotations

import torch
from torch import Tensor


def spread(indices: Tensor, count: int) -> Tensor:
    """An even choice, the first and the last among them: [N] -> [count]; some come twice where N is less than count."""
    return indices[torch.linspace(0, len(indices) - 1, count).long()]
