"""Weights in safetensors files: written whole, read only into what they fit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from sfumato.errors import SfumatoError


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file. Raises SfumatoError where it is missing, damaged or of another format."""
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise SfumatoError(
            f"{path.parent}: holds no {path.name}, so it is no model; give a model's or a run's directory"
        ) from error
    except (SafetensorError, OSError, ValueError) as error:
        raise SfumatoError(f"{path}: cannot be read as safetensors ({error}); get the file again") from error


def load_into(module: nn.Module, tensors: Mapping[str, Tensor], origin: Path | str) -> None:
    """Copy the tensors into a module of these very names and shapes. Raises SfumatoError with the first misfit."""
    wanted = module.state_dict()
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors:
            raise SfumatoError(
                f"{origin}: the weights lack '{name}', which config.json asks for; the two do not belong together"
            )
        if name not in wanted:
            raise SfumatoError(
                f"{origin}: the weights hold '{name}', which config.json does not know; the two do not belong together"
            )
        if tensors[name].shape != wanted[name].shape:
            ours, theirs = (" x ".join(map(str, t.shape)) for t in (wanted[name], tensors[name]))
            raise SfumatoError(
                f"{origin}: '{name}' is {theirs} but config.json asks for {ours}; the two do not belong together"
            )
    module.load_state_dict(dict(tensors))


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
