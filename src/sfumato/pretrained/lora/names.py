"""What files call the layers of a network, and what a layer is called in a file.

Four languages are in use. diffusers and peft write the path of a module, 'unet.down_blocks.0.attentions.0...to_q'.
kohya writes the same with underscores, 'lora_unet_down_blocks_0_attentions_0_..._to_q', and for SDXL the path in the
network as it was first published, where blocks are counted through: 'lora_unet_input_blocks_4_1_..._to_q'. And
diffusers once kept the layers of attention in a processor, '...attn1.processor.to_q', and called those of text encoders
like those of U-Nets.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

# Parts of a block of convolutions ("resnet") and of the embeddings, here and in the network as it was first published.
_RESNET: Final = {
    "conv1": "in_layers.2", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}  # fmt: skip
_ENDS: Final = {
    "conv_in": "input_blocks.0.0", "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
_BLOCK: Final = re.compile(r"(down_blocks|up_blocks)\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")
_MIDDLE: Final = re.compile(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)")


def published_names(layers: Collection[str]) -> dict[str, str]:
    """The layers of a U-Net of diffusers by their names -> their names in the network as it was first published.

    There one list holds all that the downward path does: the first convolution, then for each block its resnets, each
    with its attention, and the downsampling as one more; the upward path the same, with an upsampling inside the last.
    """
    blocks, published = _Blocks(layers), {}
    for name in layers:
        if name in _ENDS:
            published[name] = _ENDS[name]
        elif found := _MIDDLE.fullmatch(name):
            kind, index, inner = found[1], int(found[2]), found[3]
            place = 1 if kind == "attentions" else 2 * index
            published[name] = f"middle_block.{place}.{_inner(kind, inner)}"
        elif found := _BLOCK.fullmatch(name):
            path, block, kind, index, inner = found[1], int(found[2]), found[3], int(found[4]), found[5]
            published[name] = f"{blocks.place(path, block, kind, index)}.{_inner(kind, inner)}"
    return published


def aliases(component: str, layers: Collection[str]) -> dict[str, str]:
    """All that a file may call the layers of one component of a pipeline: what stands before '.lora_A.weight' or
    '.lora_down.weight' -> the layer's own name.

    component: 'unet', 'transformer', 'text_encoder', 'text_encoder_2'; layers: the names of its linear and
    convolutional modules.
    """
    named: dict[str, str] = {}
    for layer in layers:
        for alias in _aliases(component, layer):
            named.setdefault(alias, layer)
    if component == "unet":
        for layer, published in published_names(layers).items():
            named.setdefault(f"lora_unet_{_flat(published)}", layer)
    return named


def kohya_name(component: str, layer: str, encoders: int) -> str:
    """What kohya's form calls a layer. encoders: how many text encoders the pipeline has; where there is one, its
    layers begin with 'lora_te_', otherwise with 'lora_te1_' and 'lora_te2_'."""
    if component in ("unet", "transformer"):
        return f"lora_unet_{_flat(layer)}"
    number = "" if encoders == 1 else component.removeprefix("text_encoder").removeprefix("_") or "1"
    return f"lora_te{number}_{_flat(_in_text_model(layer))}"


def peft_name(component: str, layer: str) -> str:
    """What diffusers' form calls a layer, by which other programs look layers of transformers and their texts up."""
    return f"{component}.{_in_text_model(layer) if component.startswith('text_encoder') else layer}"


def _aliases(component: str, layer: str) -> Iterator[str]:
    if component in ("unet", "transformer"):
        yield from (f"{component}.{layer}", f"base_model.model.{layer}", f"lora_{component}_{_flat(layer)}", layer)
        in_processor = layer.replace(".to_", ".processor.to_")
        yield f"{component}.{in_processor.removesuffix('.0') if '.to_out.0' in in_processor else in_processor}"
        return
    whole = _in_text_model(layer)
    for name in (layer, whole, re.sub(r"\.(q|k|v|out)_proj$", r".to_\1", whole)):
        yield f"{component}.{name}"
    first = component == "text_encoder"
    number = component.removeprefix("text_encoder_")
    for prefix in ("lora_te_", "lora_te1_") if first else (f"lora_te{number}_",):
        yield f"{prefix}{_flat(whole)}"


def _in_text_model(layer: str) -> str:
    """transformers 5 dropped the outermost module of CLIP, whose name files and other programs go on with."""
    return f"text_model.{layer}" if layer.startswith("encoder.layers.") else layer


def _flat(name: str) -> str:
    return name.replace(".", "_")


class _Blocks:
    """Where the blocks of a U-Net stand in the published list of each path."""

    def __init__(self, layers: Collection[str]) -> None:
        self.resnets: dict[tuple[str, int], int] = {}  # how many a block has
        self.kinds: set[tuple[str, int, str]] = set()
        for found in filter(None, map(_BLOCK.fullmatch, layers)):
            path, block, kind, index = found[1], int(found[2]), found[3], int(found[4])
            self.kinds.add((path, block, kind))
            if kind == "resnets":
                self.resnets[path, block] = max(self.resnets.get((path, block), 0), index + 1)
        self.starts: dict[tuple[str, int], int] = {}
        following = {"down_blocks": 1, "up_blocks": 0}  # the first convolution is the first of the list
        for path, block in sorted(self.resnets):
            self.starts[path, block] = following[path]
            following[path] += self.resnets[path, block] + ((path, block, "downsamplers") in self.kinds)

    def place(self, path: str, block: int, kind: str, index: int) -> str:
        """The published name of a resnet, an attention or a sampler: 'input_blocks.4.1'."""
        start, resnets = self.starts[path, block], self.resnets[path, block]
        if kind == "downsamplers":
            return f"input_blocks.{start + resnets}.0"
        if kind == "upsamplers":
            return f"output_blocks.{start + resnets - 1}.{1 + ((path, block, 'attentions') in self.kinds)}"
        published = "input_blocks" if path == "down_blocks" else "output_blocks"
        return f"{published}.{start + index}.{0 if kind == 'resnets' else 1}"


def _inner(kind: str, inner: str) -> str:
    if kind == "resnets":
        return _RESNET.get(inner, inner)
    return "op" if kind == "downsamplers" else inner
