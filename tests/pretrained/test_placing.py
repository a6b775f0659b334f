"""A plan carried out on tiny pipelines: the same works, with less in memory."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import diffusers
import pytest
import torch
import transformers
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.pretrained import placing
from sfumato.pretrained.bridge import Pretrained, bridged
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import Component
from sfumato.pretrained.opening import open_pipeline
from sfumato.pretrained.placing import part_arguments, place, quantise, waiting_part

CPU = torch.device("cpu")
TILED = 0.3  # of the pictures' deviation: the tiny VAE's cells all see one another, and random weights smooth nothing
ENCODERS = ("text_encoder", "text_encoder_2")


def planned(**changes: Any) -> MemoryPlan:
    settings: dict[str, Any] = {"device": "cpu", "turns": "all", "dtype": "float32", "storage": "float32", "tile": 0}
    return MemoryPlan(**settings | {"peak_bytes": 1, "memory_bytes": 1} | changes)


@pytest.fixture(scope="module")
def sdxl(folder_of: Callable[[str], Path]) -> Path:
    return folder_of("sdxl")


def reader(folder: Path) -> Callable[[str], nn.Module]:
    made = diffusers.DiffusionPipeline.from_pretrained(folder)

    def reload(name: str) -> nn.Module:
        kind = type(getattr(made, name))
        return kind.from_pretrained(folder / name)  # type: ignore[attr-defined, no-any-return]

    return reload


def estimate(model: Pretrained, prompt: str = "a wave") -> Tensor:
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model.denoiser(x, 2.0, model.encoder.condition(prompt))


def size(part: nn.Module) -> int:
    return sum(each.numel() for each in part.parameters())


@pytest.fixture(scope="module")
def expected(tiny: ModuleType) -> Tensor:
    return estimate(bridged(tiny.pipeline("sdxl")))


@pytest.mark.parametrize("turns", ["encoders", "parts"])
def test_parts_take_turns_and_the_estimate_is_the_same_to_the_bit(turns: str, sdxl: Path, expected: Tensor) -> None:
    pipe = diffusers.DiffusionPipeline.from_pretrained(sdxl)
    place(pipe, planned(turns=turns), CPU, reader(sdxl))
    model = bridged(pipe)
    assert torch.equal(estimate(model), expected)
    assert [size(getattr(pipe, name)) for name in ENCODERS] == [0, 0]
    condition = model.encoder.condition("another")  # the encoders come once more, and the network leaves
    assert size(pipe.unet) == 0
    assert (size(pipe.text_encoder) > 0) == (turns == "encoders")
    assert not torch.equal(next(iter(condition.given.values())), torch.zeros(()))
    assert torch.equal(estimate(model), expected)


def test_a_network_waits_without_weights_until_prompts_are_read(sdxl: Path, expected: Tensor, tiny: ModuleType) -> None:
    plan = planned(turns="encoders")
    config = dict(tiny.pipeline("sdxl").unet.config)
    waiting = waiting_part(diffusers.UNet2DConditionModel, config, plan)
    assert plan.waits("network")
    pipe = diffusers.DiffusionPipeline.from_pretrained(sdxl, unet=waiting)
    place(pipe, plan, CPU, reader(sdxl))
    model = bridged(pipe)
    model.encoder.condition("a wave")
    assert size(pipe.unet) == 0
    assert torch.equal(estimate(model), expected)


def test_without_files_to_read_from_nothing_leaves(expected: Tensor, tiny: ModuleType) -> None:
    pipe = tiny.pipeline("sdxl")
    place(pipe, planned(turns="encoders"), CPU)
    assert torch.equal(estimate(bridged(pipe)), expected)
    assert all(size(getattr(pipe, name)) > 0 for name in ENCODERS)


def test_tiles_change_a_picture_a_little_and_slices_not_at_all(tiny: ModuleType) -> None:
    """Measured with random weights, whose normalisation differs between tiles more than that of trained ones."""
    whole, tiled = tiny.pipeline("sd15"), tiny.pipeline("sd15")
    z = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    place(tiled, planned(tile=64), CPU)
    place(whole, planned(), CPU)
    with torch.no_grad():
        one, other = (bridged(each).codec.decode(z) for each in (whole, tiled))
        alone = bridged(whole).codec.decode(z[:1])
    assert torch.equal(one[:1], alone)
    assert not torch.equal(one, other)
    assert (one - other).square().mean().sqrt() / one.std() < TILED
    with torch.no_grad():
        small = z[..., :8, :8]
        assert torch.equal(bridged(whole).codec.decode(small), bridged(tiled).codec.decode(small))


def test_bfloat16_costs_less_than_two_hundredths(sdxl: Path, expected: Tensor) -> None:
    plan = planned(dtype="bfloat16", storage="bfloat16")
    parts = {
        name: kind.from_pretrained(sdxl / name, **part_arguments(plan, Component(name, library, kind.__name__)))
        for name, library, kind in (
            ("unet", "diffusers", diffusers.UNet2DConditionModel),
            ("vae", "diffusers", diffusers.AutoencoderKL),
            ("text_encoder", "transformers", transformers.CLIPTextModel),
            ("text_encoder_2", "transformers", transformers.CLIPTextModelWithProjection),
        )
    }
    assert (parts["unet"].dtype, parts["vae"].dtype) == (torch.bfloat16, torch.float32)
    pipe = diffusers.DiffusionPipeline.from_pretrained(sdxl, **parts)
    place(pipe, plan, CPU)
    found = estimate(bridged(pipe))
    error = ((found - expected).norm() / expected.norm()).item()
    assert 0 < error < 0.02


def test_int8_is_near_to_what_it_was_made_from(sdxl: Path, expected: Tensor) -> None:
    pytest.importorskip("torchao")
    plan = planned(storage="int8", turns="encoders")
    opened = open_pipeline(sdxl, planned=lambda *_: plan)
    assert all(each.is_meta for each in opened.pipeline.unet.parameters())
    assert any("torchao" in type(each).__module__ for each in opened.pipeline.text_encoder.parameters())
    place(opened.pipeline, plan, CPU, opened.reload)
    model = bridged(opened.pipeline)
    for _ in range(2):  # as it is at first, and once more from the files
        found = estimate(model)
        assert 0 < (found - expected).norm() / expected.norm() < 0.02


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("torchao", "torchao.quantization", "bitsandbytes"):
        monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SfumatoError, match="needs torchao, which is not installed"):
        quantise(nn.Linear(2, 2))
    with pytest.raises(SfumatoError, match="needs torchao"):
        part_arguments(planned(storage="int8"), Component("unet", "diffusers", "UNet2DConditionModel"))
    plan = planned(device="cuda", dtype="bfloat16", storage="4-bit")
    with pytest.raises(SfumatoError, match="needs bitsandbytes"):
        part_arguments(plan, Component("transformer", "diffusers", "FluxTransformer2DModel"))
    assert "quantization_config" not in part_arguments(plan, Component("vae", "diffusers", "AutoencoderKL"))


def test_layers_are_brought_one_after_another_and_the_estimate_is_the_same(
    monkeypatch: pytest.MonkeyPatch, expected: Tensor, tiny: ModuleType
) -> None:
    """On the CPU, with diffusers' own hooks and no stream, which only a GPU has."""
    from diffusers.hooks import group_offloading

    real, asked = group_offloading.apply_group_offloading, []

    def without_stream(part: nn.Module, **options: Any) -> None:
        asked.append(options["use_stream"])
        real(part, **options | {"use_stream": False})

    monkeypatch.setattr(group_offloading, "apply_group_offloading", without_stream)
    pipe = tiny.pipeline("sdxl")
    place(pipe, planned(device="cuda", turns="layers"), CPU)
    assert asked == [True, True, True]
    assert torch.equal(estimate(bridged(pipe)), expected)


def test_a_vae_for_video_is_given_its_tiles_in_its_own_words() -> None:
    asked: list[tuple[int, ...]] = []
    vae = SimpleNamespace(enable_slicing=lambda: None, enable_tiling=lambda *sides: asked.append(sides))
    placing._decode_in_parts(vae, 256)
    assert asked == [(256, 256, 192, 192)]
