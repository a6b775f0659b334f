"""A plan for the memory carried out on a pipeline of diffusers: where each part is, in which precision, and when."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import nn

from sfumato.errors import SfumatoError
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import Component
from sfumato.pretrained.sizes import meta_module, role_of
from sfumato.pretrained.turns import FromFiles, Guest, OnDevice, Reload, take_turns

LARGE: Final = 1024  # pixels a side that a VAE decodes whole in any case
OVERLAP: Final = 0.25  # of a tile with the next, over which both are blended
_PLANNED: Final = ("network", "encoder")


def part_arguments(plan: MemoryPlan, part: Component) -> dict[str, Any]:
    """What `from_pretrained` of a part's class is to be told beside its folder, so that it is read as planned: the
    precision, and int8 or 4 bits, which each weight is read into at once.

    Raises SfumatoError where a library that the plan counts on is not installed.
    """
    planned = role_of(part.name) in _PLANNED
    dtype = getattr(torch, plan.dtype) if planned else torch.float32
    told = {"dtype" if part.library == "transformers" else "torch_dtype": dtype}
    if planned and plan.storage == "int8":
        settings = _int8()  # before anything of theirs is imported that counts on torchao
        told["quantization_config"] = importlib.import_module(part.library).TorchAoConfig(settings)
    elif planned and plan.storage == "4-bit":
        _imported("bitsandbytes", "weights in 4 bits")
        told["quantization_config"] = importlib.import_module(part.library).BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype
        )
    return told


def waiting_part(kind: type[nn.Module], config: dict[str, Any], plan: MemoryPlan) -> nn.Module:
    """A part that the plan lets wait (`MemoryPlan.waits`): whole but for its weights, which are read when it first
    computes. config: of its class, as its config.json has it."""
    with quiet():
        return meta_module(kind, config).to(getattr(torch, plan.dtype)).eval().requires_grad_(False)


def place(pipeline: Any, plan: MemoryPlan, device: torch.device, reload: Reload | None = None) -> None:
    """Put the parts of a pipeline where the plan has them, for as long as it lives. It was read as `part_arguments`
    say, and is on the CPU.

    reload: reads a part from its files once more, as it was read; without it no weights leave the CPU's memory. Of the
    VAE nothing waits, and it works through one picture after another, so that a work does not depend on those that
    are made with it. Raises SfumatoError where torchao is wanted and not installed.
    """
    parts = {name: part for name, part in pipeline.components.items() if isinstance(part, nn.Module)}
    planned = {name: part for name, part in parts.items() if role_of(name) in _PLANNED}
    if plan.storage == "int8":
        for part in planned.values():
            if not any(each.is_meta for each in part.parameters()):
                quantise(part)
        reload = None if reload is None else _quantised(reload)
    _decode_in_parts(pipeline.vae, plan.tile)
    for name, part in parts.items():
        if name not in planned or plan.turns == "all":
            part.to(device)
    if plan.turns == "layers":
        _bring_layers(list(planned.values()), device)
    elif plan.turns != "all":
        _share(planned, plan, device, reload)


def decode_large_in_tiles(vae: Any, size: int) -> None:
    """Let a VAE that decodes whole pictures take those in tiles that are far larger than a model's own, as its memory
    grows with them and the plan is for one of the own size. size: that, pixels a side."""
    _decode_in_parts(vae, max(LARGE, 3 * size // 2))


def quantise(part: nn.Module) -> None:
    """Keep the matrices of a part's linear layers in int8, with a scale for each row, unless it was read so; they
    compute in the precision that they had. Raises SfumatoError where torchao is not installed."""
    if not any("torchao" in type(each).__module__ for each in part.parameters()):
        _imported("torchao.quantization", "weights in int8").quantize_(part, _int8())


def _int8() -> Any:
    return _imported("torchao.quantization", "weights in int8").Int8WeightOnlyConfig(version=2)


def _quantised(reload: Reload) -> Reload:
    def again(name: str) -> nn.Module:
        part = reload(name)
        quantise(part)
        return part

    return again


def _imported(module: str, what: str) -> Any:
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SfumatoError(f"{what}: needs {library}, which is not installed; pip install {library}") from error


def _decode_in_parts(vae: Any, tile: int) -> None:
    vae.enable_slicing()
    if not tile:
        return
    if hasattr(vae, "tile_sample_min_size"):
        vae.tile_sample_min_size, vae.tile_overlap_factor = tile, OVERLAP
        vae.tile_latent_min_size = tile // 2 ** (len(vae.config.block_out_channels) - 1)
        vae.enable_tiling()
    else:  # as those have it that were made for video
        apart = round((1 - OVERLAP) * tile)
        vae.enable_tiling(tile, tile, apart, apart)


def _share(planned: dict[str, Any], plan: MemoryPlan, device: torch.device, reload: Reload | None) -> None:
    guests: dict[str, Guest] = {}
    for name, part in planned.items():
        if plan.device != "cpu":
            guests[name] = OnDevice(part, device)
        elif reload is not None:
            guests[name] = FromFiles(name, part, reload)
    encoders = [guest for name, guest in guests.items() if role_of(name) == "encoder"]
    network = [guest for name, guest in guests.items() if role_of(name) == "network"]
    take_turns([encoders, network] if plan.turns == "encoders" else [*([each] for each in encoders), network])


def _bring_layers(parts: Sequence[Any], device: torch.device) -> None:
    """Each layer is brought to the GPU on a stream of its own while the one before it computes.

    https://huggingface.co/docs/diffusers/optimization/memory, group offloading
    """
    from diffusers.hooks.group_offloading import apply_group_offloading

    for part in parts:
        apply_group_offloading(
            part, onload_device=device, offload_device=torch.device("cpu"), offload_type="leaf_level", use_stream=True
        )
