"""Tiny pipelines of random weights, built once, and LoRA files for them."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from sfumato.pretrained import extra
from sfumato.pretrained.lora.trainable import (
    add_trainable_lora,
    load_lora_tensors,
    lora_tensors,
    remove_trainable_lora,
)


def _inputs(family: str) -> dict[str, Any]:
    """What the network of a tiny pipeline is asked: noise, a time, a text, and what else it takes."""
    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    if family in ("sd15", "sd21", "sdxl"):
        text = noise(1, 5, 64 if family == "sdxl" else 32)
        added = {"text_embeds": noise(1, 32), "time_ids": torch.ones(1, 6)} if family == "sdxl" else None
        return {"sample": noise(1, 4, 8, 8), "timestep": 5, "encoder_hidden_states": text, "added_cond_kwargs": added}
    if family == "z_image":
        return {"x": [noise(4, 1, 8, 8)], "t": torch.tensor([0.5]), "cap_feats": [noise(5, 16)]}
    if family == "flux2_klein":
        return {
            "hidden_states": noise(1, 16, 16),
            "encoder_hidden_states": noise(1, 5, 48),
            "timestep": torch.tensor([0.5]),
            "img_ids": torch.zeros(16, 4),
            "txt_ids": torch.zeros(5, 4),
        }
    return {
        "hidden_states": noise(1, 16, 16),
        "encoder_hidden_states": noise(1, 5, 32),
        "pooled_projections": noise(1, 32),
        "timestep": torch.tensor([0.5]),
        "guidance": torch.tensor([3.0]),
        "img_ids": torch.zeros(16, 3),
        "txt_ids": torch.zeros(5, 3),
    }


class Tiny:
    """A tiny pipeline of a family."""

    def __init__(self, family: str, pipeline: Any) -> None:
        self.family, self.pipeline = family, pipeline
        self.component = "unet" if hasattr(pipeline, "unet") else "transformer"
        self.network: torch.nn.Module = getattr(pipeline, self.component)
        for module in pipeline.components.values():
            if isinstance(module, torch.nn.Module):
                module.requires_grad_(False)

    @torch.no_grad()
    def answer(self) -> Tensor:
        """Of the network, always of the same question."""
        given: Any = self.network(**_inputs(self.family), return_dict=False)[0]
        return given[0] if isinstance(given, list) else given

    @torch.no_grad()
    def text(self, encoder: str = "text_encoder") -> Tensor:
        states: Tensor = getattr(self.pipeline, encoder)(torch.arange(2, 9)[None], output_hidden_states=True)[
            "hidden_states"
        ][-2]
        return states


@pytest.fixture(scope="session")
def another(tiny: ModuleType) -> Callable[[str], Tiny]:
    """(family) -> a fresh tiny pipeline of it, always of the same weights."""

    def build(family: str) -> Tiny:
        with extra.quiet():
            return Tiny(family, tiny.pipeline(family))

    return build


@pytest.fixture(scope="session")
def tiny_of(another: Callable[[str], Tiny]) -> Callable[[str], Tiny]:
    """(family) -> its tiny pipeline, the same one each time: leave it without LoRAs."""
    return cache(another)


def _random(module: torch.nn.Module, targets: tuple[str, ...], rank: int, alpha: float) -> dict[str, Tensor]:
    add_trainable_lora(module, rank, alpha, targets)
    tensors = lora_tensors(module)
    for index, (name, tensor) in enumerate(tensors.items()):
        if "lora_B" in name:
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=torch.Generator().manual_seed(index)))
    load_lora_tensors(module, tensors)
    return tensors


class Trained(NamedTuple):
    """A LoRA of random numbers of one family: its tensors by component, and what the pipeline answers with it."""

    tensors: dict[str, dict[str, Tensor]]
    answer: Tensor
    text: Tensor | None
    rank: int = 4
    alpha: float = 2.5


@pytest.fixture(scope="session")
def trained(tiny_of: Callable[[str], Tiny]) -> Callable[[str], Trained]:
    """(family) -> a LoRA of its network, and of the last text encoder where a LoRA can change that."""

    @cache
    def train(family: str) -> Trained:
        one, text = tiny_of(family), None
        able = [name for name in one.pipeline._lora_loadable_modules if name.startswith("text_encoder")]
        targets = ("to_q", "to_qkv_mlp_proj", "proj_in", "conv1")
        tensors = {one.component: _random(one.network, targets, 4, 2.5)}
        answer = one.answer()
        remove_trainable_lora(one.network)
        if able and family in ("sd15", "sdxl"):
            encoder = getattr(one.pipeline, able[-1])
            tensors[able[-1]] = _random(encoder, ("out_proj", "fc1"), 4, 2.5)
            text = one.text(able[-1])
            remove_trainable_lora(encoder)
        return Trained(tensors, answer, text)

    return train
