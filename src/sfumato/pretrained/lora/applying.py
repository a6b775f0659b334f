"""LoRA files on a pipeline: every layer of each finds its place, or none is applied.

Places are found here and not by diffusers, whose `load_lora_weights` (0.42.1) leaves layers out without an error: the
attention of a text encoder, where a file changes other layers of it and not the attention's 'out_proj'.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.pretrained import extra
from sfumato.pretrained.families import FAMILIES, Family, family_of
from sfumato.pretrained.lora.kinds import some
from sfumato.pretrained.lora.marks import has_unet
from sfumato.pretrained.lora.names import aliases
from sfumato.pretrained.lora.reading import LoraFile
from sfumato.text import printable

_NETWORKS: Final = ("unet", "transformer")
_ENCODERS: Final = ("text_encoder", "text_encoder_2", "text_encoder_3")


class _Change(NamedTuple):
    """Of one layer: A [rank, inputs, ...], B [outputs, rank, ...], and alpha."""

    down: Tensor
    up: Tensor
    alpha: float


Placed = Mapping[str, Mapping[str, _Change]]
"""Changes by component of the pipeline, 'unet', and by the name of the layer in it."""


def apply_loras(pipeline: Any, loras: Sequence[tuple[LoraFile, float]]) -> None:
    """Put LoRAs on a pipeline of diffusers, each with its weight, in place of those that it bears.

    Each layer becomes W + sum of weight * (alpha / rank) B A. All are checked before anything is changed, so that a
    refusal leaves the pipeline as it was. One of weight 0 changes nothing and is not put on. Prompts are to be encoded
    afterwards, that for nothing among them: a LoRA may change the text encoders too. `bridged` comes after this.

    Raises SfumatoError for a pipeline of no known family, a LoRA that is for another family, and layers that have no
    place in the pipeline or another shape there.
    """
    family = family_of(pipeline)
    with extra.quiet():
        placed = [(_placed(lora, pipeline, family), weight) for lora, weight in loras]
        remove_loras(pipeline)
        weights = {}
        for index, (components, weight) in enumerate(placed):
            if weight == 0:
                continue
            weights[f"lora{index}"] = weight
            for component, changes in components.items():
                _load(pipeline, component, f"lora{index}", changes)
        if weights:
            pipeline.set_adapters(list(weights), list(weights.values()))
            for module in _components(pipeline).values():
                module.requires_grad_(False)


def remove_loras(pipeline: Any) -> None:
    """Take all LoRAs off a pipeline: it computes what it did before, to the bit."""
    if pipeline.get_list_adapters():
        pipeline.unload_lora_weights()


def _components(pipeline: Any) -> dict[str, nn.Module]:
    """What of a pipeline a LoRA can change, the network first."""
    named = {name: getattr(pipeline, name, None) for name in (*_NETWORKS, *_ENCODERS)}
    able = {*pipeline._lora_loadable_modules}
    return {name: module for name, module in named.items() if name in able and isinstance(module, nn.Module)}


def _placed(lora: LoraFile, pipeline: Any, family: Family) -> Placed:
    if lora.family not in ("", family.name):
        other = FAMILIES[lora.family].title
        raise SfumatoError(
            f"{lora.path}: is a LoRA for {other}, and the model is {family.title}; choose a LoRA for {family.title}, "
            f"or a model of {other}"
        )
    layers = {name: _layers(module) for name, module in _components(pipeline).items()}
    places = {
        alias: (component, layer)
        for component, named in reversed(layers.items())  # a bare name is the network's
        for alias, layer in aliases(component, named).items()
    }
    changes = {name: _Change(down, up, lora.layers[name].alpha) for name, (down, up) in lora.tensors().items()}
    if not changes.keys() <= places.keys():
        changes = _renamed(pipeline, family, lora, changes, places.keys())
    placed: dict[str, dict[str, _Change]] = {}
    for name, change in changes.items():
        component, layer = places[name]
        if layer in placed.setdefault(component, {}):
            raise SfumatoError(f"{lora.path}: changes '{component}.{layer}' twice, by two names; choose another file")
        placed[component][layer] = _fitted(lora, family.title, name, change, layers[component][layer])
    return placed


def _layers(module: nn.Module) -> dict[str, nn.Linear | nn.Conv2d]:
    """The layers that a LoRA can change, by name; those that bear one are their own selves in it."""
    return {
        name.removesuffix(".base_layer"): layer
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear | nn.Conv2d) and ".lora_" not in f".{name}"
    }


def _renamed(
    pipeline: Any, family: Family, lora: LoraFile, changes: Mapping[str, _Change], places: Set[str]
) -> dict[str, _Change]:
    """With the names of diffusers, for files that call the layers of a transformer as its authors did, and fuse some.

    Raises SfumatoError with the layers that have no place by any name.
    """

    def found(some_changes: Mapping[str, _Change]) -> dict[str, _Change]:
        named = {} if has_unet(family.name) else _converted(pipeline, lora, some_changes)
        return named if named.keys() <= places else {}

    if renamed := found(changes):
        return renamed
    lost = [name for name in changes if name not in places]
    lost = [name for name in lost if not found({name: changes[name]})] or lost
    raise SfumatoError(
        f"{lora.path}: {len(lost):,} of its {len(changes):,} layers have no place in {family.title}: {some(lost)}; "
        "choose a LoRA that was made for it"
    )


def _converted(pipeline: Any, lora: LoraFile, changes: Mapping[str, _Change]) -> dict[str, _Change]:
    """What diffusers makes of names that are not its own; {} where it knows none of them, or would leave some out.

    Alpha is multiplied into B before, because what it belongs to may be divided. Nothing is left out if the parts have
    as many outputs as the whole.
    """
    given = {}
    for name, change in changes.items():
        given[lora.layers[name].down] = change.down.float()
        given[lora.layers[name].up] = change.up.float() * (change.alpha / len(change.down))
    try:
        named = pipeline.lora_state_dict(given)
    except (ValueError, KeyError, IndexError, AttributeError, RuntimeError, TypeError, AssertionError):
        return {}
    pairs: dict[str, dict[str, Tensor]] = {}
    for name, tensor in (named[0] if isinstance(named, tuple) else named).items():
        layer, _, part = name.removesuffix(".weight").rpartition(".lora_")
        pairs.setdefault(layer, {})[part] = tensor
    if any(pair.keys() != {"A", "B"} for pair in pairs.values()):
        return {}
    converted = {name: _Change(pair["A"], pair["B"], float(len(pair["A"]))) for name, pair in pairs.items()}
    return converted if _outputs(converted) == _outputs(changes) else {}


def _outputs(changes: Mapping[str, _Change]) -> int:
    return sum(len(change.up) for change in changes.values())


def _fitted(lora: LoraFile, title: str, name: str, change: _Change, layer: nn.Linear | nn.Conv2d) -> _Change:
    """The change in the shape of the layer: a convolution of 1 x 1 and a linear layer are the same."""
    wanted: tuple[int, ...]
    if isinstance(layer, nn.Conv2d):
        wanted = (layer.in_channels // layer.groups, layer.out_channels, *layer.kernel_size)
        down, up = (each if each.ndim == 4 else each[..., None, None] for each in (change.down, change.up))
    else:
        wanted = (layer.in_features, layer.out_features)
        down, up = (each.flatten(1) if each.shape[2:] == (1, 1) else each for each in (change.down, change.up))
    given = (down.shape[1], len(up), *down.shape[2:])
    if given != wanted:
        theirs, ours = (" x ".join(map(str, shape)) for shape in (given, wanted))
        raise SfumatoError(
            f"{lora.path}: does not fit this {title}: its layer '{printable(name)}' is {theirs}, the model's "
            f"{ours} (inputs x outputs); choose a LoRA that was made for it"
        )
    return _Change(down, up, change.alpha)


def _load(pipeline: Any, component: str, adapter: str, changes: Mapping[str, _Change]) -> None:
    module = getattr(pipeline, component)
    kind = next(parameter.dtype for parameter in module.parameters() if parameter.is_floating_point())
    tensors = {}
    for layer, change in changes.items():
        tensors[f"{component}.{layer}.lora_A.weight"] = change.down.to(kind).contiguous()
        tensors[f"{component}.{layer}.lora_B.weight"] = change.up.to(kind).contiguous()
    settings = {f"{component}.{key}": value for key, value in _configuration(changes).items()}
    options = {"adapter_name": adapter, "metadata": settings, "_pipeline": pipeline, "low_cpu_mem_usage": True}
    if component == "unet":
        pipeline.load_lora_into_unet(tensors, network_alphas=None, unet=module, **options)
    elif component == "transformer":
        module.load_lora_adapter(tensors, prefix=component, **options)
    else:
        pipeline.load_lora_into_text_encoder(
            tensors, network_alphas=None, text_encoder=module, prefix=component, **options
        )


def _configuration(changes: Mapping[str, _Change]) -> dict[str, Any]:
    """peft's settings for changes whose ranks and alphas may differ from layer to layer."""
    ranks = {layer: len(change.down) for layer, change in changes.items()}
    alphas = {layer: change.alpha for layer, change in changes.items()}
    rank, alpha = _most_common(ranks.values()), _most_common(alphas.values())
    return {
        "r": rank,
        "lora_alpha": alpha,
        "rank_pattern": {f"^{re.escape(layer)}": each for layer, each in ranks.items() if each != rank},
        "alpha_pattern": {f"^{re.escape(layer)}": each for layer, each in alphas.items() if each != alpha},
        "target_modules": f"({'|'.join(map(re.escape, changes))})",
    }


def _most_common(values: Iterable[Any]) -> Any:
    return Counter(values).most_common(1)[0][0]
