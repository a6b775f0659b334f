"""Networks F(x, c_noise, condition): torch modules that know nothing of diffusion."""

from sfumato.networks.blueprint import blueprint, check_parameters
from sfumato.networks.configuration import (
    AnyNetworkConfig,
    ArticleConfig,
    ArticleDenoiserConfig,
    GeneratorConfig,
    NetworkConfig,
    TransformerConfig,
    UNetConfig,
    build_network,
)

__all__ = [
    "AnyNetworkConfig",
    "ArticleConfig",
    "ArticleDenoiserConfig",
    "GeneratorConfig",
    "NetworkConfig",
    "TransformerConfig",
    "UNetConfig",
    "blueprint",
    "build_network",
    "check_parameters",
]
