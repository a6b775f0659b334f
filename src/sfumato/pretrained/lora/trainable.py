"""A LoRA that is being trained: fresh low-rank layers on a frozen network, read out, put back, and taken off again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.pretrained import extra
from sfumato.random import keyed_generator
from sfumato.weights import misfit, shapes_of

# The projections of attention, as diffusers' networks name them: those of U-Nets and most transformers, those of the
# text in transformers with two streams (SD3, FLUX), and the fused ones in the single stream of FLUX.2.
ATTENTION: Final = (
    "to_q", "to_k", "to_v", "to_out", "to_out.0",
    "add_q_proj", "add_k_proj", "add_v_proj", "to_add_out", "to_qkv_mlp_proj",
)  # fmt: skip
_ADAPTER: Final = "trained"


def target_layers(module: nn.Module, targets: Sequence[str] = ATTENTION) -> dict[str, nn.Module]:
    """The linear and convolutional layers of a network whose name is, or ends with, one of the targets, by name.

    targets: 'to_q', 'ff.net.0.proj', compared part by part. Raises SfumatoError where a network has none of them.
    """
    ends = tuple(f".{target}" for target in targets)
    layers: dict[str, nn.Module] = {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d) and f".{name}".endswith(ends)
    }
    if not layers:
        raise SfumatoError(
            f"the {type(module).__name__} has no layers that end with {', '.join(targets)}; name others to adapt"
        )
    return layers


def add_trainable_lora(
    module: nn.Module, rank: int, alpha: float, targets: Sequence[str] = ATTENTION, seed: int = 0
) -> dict[str, nn.Parameter]:
    """Put fresh low-rank layers beside the layers of a network and freeze all else; the network still computes what it
    did when frozen, to the bit, because B is zero. -> the new parameters by name, float32, those of `lora_tensors`.

    A of a layer with `n` inputs is uniform in -1/sqrt(n)..1/sqrt(n), from a generator of its own for each layer, so
    that it depends on the seed and the layer's name alone. The global generator is left as it was.

    rank: 1 or more; alpha: a layer's change is alpha / rank * B A (section 4.1 of the paper); targets: as in
    `target_layers`. Raises SfumatoError for a rank below 1, an alpha that is no positive number, a network that bears a
    LoRA already, and one without the targets.
    """
    extra.require("adapting a model")
    from peft import LoraConfig, inject_adapter_in_model

    if rank < 1:
        raise SfumatoError(f"a LoRA of rank {rank} changes nothing; choose a rank of 1 or more")
    if not (math.isfinite(alpha) and alpha > 0):
        raise SfumatoError(f"a LoRA's alpha cannot be {alpha:g}; choose a positive number, such as its rank, {rank}")
    if any(_is_adapted(layer) for layer in module.modules()):
        raise SfumatoError("the network bears a LoRA already; take it off before another is trained")
    names = list(target_layers(module, targets))
    module.requires_grad_(False)
    # peft divides alpha by the rank, so that it need not be whole as its type says.
    configuration = LoraConfig(r=rank, lora_alpha=alpha, target_modules=names)  # type: ignore[arg-type]
    with torch.random.fork_rng(devices=[]):  # peft draws A from the global generator, and this file draws it anew
        inject_adapter_in_model(configuration, module, _ADAPTER)
    layers = _trained_layers(module)
    if layers.keys() != set(names):  # a name that is the end of another's would be adapted too
        raise AssertionError(f"peft adapted {sorted(layers.keys() ^ set(names))} against what was asked")
    for name, layer in layers.items():
        _initialise(name, layer, seed)
    return _parameters(layers)


def lora_tensors(module: nn.Module) -> dict[str, Tensor]:
    """The trained layers of a network, copied to the CPU in float32, in the order of their names:
    '<layer>.lora_A.weight' [rank, in, ...] and '<layer>.lora_B.weight' [out, rank, ...]. {} where it has none."""
    return {
        name: parameter.detach().to("cpu", torch.float32, copy=True)
        for name, parameter in _parameters(_trained_layers(module)).items()
    }


def load_lora_tensors(module: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give the trained layers the values that `lora_tensors` read. Raises SfumatoError with the first that does not
    fit."""
    parameters = _parameters(_trained_layers(module))
    if fault := misfit(shapes_of(parameters), shapes_of(tensors)):
        raise SfumatoError(f"the LoRA does not fit the layers that are being trained: it {fault}; begin anew")
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])


def remove_trainable_lora(module: nn.Module) -> None:
    """Take the trained layers off: the network is the base's own again, to the bit. Without any it changes nothing."""
    for name, layer in _trained_layers(module).items():
        parent, _, own = name.rpartition(".")
        setattr(module.get_submodule(parent), own, layer.get_base_layer())
    if _ADAPTER in getattr(module, "peft_config", {}):
        del module.peft_config


def _is_adapted(layer: Any) -> bool:
    from peft.tuners.tuners_utils import BaseTunerLayer

    return isinstance(layer, BaseTunerLayer)


def _trained_layers(module: nn.Module) -> dict[str, Any]:
    """The layers of peft that are being trained, by the names that they stand in for, in the order of the names."""
    named: list[tuple[str, Any]] = sorted(module.named_modules(), key=lambda each: each[0])
    return {name: layer for name, layer in named if _is_adapted(layer) and _ADAPTER in getattr(layer, "lora_A", ())}


def _parameters(layers: Mapping[str, Any]) -> dict[str, nn.Parameter]:
    return {
        f"{name}.{part}.weight": getattr(layer, part)[_ADAPTER].weight
        for name, layer in layers.items()
        for part in ("lora_A", "lora_B")
    }


def _initialise(name: str, layer: Any, seed: int) -> None:
    down, up = layer.lora_A[_ADAPTER].float(), layer.lora_B[_ADAPTER].float()
    bound = down.weight[0].numel() ** -0.5
    drawn = torch.rand(down.weight.shape, generator=keyed_generator("lora", seed, name))
    with torch.no_grad():
        down.weight.copy_(bound * (2 * drawn - 1))
        up.weight.zero_()
