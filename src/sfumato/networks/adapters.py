"""Adapters of low rank: a network learns something new while its own weights stay as they are.

LoRA (Hu et al. 2021, arXiv:2106.09685): a matrix W [out, in] becomes W + alpha / rank B A, of which only A [rank, in]
and B [out, rank] are learned. A convolution's weights count as the matrix [out, in * height * width].
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sfumato.random import keyed_generator

# Layers of the U-Net and of the transformer that map hidden features to hidden features. The first and the last layers,
# the embeddings, and what scales and shifts features by noise level and class are not among them.
HIDDEN = ("first", "second", "down", "up", "qkv", "merge", "expand", "contract")
ADAPTABLE = ("unet", "transformer")  # kinds of networks
_CLASSES = "conditioning.classes"
_A, _B, _ADDED = "lora_A", "lora_B", "added"


class _Adapted(nn.Module):
    """A layer with weights of its own, which do not learn, and two matrices that do.

    The sum of both is made before the layer is applied: at these sizes it is cheaper than two layers more, and a
    network with the sum in place of its weights computes the same to the bit.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Module, rank: int, scale: float, generator: torch.Generator) -> None:
        super().__init__()
        self.scale = scale
        weight, bias = layer.weight, layer.bias
        assert isinstance(weight, Tensor)
        self.register_buffer("weight", weight.detach(), persistent=False)
        self.register_buffer("bias", bias.detach() if isinstance(bias, Tensor) else None, persistent=False)
        outputs, inputs = len(weight), weight[0].numel()
        rank = min(rank, outputs, inputs)  # more than that is no more than W itself
        # A is drawn and B is zero (section 4.1): at the start nothing is added.
        drawn = torch.randn(rank, inputs, generator=generator, device="cpu") / inputs**0.5
        self.lora_A = nn.Parameter(drawn.to(weight))
        self.lora_B = nn.Parameter(weight.new_zeros(outputs, rank))

    def sum(self) -> Tensor:
        """W + alpha / rank B A, in full precision."""
        with torch.autocast(self.weight.device.type, enabled=False):
            return _sum(self.weight, self.lora_A, self.lora_B, self.scale)


class _AdaptedLinear(_Adapted):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.sum(), self.bias)


class _AdaptedConvolution(_Adapted):
    def __init__(self, layer: nn.Conv2d, rank: int, scale: float, generator: torch.Generator) -> None:
        super().__init__(layer, rank, scale, generator)
        self.stride, self.padding = layer.stride, layer.padding

    def forward(self, x: Tensor) -> Tensor:
        return torch.conv2d(x, self.sum(), self.bias, self.stride, self.padding)


class _AdaptedClasses(nn.Module):
    """The vectors of the classes that were known, which do not learn, and those of new ones, which begin as that of 'no
    class' and do."""

    weight: Tensor

    def __init__(self, layer: nn.Embedding, new: int) -> None:
        super().__init__()
        self.register_buffer("weight", layer.weight.detach(), persistent=False)
        self.added = nn.Parameter(layer.weight.detach()[:1].repeat(new, 1))

    def forward(self, classes: Tensor) -> Tensor:
        return F.embedding(classes, torch.cat((self.weight, self.added)))


def adapted(
    network: nn.Module, rank: int, alpha: float, *, seed: int, new_classes: int = 0, targets: Collection[str] = ()
) -> nn.Module:
    """A copy of a network in which an adapter alone is learned: it answers as the network does, to the bit.

    Its parameters and its state dict are the adapter's. new_classes: how many it will know besides; targets: the layers
    to adapt, by the last part of their names, or ``HIDDEN`` where none are given. Raises ValueError for a target that
    no linear layer or convolution of the network has as its name.
    """
    network = copy.deepcopy(network)
    layers = list(_layers(network, targets or HIDDEN))
    if missing := sorted(set(targets) - {name.rpartition(".")[2] for name, _ in layers}):
        raise ValueError(f"no layer of the network that can be adapted is called '{missing[0]}'")
    for name, layer in layers:
        generator = keyed_generator("adapter", seed, name)
        if isinstance(layer, nn.Conv2d):
            _put(network, name, _AdaptedConvolution(layer, rank, alpha / rank, generator))
        else:
            _put(network, name, _AdaptedLinear(layer, rank, alpha / rank, generator))
    if new_classes:
        known = network.get_submodule(_CLASSES)
        assert isinstance(known, nn.Embedding)
        _put(network, _CLASSES, _AdaptedClasses(known, new_classes))
    _freeze(network)
    return network


def merged(weights: Mapping[str, Tensor], adapter: Mapping[str, Tensor], scale: float) -> dict[str, Tensor]:
    """A network's state dict with an adapter's added. scale: alpha / rank. Raises KeyError for an adapter of layers
    that the network does not have, and RuntimeError for one of other shapes."""
    whole = dict(weights)
    for name in (name.removesuffix(f".{_A}") for name in adapter if name.endswith(f".{_A}")):
        key = f"{name}.weight"
        whole[key] = _sum(weights[key], adapter[f"{name}.{_A}"], adapter[f"{name}.{_B}"], scale)
    if (added := adapter.get(f"{_CLASSES}.{_ADDED}")) is not None:
        whole[f"{_CLASSES}.weight"] = torch.cat((weights[f"{_CLASSES}.weight"], added))
    return whole


def adapter_shapes(
    shapes: Mapping[str, Sequence[int]], rank: int, targets: Collection[str], new_classes: int
) -> dict[str, tuple[int, ...]]:
    """The names and shapes in the state dict of `adapted`'s network. shapes: those of the network itself."""
    wanted: dict[str, tuple[int, ...]] = {}
    for key, shape in shapes.items():
        name, _, last = key.rpartition(".")
        if last != "weight" or len(shape) < 2 or name.rpartition(".")[2] not in (targets or HIDDEN):
            continue
        outputs, inputs = shape[0], torch.Size(shape[1:]).numel()
        least = min(rank, outputs, inputs)
        wanted |= {f"{name}.{_A}": (least, inputs), f"{name}.{_B}": (outputs, least)}
    if new_classes:
        wanted[f"{_CLASSES}.{_ADDED}"] = (new_classes, shapes[f"{_CLASSES}.weight"][1])
    return wanted


def layers_of(adapter: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The layers that an adapter is of, by the last part of their names."""
    return tuple(sorted({name.split(".")[-2] for name in adapter if name.endswith(f".{_A}")}))


def _sum(weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
    return weight + (scale * (b @ a)).view(weight.shape)


def _layers(network: nn.Module, targets: Collection[str]) -> Iterator[tuple[str, nn.Module]]:
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d) and name.rpartition(".")[2] in targets:
            yield name, layer


def _put(network: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, layer)


def _freeze(network: nn.Module) -> None:
    """What does not learn is no parameter any more, and not in the state dict."""
    for module in network.modules():
        if isinstance(module, _Adapted | _AdaptedClasses):
            continue
        for name, parameter in list(module.named_parameters(recurse=False)):
            delattr(module, name)
            module.register_buffer(name, parameter.detach(), persistent=False)
