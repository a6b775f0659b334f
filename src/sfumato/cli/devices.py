"""The device that a person names."""

from __future__ import annotations

import torch

from sfumato.errors import SfumatoError


def device_named(name: str) -> torch.device:
    """'cpu', 'cuda' ('cuda:1'), 'mps', or 'auto', the fastest. Raises SfumatoError for one that is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind = name.split(":")[0]
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in available:
        raise SfumatoError(f"device '{name}': unknown; choose cpu, cuda, mps or auto")
    if not available[kind]:
        raise SfumatoError(
            f"device '{name}': this machine, or its torch, has none; leave out --device to use what is there"
        )
    count = torch.cuda.device_count() if kind == "cuda" else 1
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SfumatoError(f"device '{name}': unknown; choose cpu, cuda, cuda:1, mps or auto") from error
    if device.index is not None and device.index >= count:
        raise SfumatoError(f"device '{name}': this machine has {count} of that kind, counted from 0")
    return device
