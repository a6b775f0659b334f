"""Networks F(x, c_noise, condition): torch modules that know nothing of diffusion."""

from sfumato.networks.configuration import (
    AnyNetworkConfig,
    ArticleConfig,
    ArticleDenoiserConfig,
    GeneratorConfig,
    NetworkConfig,
    TransformerConfig,
    UNetConfig,
    build_network,
    check_parameters,
    network_shapes,
    parameter_count,
)

__all__ = [
    "AnyNetworkConfig",
    "ArticleConfig",
    "ArticleDenoiserConfig",
    "GeneratorConfig",
    "NetworkConfig",
    "TransformerConfig",
    "UNetConfig",
    "build_network",
    "check_parameters",
    "network_shapes",
    "parameter_count",
]
