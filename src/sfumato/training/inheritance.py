"""Beginning with another model's weights."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig
from sfumato.networks import NetworkConfig

_CLASSES = "conditioning.classes.weight"


def inherit(network: nn.Module, config: ModelConfig, origin: str | Path) -> None:
    """Copy the weights of the model at ``origin`` into a network of the same shape.

    Classes are matched by name; one that is new begins as 'no class'. Raises SfumatoError where the model there does
    not fit, or is not the one that the configuration says it descends from.
    """
    parent = Model.from_pretrained(origin)
    check_fit(parent, origin, config.size, config.network, config.preconditioning)
    if parent.weights_digest != config.descends_from[0]:
        raise SfumatoError(f"{origin}: has changed since this run was planned; begin a new run")
    tensors = parent.denoiser.network.state_dict()
    rows = tensors[_CLASSES]
    places = [parent.config.classes.index(name) + 1 if name in parent.config.classes else 0 for name in config.classes]
    tensors[_CLASSES] = torch.stack([rows[place] for place in (0, *places)])
    network.load_state_dict(tensors)


def check_fit(parent: Model, origin: str | Path, size: int, network: NetworkConfig, preconditioning: str) -> None:
    """Raises SfumatoError where a run of such settings cannot begin with the parent's weights."""
    for what, ours, theirs in (
        ("size", size, parent.config.size),
        ("network", network, parent.config.network),
        ("preconditioning", preconditioning, parent.config.preconditioning),
    ):
        if ours != theirs:
            raise SfumatoError(f"{origin}: its {what} is {theirs}, and this run's is {ours}; leave that setting out")
