"""A LoRA that was trained here as a file that ComfyUI, other programs and `read_lora` open."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save
from torch import Tensor

from sfumato.disk import write_whole_file
from sfumato.errors import SfumatoError
from sfumato.pretrained.lora.about import LoraAbout
from sfumato.pretrained.lora.marks import ARCHITECTURE, MARKS, VERSION, has_unet
from sfumato.pretrained.lora.names import kohya_name, peft_name

_PARTS: Final = {"lora_A": "lora_down", "lora_B": "lora_up"}
_NO_MORE: Final[Mapping[str, str]] = {}


def write_lora(
    path: Path,
    tensors: Mapping[str, Mapping[str, Tensor]],
    rank: int,
    alpha: float,
    family: str,
    about: LoraAbout,
    *,
    size: int,
    prediction: str = "",
    more: Mapping[str, str] = _NO_MORE,
    dtype: torch.dtype = torch.float32,
    force: bool = False,
) -> str:
    """Write a LoRA file whole, in the form that its family is shared in, and return its SHA-256.

    For a U-Net that is kohya's: 'lora_unet_<layer>.lora_down.weight', '.lora_up.weight' and '.alpha', and 'lora_te_' or
    'lora_te1_' and 'lora_te2_' for text encoders. For a transformer it is 'transformer.<layer>.lora_A.weight' and
    '.lora_B.weight', where there is no place for alpha: B is multiplied by alpha / rank. The same input gives the same
    bytes.

    tensors: what `lora_tensors` reads, by component of the pipeline ('unet', 'transformer', 'text_encoder',
    'text_encoder_2'); about: what the file says of itself, of which words are not written; size: of the pictures that
    it was trained on, pixels along a side; prediction: 'epsilon' or 'v', '' for flow models; more: further metadata;
    dtype: of the numbers in the file.

    Raises ValueError where a layer is of another rank; SfumatoError for a family that is not known, for numbers that
    are not finite in that dtype, and where the file exists, without force, or cannot be written.
    """
    if family not in MARKS:
        raise SfumatoError(f"{path}: LoRA files for '{family}' are not written; known are {', '.join(MARKS)}")
    ranks = {len(tensor) for parts in tensors.values() for name, tensor in parts.items() if ".lora_A." in name}
    if ranks != {rank}:
        raise ValueError(f"the LoRA's layers have the ranks {sorted(ranks)}, not {rank}")
    named = _kohya(tensors, alpha, family) if has_unet(family) else _peft(tensors, alpha / rank)
    stored = {
        name: tensor.to("cpu", torch.float32 if name.endswith(".alpha") else dtype).contiguous()
        for name, tensor in named.items()
    }
    for name, tensor in stored.items():
        if not tensor.isfinite().all():
            raise SfumatoError(f"{path}: not written, because '{name}' is not finite; train anew with a lower rate")
    data = save(stored)
    metadata = {**_metadata(rank, alpha, family, about, size, prediction), **more}
    metadata["modelspec.hash_sha256"] = f"0x{hashlib.sha256(_content(data)).hexdigest()}"
    data = _with_metadata(data, metadata)
    write_whole_file(path, lambda file: file.write(data), force=force)
    return hashlib.sha256(data).hexdigest()


def _kohya(tensors: Mapping[str, Mapping[str, Tensor]], alpha: float, family: str) -> dict[str, Tensor]:
    encoders = 2 if family == "sdxl" else 1
    named: dict[str, Tensor] = {}
    for component, parts in tensors.items():
        for name, tensor in parts.items():
            layer, part, _ = name.rsplit(".", 2)
            kohya = kohya_name(component, layer, encoders)
            named[f"{kohya}.{_PARTS[part]}.weight"] = tensor
            named[f"{kohya}.alpha"] = torch.tensor(alpha)
    return named


def _peft(tensors: Mapping[str, Mapping[str, Tensor]], scale: float) -> dict[str, Tensor]:
    return {
        peft_name(component, name): tensor * scale if name.endswith("lora_B.weight") else tensor
        for component, parts in tensors.items()
        for name, tensor in parts.items()
    }


def _metadata(rank: int, alpha: float, family: str, about: LoraAbout, size: int, prediction: str) -> dict[str, str]:
    """By kohya's keys, and those of Stability AI's ModelSpec 1.0.0 that have a value."""
    mark = MARKS[family]
    spec = {
        "title": about.title or "LoRA",
        "author": about.author,
        "license": about.licence,
        "description": about.description,
        "date": about.date,
        "trigger_phrase": about.trigger,
        "resolution": f"{size}x{size}",
        "prediction_type": prediction,
    }
    architecture = mark.architecture
    if family == "sd21" and prediction == "v":
        architecture = "stable-diffusion-v2-768-v"
    return {
        "format": "pt",
        "ss_v2": str(family == "sd21"),
        VERSION: f"{mark.version}_v" if family == "sd21" and prediction == "v" else mark.version,
        "ss_sd_model_name": about.base,
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(float(alpha)),
        "ss_network_args": json.dumps({}),
        "modelspec.sai_model_spec": "1.0.0",
        ARCHITECTURE: f"{architecture}/lora",
        "modelspec.implementation": "diffusers",
        **{f"modelspec.{key}": value for key, value in spec.items() if value},
    }


def _content(data: bytes) -> memoryview:
    """The numbers of a safetensors file: what follows its header, whose length the first 8 bytes say."""
    return memoryview(data)[8 + struct.unpack("<Q", data[:8])[0] :]


def _with_metadata(data: bytes, metadata: Mapping[str, str]) -> bytes:
    """A safetensors file with these metadata in the order of their keys; the library would write them in any order."""
    content = _content(data)
    header = json.loads(data[8 : len(data) - len(content)])
    written = json.dumps({"__metadata__": dict(sorted(metadata.items())), **header}, separators=(",", ":")).encode()
    written += b" " * (-len(written) % 8)  # numbers begin at a multiple of 8
    return struct.pack("<Q", len(written)) + written + content
