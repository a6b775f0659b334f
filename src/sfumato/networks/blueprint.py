"""A network as it would be built, without its numbers: what it would hold is known before any memory is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from sfumato.networks.configuration import AnyNetworkConfig, build_network

MOST_PARAMETERS = 500_000_000


class _Unfilled(TorchFunctionMode):
    """Tensors of shapes alone. Filling one would load torch's compiler (two seconds), and fill nothing."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        if func is torch.logspace:
            return func(*args, **{**named, "device": "cpu"})
        return func(*args, **named)


def blueprint(config: AnyNetworkConfig, size: int, classes: int, *, reference: bool = False) -> dict[str, Tensor]:
    """The state dict of `build_network`'s network, names with tensors on the device 'meta', which hold no numbers.

    Raises ValueError as `build_network` does.
    """
    with _Unfilled(), torch.device("meta"):
        return build_network(config, size, classes, reference=reference).state_dict()


def check_parameters(config: AnyNetworkConfig, size: int, classes: int, *, reference: bool = False) -> None:
    """Raises ValueError for a network of more than `MOST_PARAMETERS`, and as `build_network` does."""
    count = sum(tensor.numel() for tensor in blueprint(config, size, classes, reference=reference).values())
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"a {config.kind} of these sizes has {count / 1e6:,.0f} million parameters, and "
            f"{MOST_PARAMETERS / 1e6:,.0f} million are the most; choose a smaller one"
        )
