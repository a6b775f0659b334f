"""A network that gives features: by its name, from the Hub, from a directory or from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from sfumato.disk import local_path
from sfumato.errors import SfumatoError, faults_of, hub_reason
from sfumato.features.dinov2 import CONFIG, PREPROCESSOR, WEIGHTS, check_transformers, read_dinov2
from sfumato.features.features import Features
from sfumato.features.inception import INPUT_SIDE, SMALLEST_SIDE, InceptionFeatures, InceptionV3
from sfumato.weights import digest, misfit, opened_tensors, shapes_of

INCEPTION, DINOV2 = "timm/inception_v3.tf_in1k", "facebook/dinov2-small"  # on the Hub
HUB = "hf:"
CHOICES = "'inception', 'dinov2', hf:OWNER/NAME of a DINOv2, its directory, or a network's safetensors file"
METADATA = "sfumato"  # the key under which a file's own metadata carries the description, as JSON
_UNUSED = r"fc\.|AuxLogits\.|.*\.num_batches_tracked$"  # of a file of Inception's: what features do without


def features_named(name: str, device: torch.device | None = None) -> Features:
    """The network that a name stands for.

    name: 'inception' or 'dinov2', the published ones; 'hf:OWNER/NAME', another DINOv2 on the Hub; or a path, of a
    directory that holds a DINOv2 or of a safetensors file. What is on the Hub is downloaded once. Raises SfumatoError
    where there is no such network, where it cannot be had or read, or where transformers is needed and missing.
    """
    if name == "inception":
        return read_features(_from_hub(name, INCEPTION, [WEIGHTS]) / WEIGHTS, device)
    if name == "dinov2" or name.startswith(HUB):
        check_transformers(name)  # before anything is downloaded
        repository = DINOV2 if name == "dinov2" else name.removeprefix(HUB)
        files = _from_hub(name, repository, [CONFIG, PREPROCESSOR, WEIGHTS])
        return read_dinov2(files, device, origin=repository)
    path = local_path(name)
    if path.is_dir():
        return read_dinov2(path, device)
    if not path.exists():
        raise SfumatoError(f"{name}: no such file; give {CHOICES}")
    return read_features(path, device)


def _from_hub(name: str, repository: str, files: list[str]) -> Path:
    """The directory in the Hub client's cache that holds those of the files which exist."""
    from huggingface_hub import snapshot_download

    if repository.count("/") != 1 or not all(repository.split("/")):
        raise SfumatoError(f"{name}: is not a repository on the Hub; give {CHOICES}")
    try:
        return Path(snapshot_download(repository, allow_patterns=files))
    except Exception as error:  # which ones the client raises differs between its versions
        raise SfumatoError(
            f"{name}: {repository} is not to be had from the Hub: {hub_reason(error)}; "
            "check its name and the connection, or give a directory or file that you have"
        ) from error


class FeatureDescription(BaseModel):
    """side: of the pictures as the network sees them, in pixels; the network's own where nothing is said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: int | None = Field(None, ge=32, le=512)


def read_features(path: Path, device: torch.device | None = None) -> Features:
    """Inception v3 in a safetensors file, with or without its classifiers.

    A description of it is JSON, in the file's metadata under 'sfumato' or beside it in a file of that name with the
    ending .json: {"side": 128}. Raises SfumatoError where the file or its description cannot be read, or where the
    tensors are not that network's.
    """
    tensors, description = read_described(path)
    side = description.side or INPUT_SIDE
    if side < SMALLEST_SIDE:
        raise SfumatoError(
            f"{path}: is described with a side of {side}, and {InceptionFeatures.called} sees nothing below "
            f"{SMALLEST_SIDE}; write a larger one"
        )
    network = filled(path, InceptionFeatures.called, InceptionV3, tensors, _UNUSED)
    return InceptionFeatures(network, side=side, digest=digest(path)).to(device or torch.device("cpu"))


def read_described(path: Path) -> tuple[dict[str, Tensor], FeatureDescription]:
    """The tensors of a safetensors file, and the description in it or beside it. Raises SfumatoError."""
    with opened_tensors(path, "give another network's safetensors file") as file:
        tensors, metadata = {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    beside = path.with_suffix(".json")
    place = f"{path}, metadata '{METADATA}'" if METADATA in metadata else str(beside)
    try:
        if METADATA in metadata:
            return tensors, FeatureDescription.model_validate_json(metadata[METADATA])
        described = json.loads(beside.read_bytes()) if beside.is_file() else {}
        return tensors, FeatureDescription.model_validate(described)
    except ValidationError as error:
        fault = faults_of(error)[0]
        raise SfumatoError(
            f'{place}: {fault.name or "it"}: {fault.said}; describe the network as {{"side": {INPUT_SIDE}}}'
        ) from error
    except (OSError, ValueError) as error:
        raise SfumatoError(f"{place}: cannot be read as JSON ({error}); write it anew or remove it") from error


def filled(
    path: Path, called: str, build: Callable[[], nn.Module], tensors: Mapping[str, Tensor], unused: str = "(?!)"
) -> nn.Module:
    """The network with these tensors, as float32; those whose names begin with the pattern ``unused`` are left out.

    Raises SfumatoError, with the path and what the network is called, where the others are not its own.
    """
    with torch.device("meta"):  # shapes alone: no memory and no random numbers
        network = build()
    used = {name: tensor for name, tensor in tensors.items() if not re.match(unused, name)}
    if fault := misfit(shapes_of(network.state_dict()), shapes_of(used)):
        raise SfumatoError(f"{path}: is no {called}: it {fault}; give another file")
    network.load_state_dict({name: tensor.to(torch.float32, copy=True) for name, tensor in used.items()}, assign=True)
    return network
