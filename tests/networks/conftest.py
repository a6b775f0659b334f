"""Tiny networks of both kinds. A fresh one ends in zeros; a stirred one's output depends on all that it is given."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from sfumato.networks import TransformerConfig, UNetConfig, build_network

TINY = {
    "transformer": TransformerConfig(patch=4, width=24, depth=2, heads=2),
    "unet": UNetConfig(patch=2, channels=(8, 12), blocks=1, width=24, depth=2, heads=2),
}


def stir(module: nn.Module) -> nn.Module:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.15 * torch.randn(parameter.shape, generator=generator))
    return module


@pytest.fixture(params=TINY)
def config(request: pytest.FixtureRequest) -> TransformerConfig | UNetConfig:
    return TINY[request.param]


@pytest.fixture(scope="session")
def stirred() -> Callable[..., nn.Module]:
    """(module) -> the same with noise added to every parameter; (config, size, classes) -> such a network."""

    def make(what: nn.Module | TransformerConfig | UNetConfig, size: int = 32, classes: int = 3) -> nn.Module:
        torch.manual_seed(0)
        return stir(what if isinstance(what, nn.Module) else build_network(what, size, classes, in_channels=3))

    return make
