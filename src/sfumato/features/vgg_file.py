"""Where the published weights of VGG16 come from: kept from an earlier time, fetched, or a file that a person has.

They are had from the Hub as safetensors of 553 MB. What is kept of them are the 14 tensors of `VGGFeatures`, 7 MB, in
the user's cache.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors.torch import save

from sfumato.disk import disk_fault, local_path, replace_file
from sfumato.errors import SfumatoError, hub_reason
from sfumato.features.vgg import holds_whole_vgg, read_vgg_file

REPOSITORY, FILE = "timm/vgg16.tv_in1k", "model.safetensors"  # on the Hub

_OTHERWISE = f"use --perceptual FILE with the {FILE} of {REPOSITORY}, or --perceptual none"


def vgg_file(asked: str) -> Path:
    """The safetensors file of what a person asked for, with the 14 tensors of `VGGFeatures`.

    asked: 'vgg16' for the file kept in the cache; 'fetch' to download it where none is kept; or the path of a
    safetensors file: with the 14 tensors, which is used where it is, or with the whole model as timm and torchvision
    name it, of which these are then kept in the cache. Raises SfumatoError where there is none, where it cannot be
    fetched or kept, and where it is not what it should be.
    """
    kept = kept_file()
    if asked == "vgg16":
        if not kept.exists():
            raise SfumatoError(
                f"{kept}: the weights of VGG16 are not there yet; --perceptual fetch fetches them once (553 MB, "
                f"{REPOSITORY} on the Hub), --perceptual FILE takes its {FILE}, --perceptual none trains without"
            )
        read_vgg_file(kept)
        return kept
    if asked == "fetch":
        with suppress(SfumatoError):
            read_vgg_file(kept)
            return kept
        return _keep(_fetched(kept.parent), kept)
    path = local_path(asked)
    if path.suffix.lower() == ".pth":
        raise SfumatoError(
            f"--perceptual {asked}: is a pickle, which can run any program when it is opened; use --perceptual fetch, "
            f"which gets the same weights as safetensors ({REPOSITORY} on the Hub), or give that file"
        )
    if path.suffix.lower() != ".safetensors":
        raise SfumatoError(
            f"--perceptual {asked}: is no .safetensors file; give one, or say 'vgg16', 'fetch' or 'none'"
        )
    if holds_whole_vgg(path):
        return _keep(path, kept)
    read_vgg_file(path)
    return path


def kept_file() -> Path:
    """sfumato/vgg16-features.safetensors in XDG_CACHE_HOME or ~/.cache, be it there or not."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "sfumato" / "vgg16-features.safetensors"


def _fetched(cache: Path) -> Path:
    """The whole model, in the cache of the Hub's client, which asks for nothing again that it has."""
    from huggingface_hub import hf_hub_download

    _make_cache(cache)
    try:
        return Path(hf_hub_download(REPOSITORY, FILE))
    except Exception as error:  # which ones the client raises differs between its versions
        raise SfumatoError(
            f"{REPOSITORY} is not to be had from the Hub: {hub_reason(error)}; try again when this machine is online, "
            f"or {_OTHERWISE}"
        ) from error


def _keep(whole: Path, kept: Path) -> Path:
    """Write the 14 tensors of a file into the cache: what is there was made from the same weights, or is damaged."""
    _make_cache(kept.parent)
    data = save(read_vgg_file(whole))
    with _written_in(kept.parent):
        replace_file(kept, data)
    return kept


def _make_cache(folder: Path) -> None:
    """Raises SfumatoError where nothing can be written in it: that is better known before 553 MB are fetched."""
    with _written_in(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass


@contextmanager
def _written_in(folder: Path) -> Iterator[None]:
    """Raises SfumatoError where what is written in the block fails."""
    try:
        yield
    except OSError as error:
        raise SfumatoError(
            f"{folder}: the weights of VGG16 cannot be kept here ({disk_fault(error)}); "
            "set XDG_CACHE_HOME to a folder that can be written, or give --perceptual a .safetensors file"
        ) from error
