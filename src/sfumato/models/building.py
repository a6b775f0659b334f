"""The denoiser that a configuration describes, with fresh weights or given ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sfumato.diffusion import Cascade, Denoiser, ResidualDenoiser, preconditioning
from sfumato.models.configuration import ModelConfig
from sfumato.networks import build_network
from sfumato.weights import check_fit, shapes_of


def build_denoiser(config: ModelConfig) -> Denoiser:
    """The denoiser that a configuration describes, with fresh weights."""
    kind = ResidualDenoiser if config.enlarges else Denoiser
    made = kind(build_network(**config.network_arguments()), preconditioning(config.preconditioning, config.sigma_data))
    return Cascade(made, [build_denoiser(each) for each in config.upscalers]) if config.upscalers else made


def filled_denoiser(config: ModelConfig, tensors: Mapping[str, Tensor], origin: Path | str) -> Denoiser:
    """The denoiser of a configuration with these weights. Leaves torch's random numbers where they were."""
    with torch.random.fork_rng(devices=[]):
        denoiser = build_denoiser(config)
    check_fit(shapes_of(denoiser.weights()), shapes_of(tensors), origin)
    denoiser.load_weights(tensors)
    return denoiser
