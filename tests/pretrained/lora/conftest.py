"""Tiny pipelines of random weights, built once, and LoRA files for them."""

import importlib.util
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from sfumato.pretrained import extra

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


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
def tiny_pipelines() -> Iterator[ModuleType]:
    specification = importlib.util.spec_from_file_location("tiny_pipelines", BENCHMARKS / "tiny_pipelines.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    with extra.quiet():
        yield module


@pytest.fixture(scope="session")
def tiny(tiny_pipelines: ModuleType) -> Callable[[str], Tiny]:
    """(family) -> its tiny pipeline, the same one each time: leave it without LoRAs."""

    @cache
    def build(family: str) -> Tiny:
        return Tiny(family, tiny_pipelines.pipeline(family))

    return build


@pytest.fixture(scope="session")
def another(tiny_pipelines: ModuleType) -> Callable[[str], Tiny]:
    """(family) -> a fresh one of the same weights."""
    return lambda family: Tiny(family, tiny_pipelines.pipeline(family))
