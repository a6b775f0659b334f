"""What a network would hold, known before any memory is taken for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from sfumato.networks.configuration import AnyNetworkConfig, build_network

MOST_PARAMETERS = 500_000_000


class _ShapesAlone(TorchFunctionMode):
    """Nothing is computed while a network is built on the device 'meta', whose tensors have no numbers.

    Some functions have forms for it that load torch's compiler, which takes seconds.
    """

    _NUMBERS_ALONE = (torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.mul)

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if func in self._NUMBERS_ALONE or getattr(func, "__module__", None) == torch.nn.init.__name__:
            return args[0] if args else named["tensor"]
        if func is torch.randn:
            return torch.empty(*args, **named)
        if func is torch.logspace:
            return func(*args, **{**named, "device": "cpu"})
        return func(*args, **named)


def network_shapes(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: bool = False
) -> dict[str, torch.Size]:
    """The names and shapes in the state dict of `build_network`'s network. Raises ValueError as that does."""
    with _ShapesAlone(), torch.device("meta"):
        network = build_network(config, size, classes, in_channels=in_channels, reference=reference)
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def parameter_count(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: bool = False
) -> int:
    """How many numbers the network has. Raises ValueError as `build_network` does."""
    return sum(
        shape.numel()
        for shape in network_shapes(config, size, classes, in_channels=in_channels, reference=reference).values()
    )


def check_parameters(
    config: AnyNetworkConfig, size: int, classes: int, *, in_channels: int, reference: bool = False
) -> None:
    """Raises ValueError for a network of more than `MOST_PARAMETERS`, and as `build_network` does."""
    count = parameter_count(config, size, classes, in_channels=in_channels, reference=reference)
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"a {config.kind} of these sizes has {count / 1e6:,.0f} million parameters, and "
            f"{MOST_PARAMETERS / 1e6:,.0f} million are the most; choose a smaller one"
        )
