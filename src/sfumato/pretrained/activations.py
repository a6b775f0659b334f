"""What a network and a VAE need beside their weights while they compute, from their configurations alone.

U-Nets and VAEs are run once on torch's meta device, where tensors have shapes and no memory, and the bytes of all that
are alive at once are counted. Of a transformer's block everything grows with tokens and width, so that a multiple of
their product says it. Attention keeps no matrix of tokens by tokens, as torch computes it (Dao et al. 2022,
arXiv:2205.14135).
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from sfumato.errors import SfumatoError
from sfumato.pretrained.extra import quiet
from sfumato.pretrained.sizes import meta_module

TEXT_TOKENS: Final = 512  # as many as any family's encoder gives a transformer
# Tensors of tokens x width that are alive at once in a block: the most of six classes of diffusers' own, counted on the
# meta device at 4,096 tokens (SD3 12.5, Qwen-Image 14.3, Z-Image 15.9, Chroma 16.5, FLUX.1 17.3, FLUX.2 21.8).
TRANSFORMER_TENSORS: Final = 22


@lru_cache(maxsize=64)
def denoising_bytes(network: nn.Module, shape: tuple[int, ...]) -> int:
    """Of one evaluation of a network in float32, without its weights; half as many in bfloat16.

    network: on the meta device; shape: of the latents, [N, channels, h, w] in cells of the VAE.
    """
    config: Any = network.config
    if hasattr(config, "block_out_channels"):
        return _traced(_shallow(network), _evaluate(shape))
    # All families put 2 x 2 cells into a token.
    tokens = math.ceil(shape[-2] / 2) * math.ceil(shape[-1] / 2) + TEXT_TOKENS
    return shape[0] * tokens * _width_of(config) * TRANSFORMER_TENSORS * 4


def reading_bytes(encoder: nn.Module) -> int:
    """Of a text encoder that reads a prompt, in float32, without its weights."""
    return TEXT_TOKENS * int(getattr(encoder.config, "hidden_size", 0)) * TRANSFORMER_TENSORS * 4


@lru_cache(maxsize=64)
def decoding_bytes(vae: nn.Module, shape: tuple[int, ...]) -> int:
    """Of decoding latents [N, channels, h, w] with a VAE on the meta device, in float32, without its weights."""

    def decode(module: Any) -> Any:
        latents = torch.empty(*shape, device="meta")
        # A VAE that was made for video takes a single frame.
        return module.decode(latents[:, :, None] if hasattr(module.config, "temperal_downsample") else latents)

    return _traced(vae, decode)


def _width_of(config: Any) -> int:
    if hasattr(config, "dim"):
        return int(config.dim)
    return int(config.num_attention_heads * config.attention_head_dim)


def _shallow(unet: nn.Module) -> nn.Module:
    """A U-Net with one attention block wherever it has several, one after another: what is alive at once is the same,
    and it is built and run in a fraction of the time."""
    config: Any = unet.config
    return meta_module(type(unet), {**config, "transformer_layers_per_block": 1})


def _evaluate(shape: Sequence[int]) -> Callable[[Any], Any]:
    def evaluate(unet: Any) -> Any:
        config, pictures = unet.config, shape[0]
        tokens = torch.empty(pictures, 77, config.cross_attention_dim, device="meta")
        more: dict[str, Tensor] = {}
        if config.addition_embed_type == "text_time":
            told = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
            more = {
                "text_embeds": torch.empty(pictures, told, device="meta"),
                "time_ids": torch.empty(pictures, 6, device="meta"),
            }
        return unet(torch.empty(*shape, device="meta"), torch.tensor(1.0), tokens, added_cond_kwargs=more or None)

    return evaluate


def _traced(module: nn.Module, call: Callable[[nn.Module], Any]) -> int:
    """Bytes of all tensors, its weights aside, that are alive at once while a module in float32 does something."""
    alive = _Alive(module)
    try:
        with quiet(), torch.no_grad(), _FusedAttention(), alive:
            call(module)
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise SfumatoError(
            f"{type(module).__name__}: what it needs cannot be reckoned ({error}); its configuration is damaged or of "
            "another version: get the model again"
        ) from error
    return alive.most


class _FusedAttention(TorchFunctionMode):
    """Attention as the devices compute it: nothing but its result. On the meta device torch would make the matrix."""

    def __torch_function__(
        self, function: Any, types: Any, arguments: Sequence[Any] = (), named: Mapping[str, Any] | None = None
    ) -> Any:
        if function is nn.functional.scaled_dot_product_attention:
            names = dict(zip(("query", "key", "value"), arguments, strict=False)) | dict(named or {})
            return names["query"].new_empty(*names["query"].shape[:-1], names["value"].shape[-1])
        return function(*arguments, **(named or {}))


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of tensors from when an operator makes them until nothing holds them any more."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        weights = (*module.parameters(), *module.buffers())
        self.sizes = {each.untyped_storage()._cdata: 0 for each in weights}

    def __torch_dispatch__(
        self, function: Any, types: Any, arguments: Sequence[Any] = (), named: Mapping[str, Any] | None = None
    ) -> Any:
        made = function(*arguments, **(named or {}))
        for each in tree_leaves(made):
            if isinstance(each, Tensor):
                self._count(each.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.sizes:  # a view
            return
        self.sizes[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self.sizes.pop(key, 0)
