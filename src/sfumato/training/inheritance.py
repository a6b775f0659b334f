"""Beginning with another model's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.models import Model, ModelConfig
from sfumato.networks import AnyNetworkConfig
from sfumato.text import readable

SHARED = (
    "size",
    "factor",
    "objective",
    "network",
    "preconditioning",
)  # what a run has in common with the model it begins with
_CLASSES = "conditioning.classes.weight"


class Settings(Protocol):
    """What has a network: a model's configuration, or a run's settings."""

    @property
    def size(self) -> int: ...
    @property
    def factor(self) -> int: ...
    @property
    def objective(self) -> str: ...
    @property
    def network(self) -> AnyNetworkConfig: ...
    @property
    def preconditioning(self) -> str: ...


def inherit(network: nn.Module, config: ModelConfig, origin: str | Path) -> None:
    """Copy the weights of the model at ``origin`` into a network of the same shape.

    Classes are matched by name; one that is new begins as 'no class'. Raises SfumatoError where the model there does
    not fit, or is not the one that the configuration says it descends from.
    """
    parent = Model.from_pretrained(origin, device="cpu")
    check_fit(parent, origin, config)
    if parent.weights_digest != config.descends_from[0]:
        raise SfumatoError(f"{origin}: has changed since this run was planned; begin a new run")
    tensors = parent.denoiser.network.state_dict()
    if _CLASSES in tensors:
        rows = tensors[_CLASSES]
        theirs = {readable(name): place + 1 for place, name in enumerate(parent.config.classes)}
        places = [theirs.get(readable(name), 0) for name in config.classes]
        tensors[_CLASSES] = torch.stack([rows[place] for place in (0, *places)])
    network.load_state_dict(tensors)


def check_fit(parent: Model, origin: str | Path, settings: Settings) -> None:
    """Raises SfumatoError where a run of such settings cannot begin with the parent's weights."""
    for name in SHARED:
        ours, theirs = getattr(settings, name), getattr(parent.config, name)
        if (ours, theirs) == ("distillation", "denoising"):  # a student begins as its teacher
            continue
        if ours != theirs:
            raise SfumatoError(f"{origin}: its {name} is {theirs}, and this run's is {ours}; leave that setting out")
