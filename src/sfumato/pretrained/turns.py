"""Parts of a pipeline that share the memory in turns: before one computes, those that it shares with leave.

It happens by itself, as each part sees to it just before its own forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, wraps
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

Reload = Callable[[str], nn.Module]
"""The name of a part ('text_encoder') -> the same part, read from its files once more."""


class Guest(Protocol):
    """A part that comes into the device's memory, and leaves it; both do nothing where that is so already."""

    module: nn.Module

    def come(self) -> None: ...

    def leave(self) -> None: ...


class OnDevice:
    """A part that waits in the computer's memory while it is not on the GPU."""

    def __init__(self, module: nn.Module, device: torch.device) -> None:
        self.module, self.device = module, device

    def come(self) -> None:
        self.module.to(self.device)

    def leave(self) -> None:
        self.module.to("cpu")


class FromFiles:
    """A part on the CPU, whose weights are let go, and read from their files when it is needed once more.

    Only what was read leaves: layers of a LoRA, and weights that were changed since, are kept. One that was built
    without weights (`sizes.meta_module`) has left already.
    """

    def __init__(self, name: str, module: nn.Module, reload: Reload) -> None:
        self.name, self.module, self.reload = name, module, reload
        # By their paths in the module as it is in the files.
        self.gone: set[str] = set()
        self.read = {path: _version(tensor) for path, _, _, tensor in _tensors(module)}
        for path, owner, key, tensor in list(_tensors(module)):
            if tensor.is_meta:
                self._let_go(path, owner, key, tensor)

    def come(self) -> None:
        if not self.gone:
            return
        fresh = {path: tensor for path, _, _, tensor in _tensors(self.reload(self.name))}
        for path, owner, key, tensor in list(_tensors(self.module)):
            if path in self.gone:
                _put(owner, key, fresh[path], like=tensor)
        self.read |= {path: _version(tensor) for path, _, _, tensor in _tensors(self.module) if path in self.gone}
        self.gone.clear()

    def leave(self) -> None:
        for path, owner, key, tensor in list(_tensors(self.module)):
            if isinstance(tensor, nn.Parameter) and self.read.get(path) == _version(tensor):
                self._let_go(path, owner, key, tensor)

    def _let_go(self, path: str, owner: nn.Module, key: str, tensor: Tensor) -> None:
        # In its place stands a single number in the same shape, as parts are asked for device, type and shapes.
        _put(owner, key, torch.zeros((), dtype=tensor.dtype).expand(tensor.shape), like=tensor)
        del self.read[path]
        self.gone.add(path)


def _tensors(module: nn.Module) -> Iterator[tuple[str, nn.Module, str, Tensor]]:
    """Each parameter and buffer: its path, of which peft makes '.base_layer' where it adds layers, and where it is."""
    for name, owner in module.named_modules(remove_duplicate=False):
        for held in (owner._parameters, owner._buffers):
            for key, tensor in held.items():
                if tensor is not None:
                    yield f"{name}.{key}".replace(".base_layer.", ".").lstrip("."), owner, key, tensor


def _version(tensor: Tensor) -> tuple[int, int]:
    """Another after each change in place, and for another tensor."""
    return id(tensor), tensor._version


def _put(owner: nn.Module, key: str, value: Tensor, like: Tensor) -> None:
    if isinstance(like, nn.Parameter):
        kept = value if isinstance(value, nn.Parameter) else nn.Parameter(value, requires_grad=False)
        kept.requires_grad = like.requires_grad
        owner._parameters[key] = kept
    else:
        owner._buffers[key] = value


def take_turns(groups: Sequence[Sequence[Guest]]) -> None:
    """From now on only one of the groups is there at a time: that which computes.

    Their modules' ``forward`` is wrapped, as accelerate does it too: whoever puts a stand-in in its place, to see what
    a pipeline asks of a network, wakes nobody.
    """
    for group in groups:
        others = [guest for other in groups if other is not group for guest in other]
        for guest in group:
            guest.module.forward = _in_turn(guest.module, group, others)


def _in_turn(module: nn.Module, group: Sequence[Guest], others: Sequence[Guest]) -> Callable[..., Any]:
    compute = module.forward

    @wraps(compute)
    def forward(*arguments: Any, **named: Any) -> Any:
        for guest in others:
            guest.leave()
        for guest in group:
            guest.come()
        device = next((each.device for each in module.parameters()), torch.device("cpu"))
        move = partial(tree_map, lambda value: value.to(device) if isinstance(value, Tensor) else value)
        return compute(*move(arguments), **move(named))

    return forward
