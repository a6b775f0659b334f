"""Optimisers: Muon for the hidden matrices, AdamW for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

Beta = Annotated[float, Field(ge=0, lt=1)]
Rate = Annotated[float, Field(gt=0, le=100)]
# Layers whose weights do not map hidden features to hidden features: Muon is not for them (Jordan et al. 2024).
_NOT_HIDDEN = ("embed", "output", "position", "table", "modulation", "condition", "final")


class OptimiserConfig(BaseModel):
    """kind: muon, with AdamW for what Muon is not for, or adamw for all."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: Literal["muon", "adamw"] = "muon"
    learning_rate: Rate = Field(default=2e-3, description="AdamW's: of all weights, or of those that Muon leaves")
    matrix_learning_rate: Rate = Field(default=0.02, description="Muon's, of the hidden matrices")
    betas: tuple[Beta, Beta] = Field(default=(0.9, 0.99), description="AdamW's, of its two averages")

    def build(self, module: nn.Module, rates: Mapping[str, float] | None = None) -> Optimiser:
        """For all parameters of a module. rates: by name of a part, how many times as fast it learns as others."""
        named = dict(module.named_parameters())
        faster = {name: rate for name in named for part, rate in (rates or {}).items() if name.startswith(f"{part}.")}
        matrices = [name for name, p in named.items() if self.kind == "muon" and is_hidden_matrix(name, p)]
        rest = [name for name in named if name not in set(matrices)]

        def groups(names: Iterable[str], learning_rate: float) -> list[dict[str, Any]]:
            by_rate: dict[float, list[tuple[str, nn.Parameter]]] = {}
            for name in names:
                by_rate.setdefault(faster.get(name, 1.0), []).append((name, named[name]))
            return [{"params": by_rate[rate], "initial_lr": learning_rate * rate} for rate in sorted(by_rate)]

        optimisers: list[torch.optim.Optimizer] = []
        if matrices:
            optimisers.append(Muon(groups(matrices, self.matrix_learning_rate), self.matrix_learning_rate))
        if rest:
            fused = all(p.device.type in ("cpu", "cuda") for p in named.values())
            kept = groups(rest, self.learning_rate)
            optimisers.append(
                torch.optim.AdamW(kept, self.learning_rate, betas=self.betas, weight_decay=0.0, fused=fused)
            )
        return Optimiser(optimisers)


class Optimiser:
    """Several of torch's optimisers that step as one, the learning rates of all scaled by a schedule's factor."""

    def __init__(self, optimisers: Iterable[torch.optim.Optimizer]) -> None:
        """Each has named parameters, and in every group the full learning rate as ``initial_lr``."""
        self.optimisers = tuple(optimisers)

    def step(self, factor: float) -> None:
        """Move by the gradients, then forget them. factor: the share of the full learning rates."""
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["initial_lr"] * factor
            optimiser.step()
            optimiser.zero_grad()

    def state(self) -> dict[str, Tensor]:
        """Everything that a later step depends on, as named tensors (none before the first step)."""
        return {
            f"{name}.{key}": value
            for optimiser, name, parameter in self._parameters()
            for key, value in optimiser.state.get(parameter, {}).items()
        }

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what ``state`` gave. Raises KeyError for tensors of another module."""
        given: dict[str, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            name, _, kind = key.rpartition(".")
            given.setdefault(name, {})[kind] = value
        if unknown := given.keys() - {name for _, name, _ in self._parameters()}:
            raise KeyError(f"there is no parameter {min(unknown)}")
        for optimiser, name, parameter in self._parameters():
            state, fused = given.get(name, {}), bool(optimiser.defaults.get("fused"))
            if state and ("momentum_buffer" in state) != isinstance(optimiser, Muon):
                raise KeyError(f"{name} was moved by another optimiser")
            optimiser.state[parameter] = {kind: _beside(parameter, value, fused) for kind, value in state.items()}

    def _parameters(self) -> Iterable[tuple[torch.optim.Optimizer, str, nn.Parameter]]:
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                for name, parameter in zip(group["param_names"], group["params"], strict=True):
                    yield optimiser, name, parameter


def _beside(parameter: nn.Parameter, value: Tensor, fused: bool) -> Tensor:
    """A copy of a tensor of its state, in the parameter's own layout in memory: fused AdamW walks all of them side by
    side. A count of steps has no layout, and lies on the CPU unless the optimiser is fused."""
    if value.ndim == 0:
        return value.clone().to(parameter.device) if fused else value.clone()
    return torch.empty_like(parameter).copy_(value)


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised: every direction of a matrix learns at the same speed (Jordan et al. 2024).

    Matrices of one shape are stacked and orthogonalised in one batched product, since many small products cost more
    than the step that they serve. Convolutions count as matrices [out, in * height * width].
    """

    def __init__(self, params: Any, lr: float = 0.02, *, momentum: float = 0.95, weight_decay: float = 0.2) -> None:
        """params: of two dimensions or more, given as to torch's own optimisers. weight_decay: relative to the learning
        rate. Every step is of the same size, so without it the weights grow with the number of steps, and what a step
        can change shrinks."""
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move by the gradients. Raises ValueError, with its name if it has one, for a parameter without one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        stacks: dict[tuple[int, int], list[tuple[Tensor, dict[str, Any], Tensor]]] = {}
        for group in self.param_groups:
            for place, parameter in enumerate(group["params"]):
                if parameter.grad is None:
                    names = group.get("param_names")
                    raise ValueError(f"{names[place] if names else 'a matrix'} took no part in the loss")
                state = self.state[parameter]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(parameter, memory_format=torch.contiguous_format)
                momentum = state["momentum_buffer"].lerp_(parameter.grad, 1 - group["momentum"])
                # Nesterov's form: a look ahead along the momentum.
                shape = len(parameter), parameter[0].numel()
                update = parameter.grad.lerp(momentum, group["momentum"]).reshape(shape)
                stacks.setdefault(shape, []).append((parameter, group, update))
        for shape, stack in stacks.items():
            # A tall matrix of orthonormal columns has entries smaller than a wide one's: the root evens that out.
            evened = max(1, shape[0] / shape[1]) ** 0.5
            updates = orthogonalised(torch.stack([update for _, _, update in stack]))
            for (parameter, group, _), update in zip(stack, updates, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(update.view(parameter.shape), alpha=group["lr"] * evened)
        return loss


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
