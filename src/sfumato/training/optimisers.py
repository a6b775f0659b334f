"""Muon for the matrices, AdamW for the rest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def orthogonalise(matrices: Tensor, iterations: int = 5) -> Tensor:
    """The nearest (semi-)orthogonal matrices, roughly: all singular values to about 0.7..1.2.

    matrices: [K, rows, columns]. Newton-Schulz iteration with the quintic whose coefficients Jordan et al. 2024 (Muon)
    chose for the steepest slope at zero. In bfloat16, which that map forgives.
    """
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return (x.mT if tall else x).float()


class Muon:
    """Momentum, orthogonalised (Jordan et al. 2024): every direction of a matrix learns at the same speed.

    Matrices of one shape are stacked and orthogonalised in one batched product, since many small products cost
    more than the step that they serve.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, momentum: float = 0.95, weight_decay: float = 0.0, iterations=5) -> None:
        self.groups: dict[tuple[int, int], list[nn.Parameter]] = {}
        for parameter in parameters:
            shape = (parameter.shape[0], parameter[0].numel())
            self.groups.setdefault(shape, []).append(parameter)
        self.momentum, self.weight_decay, self.iterations = momentum, weight_decay, iterations
        self.buffers = {shape: torch.zeros(len(group), *shape) for shape, group in self.groups.items()}

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        for shape, group in self.groups.items():
            gradient = torch.stack([p.grad.reshape(shape) for p in group])
            buffer = self.buffers[shape]
            buffer.lerp_(gradient, 1 - self.momentum)
            update = orthogonalise(gradient.lerp(buffer, self.momentum), self.iterations)
            scale = max(1, shape[0] / shape[1]) ** 0.5 * learning_rate
            for parameter, part in zip(group, update.unbind(), strict=True):
                parameter.mul_(1 - learning_rate * self.weight_decay).add_(part.view_as(parameter), alpha=-scale)
