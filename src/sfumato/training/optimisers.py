"""Optimisers: Muon for the hidden matrices, AdamW for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

# Layers whose weights are no map from hidden features to hidden features: Muon is not for them (Jordan et al. 2024).
_NOT_HIDDEN = ("embed", "output", "position", "table", "modulation", "condition", "final")


class Optimiser:
    """One step for all parameters of a module, the learning rates scaled by a schedule's factor."""

    def __init__(
        self,
        module: nn.Module,
        kind: Literal["muon", "adamw"],
        *,
        learning_rate: float,
        matrix_learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.99),
        rates: Mapping[str, float] | None = None,
    ) -> None:
        """rates: parts of the module, by name, that learn so many times as fast as the rest."""
        self.learning_rate = learning_rate
        named = dict(module.named_parameters())
        matrices = {name: p for name, p in named.items() if kind == "muon" and is_hidden_matrix(name, p)}
        self.rest = {name: p for name, p in named.items() if name not in matrices}
        faster = {name: rate for name in named for part, rate in (rates or {}).items() if name.startswith(f"{part}.")}
        self.muon = Muon(matrices, matrix_learning_rate, rates=faster)
        self.fused = all(p.device.type in ("cpu", "cuda") for p in named.values())
        paces = sorted({faster.get(name, 1.0) for name in self.rest})
        groups = [
            {"params": [p for name, p in self.rest.items() if faster.get(name, 1.0) == rate], "rate": rate}
            for rate in paces
        ]
        self.adam = torch.optim.AdamW(groups, learning_rate, betas=betas, weight_decay=0.0, fused=self.fused)

    def step(self, factor: float) -> None:
        """Move by the gradients, then forget them. factor: the share of the full learning rates."""
        for group in self.adam.param_groups:
            group["lr"] = self.learning_rate * group["rate"] * factor
        self.adam.step()
        self.muon.step(factor)
        self.adam.zero_grad()
        for parameter in self.muon.parameters.values():
            parameter.grad = None

    def state(self) -> dict[str, Tensor]:
        """Everything that a later step depends on, as named tensors (none before the first step)."""
        tensors = {f"muon.{name}": buffer for name, buffer in self.muon.momenta.items()}
        for name, parameter in self.rest.items():
            tensors |= {f"adam.{name}.{key}": value for key, value in self.adam.state[parameter].items()}
        return tensors

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave. Raises KeyError for tensors of another module."""
        for name, buffer in self.muon.momenta.items():
            buffer.copy_(tensors[f"muon.{name}"])
        for name, parameter in self.rest.items():
            if f"adam.{name}.step" not in tensors:
                self.adam.state[parameter] = {}
                continue
            moments = {key: torch.empty_like(parameter) for key in ("exp_avg", "exp_avg_sq")}
            for key, moment in moments.items():
                # Into the parameter's own layout in memory: fused AdamW walks all of them side by side.
                moment.copy_(tensors[f"adam.{name}.{key}"])
            count = tensors[f"adam.{name}.step"].clone()
            self.adam.state[parameter] = {"step": count.to(parameter.device) if self.fused else count, **moments}


class Muon:
    """Momentum, orthogonalised: every direction of a matrix learns at the same speed (Jordan et al. 2024).

    Matrices of one shape are stacked and orthogonalised in one batched product, since many small products cost more
    than the step that they serve. Convolutions count as matrices [out, in * height * width].
    """

    def __init__(
        self,
        parameters: dict[str, nn.Parameter],
        learning_rate: float,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.2,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        """rates: of parameters that learn so many times as fast as the others. weight_decay: relative to the learning
        rate. Every step is of the same size, so without it the weights grow with the number of steps, and what a step
        can change shrinks."""
        self.parameters, self.learning_rate, self.rates = parameters, learning_rate, rates or {}
        self.momentum, self.weight_decay = momentum, weight_decay
        self.momenta = {
            name: torch.zeros_like(p, memory_format=torch.contiguous_format) for name, p in parameters.items()
        }
        self.shapes: dict[tuple[int, int], list[str]] = {}
        for name, parameter in parameters.items():
            self.shapes.setdefault((len(parameter), parameter[0].numel()), []).append(name)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        for shape, names in self.shapes.items():
            updates = []
            for name in names:
                gradient = self.parameters[name].grad
                if gradient is None:
                    raise ValueError(f"{name} took no part in the loss")
                self.momenta[name].lerp_(gradient, 1 - self.momentum)
                # Nesterov's form: a look ahead along the momentum.
                updates.append(gradient.lerp(self.momenta[name], self.momentum).reshape(shape))
            # A tall matrix of orthonormal columns has entries smaller than a wide one's: the root evens that out.
            evened = max(1, shape[0] / shape[1]) ** 0.5
            for name, update in zip(names, orthogonalised(torch.stack(updates)), strict=True):
                rate = self.learning_rate * self.rates.get(name, 1.0) * factor
                parameter = self.parameters[name].mul_(1 - rate * self.weight_decay)
                parameter.sub_(update.view(parameter.shape), alpha=rate * evened)


def orthogonalised(matrices: Tensor, iterations: int = 5) -> Tensor:
    """About the nearest matrices with orthonormal rows or columns: all singular values lie in about 0.7..1.2.

    matrices: [K, rows, columns], float32. Newton-Schulz iteration with the quintic whose coefficients Jordan et al.
    2024 chose for the steepest slope at zero; in bfloat16, which that map forgives.
    """
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return (x.mT if tall else x).to(matrices.dtype)


def is_hidden_matrix(name: str, parameter: Tensor) -> bool:
    """Whether a parameter of that name maps hidden features to hidden features."""
    return parameter.ndim >= 2 and not any(part in name for part in _NOT_HIDDEN)
