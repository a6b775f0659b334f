"""A pipeline of diffusers as one file with the names that artists' checkpoints have: what tests open in place of one.

    from tiny_checkpoints import layout, write
    write(pipeline, Path("model.safetensors"), marks=("v_pred", "ztsnr"))

The names are those of the code that the models were trained with: latent-diffusion's (CompVis) for Stable Diffusion 1
and 2, generative-models' (SGM) for SDXL. The program knows the way from these names to diffusers', and this the way
back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_UNET = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_OPENCLIP = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm": "ln_final",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "fc1": "c_fc",
    "fc2": "c_proj",
    "self_attn.out_proj": "attn.out_proj",
    "encoder.layers": "transformer.resblocks",
}


def layout(pipeline: Any, *, openclip: bool = False) -> dict[str, Tensor]:
    """The tensors of a pipeline of Stable Diffusion 1.5, 2.1 (``openclip``) or SDXL under their names in a checkpoint;
    on the meta device they have shapes alone."""
    found = {f"model.diffusion_model.{name}": tensor for name, tensor in _unet(pipeline.unet).items()}
    found |= {f"first_stage_model.{name}": tensor for name, tensor in _vae(pipeline.vae).items()}
    first = pipeline.text_encoder.state_dict()
    if getattr(pipeline, "text_encoder_2", None) is not None:
        found |= {f"conditioner.embedders.0.transformer.text_model.{name}": each for name, each in first.items()}
        second = _openclip(pipeline.text_encoder_2.state_dict())
        return found | {f"conditioner.embedders.1.model.{name}": each for name, each in second.items()}
    if openclip:
        return found | {f"cond_stage_model.model.{name}": each for name, each in _openclip(first).items()}
    return found | {f"cond_stage_model.transformer.text_model.{name}": each for name, each in first.items()}


def write(
    pipeline: Any,
    path: Path,
    *,
    openclip: bool = False,
    marks: Iterable[str] = (),
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Save a pipeline as a checkpoint. marks: such as 'v_pred', each an empty tensor, as artists' tools write them."""
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous() for name, tensor in layout(pipeline, openclip=openclip).items()}
    save_file(tensors | {mark: torch.empty(0) for mark in marks}, path, metadata={"format": "pt", **(metadata or {})})
    return path


def _unet(network: Any) -> dict[str, Tensor]:
    each = network.config.layers_per_block + 1  # blocks of a level, with the one that changes its size
    found = {}
    for name, tensor in network.state_dict().items():
        match = re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", name)
        if match is None:
            place, rest = _replaced(name, _UNET)
        else:
            side, level, kind, number, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
            first = level * each
            if kind == "downsamplers":
                place, rest = f"input_blocks.{first + each}.0.op", rest.removeprefix("conv")
            elif kind == "upsamplers":
                after = 2 if getattr(network.up_blocks[level], "attentions", None) else 1
                place, rest = f"output_blocks.{first + each - 1}.{after}.conv", rest.removeprefix("conv")
            else:
                block = f"input_blocks.{first + number + 1}" if side == "down" else f"output_blocks.{first + number}"
                place, rest = f"{block}.{0 if kind == 'resnets' else 1}", f".{rest}"
        if "resnets" in name:
            rest = "." + "".join(_replaced(rest.removeprefix("."), _RESNET))
        found[place + rest] = tensor
    return found


def _replaced(name: str, names: Mapping[str, str]) -> tuple[str, str]:
    """The beginning of a name by its other one, and the rest."""
    for theirs, ours in names.items():
        if name.startswith(f"{theirs}."):
            return ours, name.removeprefix(theirs)
    raise KeyError(name)


def _vae(network: Any) -> dict[str, Tensor]:
    levels = len(network.config.block_out_channels)
    found = {}
    for name, tensor in network.state_dict().items():
        other = re.sub(r"up_blocks\.(\d+)", lambda match: f"up.{levels - 1 - int(match[1])}", name)
        other = re.sub(r"down_blocks\.(\d+)", r"down.\1", other)
        other = re.sub(r"mid_block\.resnets\.(\d)", lambda match: f"mid.block_{int(match[1]) + 1}", other)
        other = re.sub(r"resnets\.(\d)", r"block.\1", other)
        other = re.sub(r"(down|up)samplers\.0\.conv", r"\1sample.conv", other)
        other = other.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
        if "mid_block.attentions.0." in other:
            side, _, rest = other.partition("mid_block.attentions.0.")
            other = f"{side}mid.attn_1." + "".join(_replaced(rest, _ATTENTION))
            if tensor.ndim == 2:  # convolutions of one cell
                tensor = tensor[:, :, None, None]
        found[other] = tensor
    return found


def _openclip(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for whole, tensor in tensors.items():
        name = whole.removeprefix("text_model.")
        if name == "text_projection.weight":
            found["text_projection"] = tensor.T
            continue
        match = re.match(r"encoder\.layers\.(\d+)\.self_attn\.q_proj\.(weight|bias)", name)
        if match is not None:
            parts = [tensors[whole.replace("q_proj", f"{which}_proj")] for which in "qkv"]
            found[f"transformer.resblocks.{match[1]}.attn.in_proj_{match[2]}"] = torch.cat(parts)
        elif re.search(r"self_attn\.[kv]_proj", name) is None:
            for theirs, ours in _OPENCLIP.items():
                name = name.replace(theirs, ours)
            found[name] = tensor
    return found | {"logit_scale": torch.zeros((), device=next(iter(found.values())).device)}
