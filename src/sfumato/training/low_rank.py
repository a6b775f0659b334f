"""What learns of a pre-trained model: LoRA layers, which may be there several times while all else is there once."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self

from torch import Tensor, nn
from torch.func import functional_call

from sfumato.diffusion import Condition, Denoiser
from sfumato.pretrained.bridge import Pretrained
from sfumato.pretrained.lora.trainable import ATTENTION, add_trainable_lora, remove_trainable_lora

_DOT = ":"  # in the names of parameters, where torch allows no dots


class Adapter(nn.Module):
    """The parameters of LoRA layers, by their names in the network of the base, with ':' for each dot."""

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        for name, parameter in parameters.items():
            self.register_parameter(name.replace(".", _DOT), parameter)

    def tensors(self) -> dict[str, Tensor]:
        """'<layer>.lora_A.weight' [rank, in, ...] and '<layer>.lora_B.weight' [out, rank, ...], float32, on the CPU."""
        return {
            name.replace(_DOT, "."): parameter.detach().float().cpu() for name, parameter in self.named_parameters()
        }


class AdaptedDenoiser(Denoiser):
    """D(x, sigma, condition) of a base with LoRA layers, of which these alone are parameters, state and copies.

    So an average of the weights, a checkpoint and an optimiser hold the layers, and the base is in memory once.
    """

    def __init__(self, base: Pretrained, adapter: Adapter, own: Mapping[str, str]) -> None:
        """own: for each parameter of the adapter its name in the base's denoiser."""
        super().__init__(adapter, base.denoiser.preconditioning)
        self.__dict__["base"], self.own = base, dict(own)  # the base is no submodule: it does not learn

    @classmethod
    def fresh(cls, base: Pretrained, rank: int, alpha: float, targets: Sequence[str], seed: int) -> Self:
        """New layers in a base, in place of those that it bears; they change nothing yet. targets: the layers that are
        adapted, by the ends of their names, () for those of attention. Raises SfumatoError as `add_trainable_lora`."""
        remove_trainable_lora(base.network)
        parameters = add_trainable_lora(base.network, rank, alpha, targets or ATTENTION, seed)
        names = {id(parameter): name for name, parameter in base.denoiser.named_parameters()}
        own = {name.replace(".", _DOT): names[id(parameter)] for name, parameter in parameters.items()}
        return cls(base, Adapter(parameters), own)

    def __deepcopy__(self, memo: dict[int, Any]) -> AdaptedDenoiser:
        adapter = copy.deepcopy(self.network, memo)
        assert isinstance(adapter, Adapter)
        return AdaptedDenoiser(self.base, adapter, self.own)

    @property
    def base(self) -> Pretrained:
        base: Pretrained = self.__dict__["base"]
        return base

    def forward(self, x: Tensor, sigma: Tensor | float, condition: Condition | None = None) -> Tensor:
        parameters: dict[str, Tensor] = {self.own[name]: each for name, each in self.network.named_parameters()}
        denoised: Tensor = functional_call(self.base.denoiser, parameters, (x, sigma, condition))
        return denoised
