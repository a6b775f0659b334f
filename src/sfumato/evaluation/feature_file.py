"""A network that gives features, read from a safetensors file with a description of what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.evaluation import inception, mobilenet
from sfumato.evaluation.features import Features
from sfumato.models.weights import digest, opened_tensors

METADATA = "sfumato"  # the key under which a file's own metadata carries the description, as JSON
SMALLEST_SIDE, LARGEST_SIDE = 32, 512
KindName = Literal["mobilenet_v2", "inception_v3"]


@dataclass(frozen=True)
class FeatureKind:
    """A network that a file can hold. called: in errors; side: of the pictures as it sees them if nothing else is
    said, in pixels; smallest: the least that it can see; unused: the names of tensors that features do without."""

    called: str
    network: Callable[[], nn.Module]
    features: Callable[..., mobilenet.MobileNetFeatures | inception.InceptionFeatures]
    side: int
    smallest: int = SMALLEST_SIDE
    unused: str = "(?!)"  # none


KINDS: Mapping[KindName, FeatureKind] = {
    "mobilenet_v2": FeatureKind(
        "MobileNetV2 with folded batch norms", mobilenet.MobileNetV2, mobilenet.MobileNetFeatures, mobilenet.INPUT_SIDE
    ),
    "inception_v3": FeatureKind(
        "Inception v3",
        inception.InceptionV3,
        inception.InceptionFeatures,
        inception.INPUT_SIDE,
        inception.SMALLEST_SIDE,
        r"fc\.|AuxLogits\.|.*\.num_batches_tracked$",
    ),
}


class FeatureDescription(BaseModel):
    """kind: which network the weights are of; side: of the pictures as it sees them, in pixels. Where one is not said,
    the kind is what the tensors' names tell, and the side is the kind's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: KindName | None = None
    side: int | None = Field(None, ge=SMALLEST_SIDE, le=LARGEST_SIDE)


def read_features(path: Path, device: torch.device | None = None) -> Features:
    """The network in a safetensors file.

    Its description is JSON, in the file's metadata under 'sfumato' or beside it in a file of that name with the ending
    .json: {"kind": "mobilenet_v2", "side": 128}. Without one the tensors are taken for what their names and shapes say.
    Raises SfumatoError where the file or its description cannot be read, or where the tensors are not that network's.
    """
    tensors, metadata = read_tensors(path)
    described = _description(path, metadata)
    kind = KINDS[described.kind] if described.kind else _recognised(tensors)
    side = described.side or kind.side
    if side < kind.smallest:
        raise SfumatoError(
            f"{path}: is described with a side of {side}, and {kind.called} sees nothing below {kind.smallest}; "
            "write a larger one"
        )
    network = filled(path, kind.called, kind.network, tensors, kind.unused)
    features = kind.features(network, side=side, digest=digest(path))
    return features.to(device or torch.device("cpu"))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file and its metadata. Raises SfumatoError where it cannot be read."""
    try:
        with opened_tensors(path) as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError as error:
        raise SfumatoError(f"{path}: no such file; give a network's safetensors file") from error
    except (SafetensorError, OSError, ValueError) as error:
        raise SfumatoError(f"{path}: cannot be read as safetensors ({error}); get the file again") from error


def filled(
    path: Path, called: str, build: Callable[[], nn.Module], tensors: Mapping[str, Tensor], unused: str
) -> nn.Module:
    """The network with these tensors, as float32; those whose names begin with the pattern ``unused`` are left out.

    Raises SfumatoError, with the path and what the network is called, where the others are not its own.
    """
    with torch.device("meta"):  # shapes alone: no memory and no random numbers
        network = build()
    used = {name: tensor for name, tensor in tensors.items() if not re.match(unused, name)}
    _check(path, called, network.state_dict(), used)
    network.load_state_dict({name: tensor.to(torch.float32, copy=True) for name, tensor in used.items()}, assign=True)
    return network


def _recognised(tensors: Mapping[str, Tensor]) -> FeatureKind:
    """The kind with the most tensors of these names; the first one where none has any."""

    def shared(kind: FeatureKind) -> int:
        with torch.device("meta"):
            return len(kind.network().state_dict().keys() & tensors.keys())

    return max(KINDS.values(), key=shared)


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
            f'{{"kind": "mobilenet_v2", "side": {mobilenet.INPUT_SIDE}}}'
        ) from error
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{place}: cannot be read as JSON ({error}); write it anew or remove it") from error


def _check(path: Path, called: str, wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
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
        raise SfumatoError(f"{path}: is no {called}: it {fault}; give another file")
