"""Networks F(x, c_noise, condition): torch modules that know nothing of diffusion."""

from sfumato.networks.configuration import NetworkConfig, TransformerConfig, UNetConfig, build_network

__all__ = ["NetworkConfig", "TransformerConfig", "UNetConfig", "build_network"]
