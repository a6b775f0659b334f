"""A network that gives features, read from a safetensors file with a description of what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor

from sfumato.errors import SfumatoError
from sfumato.evaluation.features import Features
from sfumato.evaluation.mobilenet import INPUT_SIDE, MobileNetFeatures, MobileNetV2
from sfumato.models.weights import digest

METADATA = "sfumato"  # the key under which a file's own metadata carries the description, as JSON
SMALLEST_SIDE, LARGEST_SIDE = 32, 512


class FeatureDescription(BaseModel):
    """kind: which network the weights are of; side: of the pictures as it sees them, in pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["mobilenet_v2"] = "mobilenet_v2"
    side: int = Field(INPUT_SIDE, ge=SMALLEST_SIDE, le=LARGEST_SIDE)


def read_features(path: Path, device: torch.device | None = None) -> Features:
    """The network in a safetensors file.

    Its description is JSON, in the file's metadata under 'sfumato' or beside it in a file of that name with the ending
    .json: {"kind": "mobilenet_v2", "side": 128}. Without one the tensors are taken for what their names and shapes say.
    Raises SfumatoError where the file or its description cannot be read, or where the tensors are not that network's.
    """
    tensors, metadata = _read(path)
    described = _description(path, metadata)
    with torch.device("meta"):  # shapes alone: no memory and no random numbers
        network = MobileNetV2()
    _check(path, network.state_dict(), tensors)
    network.load_state_dict(
        {name: tensor.to(torch.float32, copy=True) for name, tensor in tensors.items()}, assign=True
    )
    features = MobileNetFeatures(network, side=described.side, digest=digest(path))
    return features.to(device or torch.device("cpu"))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file; give a network's safetensors file") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise SfumatoError(f"{path}: cannot be read as safetensors ({error}); get the file again") from error


def _description(path: Path, metadata: dict[str, str]) -> FeatureDescription:
    beside = path.with_suffix(".json")
    place: Any = f"{path}, metadata '{METADATA}'" if METADATA in metadata else beside
    try:
        if METADATA in metadata:
            return FeatureDescription.model_validate_json(metadata[METADATA])
        return FeatureDescription.model_validate(json.loads(beside.read_bytes()) if beside.is_file() else {})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        named = ".".join(map(str, fault["loc"])) or "it"
        raise SfumatoError(
            f"{place}: {named}: {fault['msg'].lower()}; describe the network as "
            f'{{"kind": "mobilenet_v2", "side": {INPUT_SIDE}}}'
        ) from error
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{place}: cannot be read as JSON ({error}); write it anew or remove it") from error


def _check(path: Path, wanted: dict[str, Tensor], tensors: dict[str, Tensor]) -> None:
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors:
            fault = f"lacks '{name}'"
        elif name not in wanted:
            fault = f"holds '{name}', which that network has not"
        elif tensors[name].shape != wanted[name].shape:
            ours, theirs = (" x ".join(map(str, tensor.shape)) for tensor in (wanted[name], tensors[name]))
            fault = f"holds '{name}' as {theirs} in place of {ours}"
        else:
            continue
        raise SfumatoError(f"{path}: is no MobileNetV2 with folded batch norms: it {fault}; give another file")
