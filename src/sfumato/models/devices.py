"""The device that a person names."""

from __future__ import annotations

import torch

from sfumato.errors import SfumatoError


def device_named(name: str) -> torch.device:
    """'cpu', 'cuda' ('cuda:1'), 'mps', or 'auto': CUDA where there is one, else MPS, else the CPU.

    Raises SfumatoError for one that is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind = name.split(":")[0]
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in available:
        raise SfumatoError(f"device '{name}': unknown; choose cpu, cuda, mps or auto")
    if not available[kind]:
        raise SfumatoError(
            f"device '{name}': this machine, or its torch, has none; choose auto, which takes what is there"
        )
    count = torch.cuda.device_count() if kind == "cuda" else 1
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SfumatoError(f"device '{name}': unknown; choose cpu, cuda, cuda:1, mps or auto") from error
    if device.index is not None and device.index >= count:
        raise SfumatoError(f"device '{name}': this machine has {count} of that kind, counted from 0")
    return device


def device_again(name: str, made_on: str) -> torch.device:
    """As `device_named`, but 'auto' is what a work was made on, where that is here: there it comes out the same."""
    if name == "auto":
        try:
            return device_named(made_on)
        except SfumatoError:
            pass
    return device_named(name)
