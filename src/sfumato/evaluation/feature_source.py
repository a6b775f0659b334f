"""Which network gives the features: one by its name, from the Hub, from a directory or from a file."""

from __future__ import annotations

from pathlib import Path

import torch

from sfumato.errors import SfumatoError
from sfumato.evaluation.dinov2 import CONFIG, PREPROCESSOR, WEIGHTS, check_transformers, read_dinov2
from sfumato.evaluation.feature_file import read_features
from sfumato.evaluation.features import Features
from sfumato.models.place import hub_reason, local_path

INCEPTION, DINOV2 = "timm/inception_v3.tf_in1k", "facebook/dinov2-small"  # on the Hub
HUB = "hf:"
CHOICES = "'inception', 'dinov2', hf:OWNER/NAME of a DINOv2, its directory, or a network's safetensors file"


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
    """The directory in the Hub client's cache that holds those of the files which there are."""
    from huggingface_hub import snapshot_download

    if repository.count("/") != 1 or not all(repository.split("/")):
        raise SfumatoError(f"{name}: is no repository on the Hub; give {CHOICES}")
    try:
        return Path(snapshot_download(repository, allow_patterns=files))
    except Exception as error:  # which ones the client raises differs between its versions
        raise SfumatoError(
            f"{name}: {repository} is not to be had from the Hub: {hub_reason(error)}; "
            "check its name and the connection, or give a directory or file that you have"
        ) from error
