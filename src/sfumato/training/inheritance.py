"""Beginning with another model's weights."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig

_CLASSES = "conditioning.classes.weight"


def inherit(network: nn.Module, config: ModelConfig, origin: str | Path) -> None:
    """Copy the weights of the model at ``origin`` into a network of the same shape.

    Classes are matched by name; one that is new begins as 'no class'. Raises SfumatoError where size or network differ.
    """
    parent = Model.from_pretrained(origin)
    for what, ours, theirs in (
        ("size", config.size, parent.config.size),
        ("network", config.network, parent.config.network),
    ):
        if ours != theirs:
            raise SfumatoError(f"{origin}: its {what} is {theirs}, and this run's is {ours}; leave that setting out")
    tensors = parent.denoiser.network.state_dict()
    rows = tensors[_CLASSES]
    places = [parent.config.classes.index(name) + 1 if name in parent.config.classes else 0 for name in config.classes]
    tensors[_CLASSES] = torch.stack([rows[place] for place in (0, *places)])
    network.load_state_dict(tensors)
