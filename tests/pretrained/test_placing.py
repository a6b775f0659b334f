"""A plan carried out on tiny pipelines: the same works, with less in memory."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sfumato.errors import SfumatoError
from sfumato.pretrained import placing
from sfumato.pretrained.bridge import Pretrained, bridged
from sfumato.pretrained.memory import MemoryPlan
from sfumato.pretrained.model_index import Component
from sfumato.pretrained.opening import open_pipeline
from sfumato.pretrained.placing import decode_large_in_tiles, part_arguments, place, quantise

CPU = torch.device("cpu")
TILED = 0.3  # of the pictures' deviation: the tiny VAE's cells all see one another, and random weights smooth nothing
ENCODERS = ("text_encoder", "text_encoder_2")


def planned(**changes: Any) -> MemoryPlan:
    settings: dict[str, Any] = {"device": "cpu", "turns": "all", "dtype": "float32", "storage": "float32", "tile": 0}
    return MemoryPlan(**settings | {"peak_bytes": 1, "memory_bytes": 1} | changes)


Fresh = Callable[[str], Any]


@pytest.fixture(scope="module")
def fresh(pretrained_folder: Callable[[str], Path]) -> Fresh:
    """(family) -> its tiny pipeline, read anew."""
    return lambda family: open_pipeline(pretrained_folder(family)).pipeline


@pytest.fixture(scope="module")
def sdxl(pretrained_folder: Callable[[str], Path]) -> Path:
    return pretrained_folder("sdxl")


def estimate(model: Pretrained, prompt: str = "a wave") -> Tensor:
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model.denoiser(x, 2.0, model.encoder.condition(prompt))


def size(part: nn.Module) -> int:
    """Bytes in memory, without the single numbers that stand for what left."""
    stored = (each.untyped_storage().nbytes() for each in part.parameters())
    return sum(count for count in stored if count > 4)


@pytest.fixture(scope="module")
def expected(fresh: Fresh) -> Tensor:
    return estimate(bridged(fresh("sdxl")))


@pytest.mark.parametrize("turns", ["encoders", "parts"])
def test_parts_take_turns_and_the_estimate_is_the_same_to_the_bit(turns: str, sdxl: Path, expected: Tensor) -> None:
    opened = open_pipeline(sdxl)
    pipe = opened.pipeline
    place(pipe, planned(turns=turns), CPU, opened.reload)
    model = bridged(pipe)
    assert torch.equal(estimate(model), expected)
    assert [size(getattr(pipe, name)) for name in ENCODERS] == [0, 0]
    model.encoder.condition("another")  # the encoders come once more, and the network leaves
    assert size(pipe.unet) == 0
    assert (size(pipe.text_encoder) > 0) == (turns == "encoders")
    assert torch.equal(estimate(model), expected)


def test_a_network_waits_without_weights_until_prompts_are_read(sdxl: Path, expected: Tensor) -> None:
    plan = planned(turns="encoders")
    opened = open_pipeline(sdxl, planned=lambda *_: plan)
    pipe = opened.pipeline
    assert all(each.is_meta for each in pipe.unet.parameters())
    place(pipe, plan, CPU, opened.reload)
    model = bridged(pipe)
    model.encoder.condition("a wave")
    assert size(pipe.unet) == 0
    assert torch.equal(estimate(model), expected)


def test_without_files_to_read_from_nothing_leaves(expected: Tensor, fresh: Fresh) -> None:
    pipe = fresh("sdxl")
    place(pipe, planned(turns="encoders"), CPU)
    assert torch.equal(estimate(bridged(pipe)), expected)
    assert all(size(getattr(pipe, name)) > 0 for name in ENCODERS)


def test_tiles_change_a_picture_a_little_and_slices_not_at_all(fresh: Fresh) -> None:
    """Measured with random weights, whose normalisation differs between tiles more than that of trained ones."""
    whole, tiled = fresh("sd15"), fresh("sd15")
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
    pipe = open_pipeline(sdxl, planned=lambda *_: plan).pipeline
    assert (pipe.unet.dtype, pipe.text_encoder.dtype, pipe.vae.dtype) == (torch.bfloat16, torch.bfloat16, torch.float32)
    place(pipe, plan, CPU)
    found = estimate(bridged(pipe))
    error = ((found - expected).norm() / expected.norm()).item()
    assert 0 < error < 0.02


def test_int8_is_near_to_what_it_was_made_from(sdxl: Path, expected: Tensor) -> None:
    pytest.importorskip("torchao")
    plan = planned(storage="int8", turns="encoders")
    opened = open_pipeline(sdxl, planned=lambda *_: plan)
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
    monkeypatch: pytest.MonkeyPatch, expected: Tensor, fresh: Fresh
) -> None:
    """On the CPU, with diffusers' own hooks and no stream, which only a GPU has."""
    from diffusers.hooks import group_offloading

    real, asked = group_offloading.apply_group_offloading, []

    def without_stream(part: nn.Module, **options: Any) -> None:
        asked.append(options["use_stream"])
        real(part, **options | {"use_stream": False})

    monkeypatch.setattr(group_offloading, "apply_group_offloading", without_stream)
    pipe = fresh("sdxl")
    place(pipe, planned(device="cuda", turns="layers"), CPU)
    assert asked == [True, True, True]
    assert torch.equal(estimate(bridged(pipe)), expected)


def test_a_vae_for_video_is_given_its_tiles_in_its_own_words() -> None:
    asked: list[tuple[int, ...]] = []
    vae = SimpleNamespace(enable_slicing=lambda: None, enable_tiling=lambda *sides: asked.append(sides))
    placing._decode_in_parts(vae, 256)
    assert asked == [(256, 256, 192, 192)]


def test_pictures_far_larger_than_a_models_own_are_decoded_in_tiles_and_no_others(fresh: Fresh) -> None:
    vae = fresh("sd15").vae
    latents = torch.randn(1, 4, 8, 12, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = vae.decode(latents).sample
        decode_large_in_tiles(vae, 512)
        assert (vae.use_tiling, vae.tile_sample_min_size) == (True, 1024)
        assert torch.equal(vae.decode(latents).sample, whole)
